"""Types that can never be equal, ordered, or taken by a function (F104)."""

import json
import re
from collections.abc import Iterator

from router.core.check import signatures
from router.core.check.paths import path_of
from router.core.check.remark import Remark
from router.core.check.saying import listed, types_said
from router.core.check.study import Node, Study

_NULL = frozenset(["null"])
_NUMBERS = frozenset(["number"])
_TEXTS = frozenset(["string"])
_ALIKE = frozenset(["boolean", "number"])
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
#: The beginning of a time: that is in order by its letters.
_YEAR = re.compile(r"(19|20)[0-9]{2}")
_NEVER = {"eq": "they are never equal", "ne": "they are always unequal"}


def about_types(study: Study) -> Iterator[Remark]:
    """Comparisons and calls that the types of their operands decide."""
    for part in study.parts:
        if part.node["type"] == "comparator":
            yield from _about_comparison(study, part.node)
        elif part.node["type"] == "function_expression":
            yield from _about_list(study, part.node)
            yield from _about_call(study, part.node)


def _about_comparison(study: Study, node: Node) -> Iterator[Remark]:
    types = [_types(study, child) for child in node["children"]]
    reached = study.reached(node)
    if not reached or not types[0] or not types[1] or types[0] & types[1]:
        yield from _about_order(study, node)
        return
    sign = node["value"]
    if any(one.outcome.no if sign == "ne" else one.outcome.values.may_hold for one in reached):
        return
    negated = _negated(study, node)
    if negated:
        yield negated
        return
    said = [
        f"{study.written(child)} is {types_said(one)}"
        for child, one in zip(node["children"], types, strict=True)
    ]
    message = f"{listed(said)}: {_NEVER.get(sign, 'they have no order')}"
    place, fix, advice = _repair(node, types, sign in _NEVER)
    yield study.remark("F104", "error", place, message, fix, advice)


def _about_order(study: Study, node: Node) -> Iterator[Remark]:
    """A number written as a text, with which something that may be anything is to be in order."""
    if node["value"] in _NEVER:
        return
    for place, literal in enumerate(node["children"]):
        other = node["children"][1 - place]
        value = literal["value"] if literal["type"] == "literal" else None
        is_number = isinstance(value, str) and _NUMBER.fullmatch(value) and not _YEAR.fullmatch(value)
        if is_number and path_of(other) and study.types(other) is None:
            said = study.written(other)
            message = (
                f"'{value}' is a text: a number fails beside it, and texts go by their letters ('9' > '10')"
            )
            advice = f"write `{value}`; where {said} is sent as text, to_number({said})"
            yield study.remark("F104", "warning", literal, message, None, advice)


def _types(study: Study, node: Node) -> frozenset[str]:
    """What a part may be but null; nothing where it may be anything."""
    return (study.types(node) or frozenset()) - _NULL


def _negated(study: Study, node: Node) -> Remark | None:
    """``!Event == 'X'`` is read as ``(!Event) == 'X'``."""
    left, right = node["children"]
    written = study.written(node)
    if left["type"] != "not_expression" or not written.startswith("!"):
        return None
    start, end = study.span(node)
    message = f"{written} is read as ({study.written(left)}) … {study.written(right)}: ! takes one part"
    fix = f"!({study.text[start + 1 : end].strip()})"
    return study.remark("F104", "error", node, message, fix, f"write {fix}")


def _repair(node: Node, types: list[frozenset[str]], is_equality: bool) -> tuple[Node, str | None, str]:
    """Where, and what to write instead."""
    for place, literal in enumerate(node["children"]):
        if literal["type"] == "literal":
            fix = rewritten(literal, types[1 - place], is_equality=is_equality)
            return (literal, fix, f"write {fix}") if fix else (node, None, "")
    return node, None, ""


def rewritten(literal: Node, types: frozenset[str], *, is_equality: bool = True) -> str | None:
    """The literal as the type that it is compared with, where it says the same."""
    value = literal["value"] if literal["type"] == "literal" else None
    if value == "" and types == _NUMBERS and is_equality:
        return "`null`"  # a number that the producer leaves empty is null
    if isinstance(value, str) and types == _NUMBERS and _NUMBER.fullmatch(value):
        return f"`{value}`"
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return f"'{json.dumps(value)}'" if is_number and is_equality and types == _TEXTS else None


def _about_list(study: Study, node: Node) -> Iterator[Remark]:
    """The elements of a list in which a field of another type is looked for."""
    if node["value"] != "contains" or len(node["children"]) != 2:
        return
    listing, wanted = node["children"]
    types = _types(study, wanted)
    if listing["type"] != "multi_select_list" or not types or not path_of(wanted):
        return
    for item in listing["children"]:
        own = _types(study, item)
        if item["type"] == "literal" and own and not own & types and own | types != _ALIKE:
            message = (
                f"{study.written(item)} is {types_said(own)}, {study.written(wanted)} is {types_said(types)}"
            )
            fix = rewritten(item, types)
            advice = f"write {fix}" if fix else ""
            yield study.remark("F104", "error", item, f"{message}: {_NEVER['eq']}", fix, advice)


def _about_call(study: Study, node: Node) -> Iterator[Remark]:
    """A function that takes no value of its argument's type."""
    reached = study.reached(node)
    name, nodes = node["value"], node["children"]
    if not reached or any(one.outcome.values for one in reached) or name not in signatures.names():
        return
    if not signatures.arity_fits(name, len(nodes)):
        return
    for place, argument in enumerate(nodes):
        taken, types = signatures.takes(name, place), _types(study, argument)
        if taken and types and not types & taken:
            message = f"{name}() takes {types_said(taken)}, {study.written(argument)} is {types_said(types)}"
            advice = f"write to_string({study.written(argument)})" if "string" in taken else ""
            yield study.remark("F104", "error", argument, f"{message}: it always fails", None, advice)
            return
    yield from _about_text_within(study, name, nodes)


def _about_text_within(study: Study, name: str, nodes: list[Node]) -> Iterator[Remark]:
    """Something that is no text, looked for in a text."""
    if name != "contains" or _types(study, nodes[0]) != _TEXTS:
        return
    types = _types(study, nodes[1])
    if types and not types & _TEXTS:
        fix = rewritten(nodes[1], _TEXTS)
        message = (
            f"{study.written(nodes[1])} is {types_said(types)}, and no string has one in it: it always fails"
        )
        yield study.remark("F104", "error", nodes[1], message, fix, f"write {fix}" if fix else "")
