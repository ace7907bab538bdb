"""Why a filter held or did not: each clause with its value on an event, and the first that decided."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, cast

from router.core.filter.expression import Filter
from router.core.filter.near import nearest, slip
from router.core.filter.unparse import Node, needs_no_quotes, quoted_names, text_of, with_quotes

Joint = Literal["and", "or", "not", ""]

_JOINTS: dict[str, Joint] = {"and_expression": "and", "or_expression": "or", "not_expression": "not"}
#: Characters of a value that are shown.
_LONGEST = 80
#: Fields of an event that are looked through for one that was meant.
_MOST_FIELDS = 200
_PART_OF: dict[str, Literal["start", "end"]] = {"starts_with": "start", "ends_with": "end"}


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a filter.

    Args:
        held: whether it is true-like on the event; None when it was not reached or failed.
        values: the operands of a comparison or a call that are no literals, with what they are here.
        error: why it failed, or empty.
        hint: the slip that may be behind it ("one letter off"), or empty.
        decided: whether the filter's verdict rests on it, or on a part of it.
    """

    text: str
    joint: Joint
    held: bool | None
    values: tuple[tuple[str, Any], ...] = ()
    error: str = ""
    hint: str = ""
    decided: bool = False
    parts: tuple["Clause", ...] = ()


def clauses_of(expression: Filter, data: Mapping[str, Any]) -> Clause:
    """The filter as a tree of clauses, evaluated on an event's data; parts that JMESPath skips are None."""
    ast = with_quotes(expression.ast, quoted_names(expression.text))
    return _marked(_clause(ast, data, reached=True))


def _clause(node: Node, data: Mapping[str, Any], *, reached: bool) -> Clause:
    joint, text = _JOINTS.get(node["type"], ""), text_of(node)
    if not reached:
        parts = tuple(_clause(child, data, reached=False) for child in _joined(node)) if joint else ()
        return Clause(text, joint, None, parts=parts)
    judged = _filter(text).judge(data)
    held = None if judged.error else judged.held
    if joint:
        return Clause(text, joint, held, error=judged.error, parts=_parts(node, joint, data))
    return Clause(text, "", held, _values(node, data), judged.error, _hint(node, data, held))


def _joined(node: Node) -> Iterator[Node]:
    """What a joint joins: of ``a && b && c``, which is two in one another, all three."""
    for child in node["children"]:
        is_chained = child["type"] == node["type"] != "not_expression"
        yield from _joined(child) if is_chained else (child,)


def _parts(node: Node, joint: Joint, data: Mapping[str, Any]) -> tuple[Clause, ...]:
    parts: list[Clause] = []
    reached = True
    for child in _joined(node):
        parts.append(_clause(child, data, reached=reached))
        ends = False if joint == "and" else True if joint == "or" else None
        reached = reached and not parts[-1].error and parts[-1].held is not ends
    return tuple(parts)


def _values(node: Node, data: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    operands = node["children"] if node["type"] in ("comparator", "function_expression") else [node]
    shown = [text_of(one) for one in operands if one["type"] not in ("literal", "expref")]
    return tuple((text, _found(text, data)) for text in dict.fromkeys(shown))


def _found(text: str, data: Mapping[str, Any]) -> Any:
    try:
        return _filter(text).search(data)
    except Exception:  # noqa: BLE001  the clause itself says why
        return None


@lru_cache(2048)
def _filter(text: str) -> Filter:
    """A part of a filter; the same rules are explained on many events."""
    return Filter(text)


def _marked(clause: Clause) -> Clause:
    """With those parts marked that decided: the first false one under ``and``, all where all had to hold."""
    deciding = _deciding(clause)
    parts = (_marked(part) if number in deciding else part for number, part in enumerate(clause.parts))
    return replace(clause, decided=True, parts=tuple(parts))


def _deciding(clause: Clause) -> set[int]:
    """Numbers of the parts that the clause's own result rests on."""
    if clause.error:
        return {number for number, part in enumerate(clause.parts) if part.error}
    ends = {"and": False, "or": True}.get(clause.joint)
    ending = [number for number, part in enumerate(clause.parts) if ends is not None and part.held is ends]
    return set(ending[:1]) or set(range(len(clause.parts)))


def _hint(node: Node, data: Mapping[str, Any], held: bool | None) -> str:
    """The slip in a text that is compared with what is there, or in a field's name."""
    pairs = list(_compared(node, data, held))
    slips = [(how, wanted) for wanted, found in pairs if (how := slip(wanted, found))]
    if not slips:
        return _misnamed(node, data)
    how, wanted = slips[0]
    return how if len(pairs) == 1 else f"{how} from {shown(wanted)}"


def _compared(node: Node, data: Mapping[str, Any], held: bool | None) -> Iterator[tuple[str, str]]:
    """Pairs of a text in the filter and the text of the event that it would have had to be."""
    if len(node["children"]) != 2 or held is None:
        return
    left, right = node["children"]
    name = node["value"] if node["type"] in ("comparator", "function_expression") else ""
    if (name, held) in (("eq", False), ("ne", True)):
        yield from _pairs(left, right, data)
        yield from _pairs(right, left, data)
    elif name == "contains" and not held:
        yield from _pairs(left, right, data)
    elif name in _PART_OF and not held:
        for wanted, found in _pairs(right, left, data):
            yield wanted, found[: len(wanted)] if _PART_OF[name] == "start" else found[-len(wanted) :]


def _pairs(written: Node, other: Node, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = None if other["type"] == "literal" else _found(text_of(other), data)
    if isinstance(found, str):
        yield from ((wanted, found) for wanted in _written(written))


def _written(node: Node) -> Iterator[str]:
    """The texts that a literal, or a list of literals, has."""
    if node["type"] == "multi_select_list":
        for child in node["children"]:
            yield from _written(child)
    elif node["type"] == "literal":
        value = node["value"]
        listed = cast("list[Any]", value) if isinstance(value, list) else [value]
        yield from (one for one in listed if isinstance(one, str))


def _misnamed(node: Node, data: Mapping[str, Any]) -> str:
    """For a field that the event has not, while it has one of nearly the same name."""
    operands = node["children"] if node["type"] in ("comparator", "function_expression") else [node]
    absent = [one for one in operands if one["type"] == "field" and one["value"] not in data]
    meant = next((one["value"] for one in absent if _is_text_meant(one, operands)), None)
    if meant is not None:
        return f"\"{meant}\" is the name of a field, which the event has not: a text is '{meant}'"
    missing = (one["value"] for one in absent)
    near = (nearest(name, islice(data, _MOST_FIELDS)) for name in missing)
    return next((f"the event has {there}" for there in near if there), "")


def _is_text_meant(field: Node, operands: Sequence[Node]) -> bool:
    """Whether it is a name in quotes that it does not need, where a text is likely: beside no literal."""
    if not field.get("quoted") or not needs_no_quotes(field["value"]):
        return False
    return len(operands) > 1 and not any(one["type"] == "literal" for one in operands)


def reason_of(clause: Clause) -> str:
    """The first clause that decided, in a sentence."""
    deciding = [clause.parts[number] for number in sorted(_deciding(clause))]
    if clause.error and not deciding:
        return f"{clause.text} fails: {clause.error}"
    if clause.joint == "not" and not clause.error:
        return f"{clause.text} {'holds' if clause.held else 'does not hold'}: {reason_of(deciding[0])}"
    return "; ".join(reason_of(part) for part in deciding) or _sentence(clause)


def _sentence(clause: Clause) -> str:
    is_bare = len(clause.values) == 1 and clause.values[0][0] == clause.text
    said = f"{clause.text} {'holds' if clause.held else 'does not hold'}"
    values = ", ".join(f"{'it' if is_bare else name} is {shown(value)}" for name, value in clause.values)
    return said + (f": {values}" if values else "") + (f", {clause.hint}" if clause.hint else "")


def shown(value: Any) -> str:
    """A value as a filter would write it: on one line, shortened, with nothing that a terminal acts on."""
    text = f"'{value[: _LONGEST + 1]}'" if isinstance(value, str) else _json(value)
    short = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in short)


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return str(value)
