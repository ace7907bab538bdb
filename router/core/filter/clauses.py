"""Why a filter held or did not: each clause with its value on an event, and the first that decided."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from router.core.filter.expression import Filter
from router.core.filter.unparse import Node, text_of

Joint = Literal["and", "or", "not", ""]

_JOINTS: dict[str, Joint] = {"and_expression": "and", "or_expression": "or", "not_expression": "not"}
#: Characters of a value that are shown.
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a filter.

    Args:
        held: whether it is true-like on the event; None when it was not reached or failed.
        values: the operands of a comparison or a call that are no literals, with what they are here.
        error: why it failed, or empty.
        hint: a text that is near to what is compared, or empty.
    """

    text: str
    joint: Joint
    held: bool | None
    values: tuple[tuple[str, Any], ...] = ()
    error: str = ""
    hint: str = ""
    parts: tuple["Clause", ...] = ()


def clauses_of(expression: Filter, data: Mapping[str, Any]) -> Clause:
    """The filter as a tree of clauses, evaluated on an event's data; parts that JMESPath skips are None."""
    return _clause(expression.ast, data, reached=True)


def _clause(node: Node, data: Mapping[str, Any], *, reached: bool) -> Clause:
    joint, text = _JOINTS.get(node["type"], ""), text_of(node)
    if not reached:
        parts = tuple(_clause(child, data, reached=False) for child in node["children"]) if joint else ()
        return Clause(text, joint, None, parts=parts)
    judged = Filter(text).judge(data)
    held = None if judged.error else judged.held
    if joint:
        return Clause(text, joint, held, error=judged.error, parts=_parts(node, joint, data))
    return Clause(text, "", held, _values(node, data), judged.error, _hint(node, data, held))


def _parts(node: Node, joint: Joint, data: Mapping[str, Any]) -> tuple[Clause, ...]:
    parts: list[Clause] = []
    reached = True
    for child in node["children"]:
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
        return Filter(text).search(data)
    except Exception:  # noqa: BLE001  the clause itself says why
        return None


def _hint(node: Node, data: Mapping[str, Any], held: bool | None) -> str:
    """For an equality with a text that is a letter or two off what is there."""
    if held is not False or node["type"] != "comparator" or node["value"] != "eq":
        return ""
    left, right = node["children"]
    literal, other = (left, right) if left["type"] == "literal" else (right, left)
    wanted, found = literal.get("value"), _found(text_of(other), data)
    if literal["type"] != "literal" or not isinstance(wanted, str) or not isinstance(found, str):
        return ""
    near = difflib.SequenceMatcher(None, wanted, found).ratio() > 0.85
    return f"did you mean '{found}'?" if near and wanted != found else ""


def reason_of(clause: Clause) -> str:
    """The first clause that decided, in a sentence."""
    if clause.error:
        inner = next((part for part in clause.parts if part.error), None)
        return reason_of(inner) if inner else f"{clause.text} fails: {clause.error}"
    if clause.joint == "and" and clause.held is False:
        return reason_of(next(part for part in clause.parts if part.held is False))
    if clause.joint == "or" and clause.held:
        return reason_of(next(part for part in clause.parts if part.held))
    if clause.joint in ("and", "or"):
        return "; ".join(reason_of(part) for part in clause.parts)
    if clause.joint == "not":
        return f"{clause.text} {'holds' if clause.held else 'does not hold'}: {reason_of(clause.parts[0])}"
    return _sentence(clause)


def _sentence(clause: Clause) -> str:
    is_bare = len(clause.values) == 1 and clause.values[0][0] == clause.text
    said = f"{clause.text} {'holds' if clause.held else 'does not hold'}"
    values = ", ".join(f"{'it' if is_bare else name} is {shown(value)}" for name, value in clause.values)
    return said + (f": {values}" if values else "") + (f"; {clause.hint}" if clause.hint else "")


def shown(value: Any) -> str:
    """A value as a filter would write it, shortened."""
    if isinstance(value, str):
        text = f"'{value}'"
    else:
        text = {None: "null", True: "true", False: "false"}.get(value, "") if _is_word(value) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, bool)
