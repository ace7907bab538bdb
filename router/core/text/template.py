"""Users' templates: Jinja2 in its sandbox, with bounds that the sandbox does not have.

Every value is escaped for the channel that the text goes to; template text is not.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from router.core.text.fit import cut
from router.core.text.times import at, local, parsed, span
from router.errors import RouterError

#: Characters of a template, and of what it renders.
MOST_SOURCE = 16_384
MOST_OUTPUT = 65_536
#: Loops inside one another, items of a list, characters of a value: together they bound the time.
MOST_NESTED = 2
MOST_ITEMS = 100
MOST_VALUE = 4_000
#: The longest text, and the largest number, that an operator may make.
MOST_MADE = 65_536
MOST_NUMBER = 10**15

_ESCAPE, _NOW = "__escape", "__now"


class _Sandbox(ImmutableSandboxedEnvironment):
    """Intercepts the operators that make much of little, which also stops folding at compile time."""

    intercepted_binops = frozenset(["*", "**", "%", "+", "//", "/", "-"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or (operator in ("*", "%") and not _are_small(left, right)):
            raise SecurityError(f"the operator {operator} is bounded in templates")
        if operator == "+" and _length(left) + _length(right) > MOST_MADE:
            raise SecurityError("a text in a template is too long")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        return False


def _are_small(left: Any, right: Any) -> bool:
    return all(isinstance(v, int | float) and abs(v) < MOST_NUMBER for v in (left, right))


def _length(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 0


#: Filters of Jinja2 that make no more than they are given.
_KEPT = [
    "abs",
    "capitalize",
    "count",
    "default",
    "d",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sort",
    "string",
    "sum",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
    "map",
    "dictsort",
    "items",
]


@lru_cache(maxsize=1)
def _environment() -> _Sandbox:
    environment = _Sandbox(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_finalize
    )
    environment.globals.clear()
    known: dict[str, Any] = environment.filters
    kept = {name: known[name] for name in _KEPT}
    known.clear()
    known |= kept | {
        "ago": _ago,
        "duration": _duration,
        "local": _local,
        "truncate_bytes": _truncate_bytes,
        "oss_url": _oss_url,
    }
    environment.optimized = False
    return environment


@pass_context
def _finalize(context: Context, value: Any) -> Any:
    """Every value that a template prints goes through the escape of its channel."""
    if value is None:
        return ""
    if isinstance(value, Undefined):
        return value
    return context[_ESCAPE](value.isoformat(" ", "seconds") if isinstance(value, datetime) else str(value))


@pass_context
def _ago(context: Context, value: Any) -> str:
    time = value if isinstance(value, datetime) else parsed(value)
    if time is None:
        raise SecurityError("ago takes a time")
    return span((at(context[_NOW]) - time).total_seconds())


def _duration(seconds: Any) -> str:
    return span(float(seconds))


def _local(value: Any, zone_name: str) -> str:
    time = value if isinstance(value, datetime) else parsed(value)
    if time is None:
        raise SecurityError("local takes a time")
    return local(time, zone_name)


def _truncate_bytes(text: Any, most: int) -> str:
    return cut(str(text), most, lambda shown: len(shown.encode("utf-8", "replace")), "…")


def _oss_url(path: Any) -> str:
    """``oss://bucket/key`` as the address of the bucket's object; anything else stays as it is."""
    text = str(path)
    bucket, _, key = text.removeprefix("oss://").partition("/")
    return f"https://{bucket}.oss.aliyuncs.com/{key}" if text.startswith("oss://") and key else text


class Template:
    """A compiled template.

    Raises:
        RouterError: ``template``: it does not compile, or uses what templates may not.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MOST_SOURCE:
            raise RouterError("template", f"a template has at most {MOST_SOURCE} characters")
        environment = _environment()
        try:
            parsed_text = environment.parse(text)
            _refuse(parsed_text)
            self._variables = frozenset(meta.find_undeclared_variables(parsed_text))
            self._compiled = environment.from_string(parsed_text)
        except TemplateSyntaxError as error:
            raise RouterError("template", f"line {error.lineno}: {error.message}") from error
        except (TemplateError, RecursionError, MemoryError) as error:
            raise RouterError("template", f"does not compile: {error}") from error
        self._tree = parsed_text

    def names(self) -> frozenset[str]:
        """The variables that it reads, those below another with dots: ``ExitCode``, ``group.count``."""
        dotted = {
            f"{node.node.name}.{node.attr}"
            for node in self._tree.find_all(nodes.Getattr)
            if isinstance(node.node, nodes.Name) and node.node.name in self._variables
        }
        return self._variables | dotted

    def render(self, values: Mapping[str, Any], now: int, escape: Callable[[str], str]) -> str:
        """The text, every value escaped.

        Raises:
            RouterError: ``template``: it failed, or made more than it may.
        """
        try:
            given = {name: _few(value) for name, value in values.items()} | {_ESCAPE: escape, _NOW: now}
            return self._bounded(self._compiled.generate(given))
        except RouterError:
            raise
        except Exception as error:
            raise RouterError("template", f"{type(error).__name__}: {str(error)[:200]}") from error

    def _bounded(self, parts: Iterator[str]) -> str:
        made: list[str] = []
        size = 0
        for part in parts:
            size += len(part)
            if size > MOST_OUTPUT:
                raise RouterError("template", f"it makes more than {MOST_OUTPUT} characters")
            made.append(part)
        return "".join(made)


_REFUSED = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Block,
    nodes.Call,
)


def _refuse(node: nodes.Node, nested: int = 0) -> None:
    """Refuses what templates of messages do not need and what could run away."""
    if isinstance(node, _REFUSED):
        raise RouterError(
            "template", f"line {node.lineno}: {type(node).__name__.lower()} is not used in templates"
        )
    if isinstance(node, nodes.For):
        nested += 1
        if node.recursive or nested > MOST_NESTED:
            raise RouterError("template", f"line {node.lineno}: loops nest at most {MOST_NESTED} deep")
    for child in node.iter_child_nodes():
        _refuse(child, nested)


def _few(value: Any, depth: int = 0) -> Any:
    """A value with its lists and texts cut to what a message can show."""
    if isinstance(value, str):
        return value if len(value) <= MOST_VALUE else value[:MOST_VALUE] + "…"
    if depth < 8 and isinstance(value, dict):
        items = list(cast("dict[str, Any]", value).items())[:MOST_ITEMS]
        return {key: _few(inner, depth + 1) for key, inner in items}
    if depth < 8 and isinstance(value, list):
        return [_few(inner, depth + 1) for inner in cast("list[Any]", value)[:MOST_ITEMS]]
    return value


@lru_cache(maxsize=4096)
def compile_template(text: str) -> Template:
    """A template, compiled once. Raises as :class:`Template`."""
    return Template(text)
