"""The filters of templates: five of ours, and those of Jinja2 that make no more than they are given.

A filter sees and returns plain text; what it returns is escaped when it is printed, like all else.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import BuiltinMethodType, MethodType
from typing import Any, cast
from urllib.parse import quote

from jinja2 import Environment, Undefined, pass_context, pass_environment
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, do_sum, make_attrgetter
from jinja2.runtime import Context, LoopContext
from jinja2.tests import TESTS
from markupsafe import Markup

from router.core.text.clip import clip_bytes
from router.core.text.run import MOST_MADE, RUN, TooMuchError, weight, whole_weight
from router.core.text.values import Link
from router.core.times import local, parsed, span

_SECOND = 1_000_000

#: Of Jinja2, as they are.
_KEPT = """
    abs capitalize count d default dictsort first float int items last length list lower map max min reject
    rejectattr reverse select selectattr sort string title trim truncate unique upper
"""
#: These say something of a missing value; the others leave it missing.
_ASK_WHETHER = frozenset({"d", "default", "length", "count", "list"})

#: These make one text of a value, whatever is inside it.
_OF_TEXT = frozenset(
    {"capitalize", "join", "lower", "replace", "string", "title", "trim", "truncate", "truncate_bytes"}
    | {"upper"}
)
#: These may look for an attribute of each of their values, through as many names as their argument joins.
_OF_EACH = frozenset({"join", "map", "max", "min", "rejectattr", "selectattr", "sort", "sum", "unique"})

_BUCKET = re.compile(r"oss://([a-z0-9][a-z0-9-]{1,61}[a-z0-9])/([^\x00-\x1f\x7f\\]+)")
#: What may be asked with ``is``.
_TESTS = """
    boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer iterable le lessthan
    lower lt mapping ne none number odd sequence string true undefined upper
"""
_MOST_DIGITS = 15
_REGION = re.compile(r"[a-z]{2}-[a-z0-9-]{2,40}")


# times


def ago(value: Any) -> Any:
    """``3 min ago``: from a time to now."""
    return _timed("ago", value, _since)


def _since(time: int) -> str:
    run = RUN.get()
    seconds = (run.now - time) / _SECOND
    return run.ago[seconds < 0].format(span=span(abs(seconds), run.units))


def in_zone(value: Any, zone: str = "") -> Any:
    """``2016-11-01 23:45:02 +08:00``: a time in a zone, by default in the configured one."""

    def there(time: int) -> str:
        return local(time, zone or RUN.get().timezone)

    return _timed("local", value, there)


def duration(value: Any, end: Any = None) -> Any:
    """``2 h 5 min``: of seconds, or from a time to another."""
    if end is not None:
        until = parsed(end)
        if until is None:
            return _odd("duration", end, "a time")
        return _timed("duration", value, lambda start: span((until - start) / _SECOND, RUN.get().units))
    try:
        seconds = float(value)
        return span(seconds, RUN.get().units) if 0 <= seconds < 1e12 else _odd("duration", value, "seconds")
    except (TypeError, ValueError):
        return _odd("duration", value, "seconds")


def _timed(name: str, value: Any, said: Callable[[int], str]) -> Any:
    if value is None or value == "":
        return ""
    time = parsed(value)
    return _odd(name, value, "a time") if time is None else said(time)


def _odd(name: str, value: Any, wanted: str) -> Any:
    """A value that a filter cannot read stays as it came, and the fault is on record."""
    if value is None or value == "":
        return ""
    RUN.get().fault(f"{name}: {str(value)[:60]!r} is not {wanted}")
    return value


# texts


def truncate_bytes(value: Any, most: int) -> str:
    """At most so many bytes in UTF-8, whole characters, ``…`` at the end of a text that was longer."""
    return clip_bytes(str(value), max(0, most))


def oss_url(value: Any, region: str = "") -> Any:
    """With a region the object's folder in the OSS console; without one the path as ``ossutil`` takes it.

    Only of ``oss://bucket/key``: another value is no link and stays as it came.
    """
    if value is None or value == "":
        return ""
    found = _BUCKET.fullmatch(str(value))
    if found is None or ".." in found[2].split("/"):
        return _odd("oss_url", value, "a path of OSS")
    if not region:
        return found[0]
    if _REGION.fullmatch(region) is None:
        return _odd("oss_url", region, "a region")
    folder = found[2].rpartition("/")[0]
    path = quote(f"{folder}/" if folder else "", safe="/").replace("_", "%5F").replace("~", "%7E")
    return Link(f"https://oss.console.aliyun.com/bucket/oss-{region}/{found[1]}/object?path={path}")


@pass_environment
def join(
    environment: Environment, values: Iterable[Any], between: str = "", attribute: str | int | None = None
) -> str:
    """As Jinja2's, of plain texts."""
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    texts = ["" if value is None else str(plain(value)) for value in values]
    if sum(map(len, texts)) + len(texts) * len(between) > MOST_MADE:
        raise TooMuchError("a text inside it is too long")
    return between.join(texts)


def replace(text: Any, old: str, new: str) -> str:
    """As Jinja2's."""
    old, new, text = str(old), str(new), str(text)
    if not old:
        return text
    if len(text) + text.count(old) * len(new) > MOST_MADE:
        raise TooMuchError("a text inside it is too long")
    return text.replace(old, new)


# numbers


@pass_environment
def total(environment: Environment, values: Iterable[Any], attribute: str | int | None = None) -> Any:
    """As Jinja2's ``sum``, of numbers."""
    return do_sum(environment, values, attribute)


def rounded(value: Any, precision: int = 0) -> float:
    """As Jinja2's ``round``, to the nearest."""
    return round(float(value), max(-_MOST_DIGITS, min(precision, _MOST_DIGITS)))


# all of them


def counted(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
    """The filter with its work counted, on plain values; a missing value stays missing."""
    wanted = getattr(inner, "jinja_pass_arg", None)
    asks = name in _ASK_WHETHER
    measure = whole_weight if name in _OF_TEXT else weight

    @pass_context
    def call(context: Context, value: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(value, Undefined) and not asks:
            return value
        names = _joined_names(*arguments, *named.values()) if name in _OF_EACH else 1
        RUN.get().spend(measure(value) * names + sum(map(weight, arguments)))
        given = (plain(value), *map(plain, arguments))
        if wanted is not None:
            given = (_LEADING[wanted.name](context), *given)
        made = inner(*given, **{key: plain(each) for key, each in named.items()})
        return list(cast("Iterator[Any]", made)) if isinstance(made, Iterator) else made

    return call


def _joined_names(*arguments: Any) -> int:
    """How many names the longest attribute has that is asked for: ``key.0``, ``severity,rule``."""
    return max((1 + one.count(".") + one.count(",") for one in arguments if isinstance(one, str)), default=1)


_LEADING: dict[str, Callable[[Context], Any]] = {
    "context": lambda context: context,
    "eval_context": lambda context: context.eval_ctx,
    "environment": lambda context: context.environment,
}


def plain(value: Any) -> Any:
    """Escaped text as plain text, so that what is made of it is escaped again; refuses what is no value."""
    if isinstance(value, Markup):
        return str.__str__(value)
    if isinstance(value, MethodType | BuiltinMethodType | LoopContext):
        raise SecurityError("a method or a loop is no value")
    return value


def flat(value: Any) -> Any:
    """What a list in a template may hold: with lists in lists a short template makes an endless one."""
    if isinstance(value, Mapping | list | tuple):
        raise TooMuchError("a list that a template makes holds plain values")
    return plain(value)


def bounded(value: Any, each: int) -> Any:
    """What a loop goes over, or what is compared: its rounds are counted before the first.

    Args:
        each: steps of one round.
    """
    RUN.get().spend(weight(value) * each)
    return value


def all_filters() -> Mapping[str, Callable[..., Any]]:
    """Every filter of templates, by name."""
    ours: dict[str, Callable[..., Any]] = {
        "ago": ago,
        "duration": duration,
        "local": in_zone,
        "truncate_bytes": truncate_bytes,
        "oss_url": oss_url,
        "join": join,
        "replace": replace,
        "sum": total,
        "round": rounded,
    }
    kept = {name: FILTERS[name] for name in _KEPT.split()}
    return {name: counted(name, inner) for name, inner in {**kept, **ours}.items()}


def all_tests() -> Mapping[str, Callable[..., bool]]:
    """Every test of templates, by name."""

    def counted_test(inner: Callable[..., bool]) -> Callable[..., bool]:
        def ask(value: Any, *arguments: Any) -> bool:
            RUN.get().spend(sum(map(weight, (value, *arguments))))
            return inner(value, *arguments)

        return ask

    return {name: counted_test(TESTS[name]) for name in _TESTS.split()}
