"""Label matchers to JMESPath over an alert: ``{status, labels, annotations, …, fingerprint}``.

The syntax and the meaning are those of https://prometheus.io/docs/alerting/latest/configuration/#matcher:
a label that is missing equals ``''``, and a regular expression must match the whole value.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from router.core.filter import Filter

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ONE = re.compile(rf"\s*({_QUOTED}|[^\s{{}}!=~,\"'`\\]+)\s*(=~|!~|!=|=)\s*({_QUOTED}|[^\"]*?)\s*", re.S)
_PARTS = re.compile(rf'(?:{_QUOTED}|[^,"])+', re.S)
_ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}


#: A filter that never holds.
NEVER = "`false`"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; ``operator`` is ``=``, ``!=``, ``=~`` or ``!~``."""

    label: str
    operator: str
    value: str

    def filter(self) -> str:
        """It as JMESPath, on one line."""
        label = labels(self.label)
        if self.operator in ("=", "!=") and self.value == "":
            return f"!({label})" if self.operator == "=" else label
        if self.operator in ("=", "!="):
            return f"{label} {'==' if self.operator == '=' else '!='} {text(self.value)}"
        negated = "!" if self.operator == "!~" else ""
        return f"{negated}matches({label} || '', {text(f'^(?:{self.value})$')})"

    def decides(self, other: "Matcher") -> bool | None:
        """Whether a label that meets it meets the other one, too; None where that is not plain."""
        if self == other:
            return True
        if self.label != other.label or self.operator != "=":
            return None
        return Filter(other.filter()).holds({"labels": {self.label: self.value}})


def parse(written: str) -> list[Matcher]:
    """``severity="critical"``, ``team=~"a|b"``, ``{a="b", c!="d"}``.

    Raises:
        ValueError: it is no matcher.
    """
    inner = written.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    parts = [part for part in _PARTS.findall(inner) if part.strip()]
    if not parts or ",".join(_PARTS.findall(inner)).replace(",", "") != inner.replace(",", ""):
        raise ValueError("no matcher")
    return [_one(part) for part in parts]


def _one(part: str) -> Matcher:
    found = _ONE.fullmatch(part)
    if found is None:
        raise ValueError("no matcher")
    return Matcher(_unquoted(found[1]), found[2], _unquoted(found[3]))


def _unquoted(word: str) -> str:
    """Only these escapes mean something; ``\\.`` stays, as a regular expression needs it."""
    if not word.startswith('"'):
        return word
    return re.sub(r'\\["\\n]', lambda found: _ESCAPES[found[0]], word[1:-1])


def implied(matchers: Collection[Matcher], by: Collection[Matcher]) -> bool:
    """Whether labels that meet all of ``by`` plainly meet all of the others, too."""
    return all(any(one.decides(other) for one in by) for other in matchers)


def apart(matchers: Collection[Matcher], others: Collection[Matcher]) -> bool:
    """Whether no labels can meet all of both; False where that is not plain."""
    pairs = [(one, other) for one in matchers for other in others]
    return any(one.decides(other) is False or other.decides(one) is False for one, other in pairs)


def all_of(matchers: Iterable[Matcher]) -> list[str]:
    """Filters that must all hold; none that another one implies."""
    each = dict.fromkeys(matchers)
    needed = [one for one in each if not any(other != one and other.decides(one) for other in each)]
    return [matcher.filter() for matcher in needed]


def not_all_of(matchers: Iterable[Matcher]) -> str:
    """A filter that holds where one of them does not; of none it is ``NEVER``."""
    filters = all_of(matchers)
    return f"!({' && '.join(filters)})" if filters else NEVER


def labels(name: str) -> str:
    """A label's place in an alert."""
    return f"labels.{name if re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', name) else json.dumps(name)}"


def text(value: str) -> str:
    """A text in JMESPath; a raw string cannot hold every text, a literal can."""
    if value.isprintable() and "'" not in value and not value.endswith("\\"):
        return f"'{value}'"
    literal = json.dumps(value).replace("`", "\\u0060")
    return f"`{literal}`"
