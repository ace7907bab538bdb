"""Calls that fail: on every event (F105), or where a field is missing (F107)."""

from collections.abc import Iterator

from router.core.check import signatures
from router.core.check.kinds import Kind
from router.core.check.paths import parts_of, path_of
from router.core.check.remark import Remark
from router.core.check.saying import kinds_said, lacking_said, listed
from router.core.check.study import Node, Study, plainly
from router.core.check.values import NULL
from router.core.filter.functions import FUNCTIONS
from router.core.filter.near import nearest


def about_functions(study: Study) -> Iterator[Remark]:
    """Functions that there are not, calls with too few or too many arguments, patterns that are none."""
    for part in study.parts:
        node = part.node
        if node["type"] == "function_expression":
            message, advice = _fault(node)
            if message:
                yield study.remark("F105", "error", node, f"{message}: it fails on every event", None, advice)


def _fault(node: Node) -> tuple[str, str]:
    name, nodes = node["value"], node["children"]
    if name not in signatures.names():
        near = nearest(name, signatures.names())
        return f"there is no function {name}()", f"did you mean {near}()?" if near else ""
    if not signatures.arity_fits(name, len(nodes)):
        return f"{name}() does not take {len(nodes)} argument{'s' * (len(nodes) != 1)}", ""
    is_pattern = name in ("matches", "glob") and nodes[1]["type"] == "literal"
    return (_pattern_fault(name, nodes[1]["value"]), "") if is_pattern else ("", "")


def _pattern_fault(name: str, pattern: object) -> str:
    if not isinstance(pattern, str):
        return ""
    try:
        FUNCTIONS.call_function(name, ["", pattern])
    except Exception as error:  # noqa: BLE001  re2 has its own
        return f"{name}() cannot read the pattern: {_plain(error)}"
    return ""


def _plain(error: Exception) -> str:
    said = error.args[0] if error.args else error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())


def about_missing(study: Study) -> Iterator[Remark]:
    """Functions that take no null, where some kind of event that gets there has one."""
    for part in study.parts:
        node = part.node
        if node["type"] != "function_expression" or node["value"] not in signatures.names():
            continue
        guards = {plainly(guard) for guard in part.guards()}
        for place, argument in enumerate(node["children"]):
            kinds = _kinds_with_null(study, node, place)
            if kinds and plainly(argument) not in guards:
                yield _missing(study, node, argument, kinds)
                break


def _kinds_with_null(study: Study, node: Node, place: int) -> list[Kind]:
    """The kinds of which some event gets there with null at a place that takes none."""
    taken = signatures.takes(node["value"], place)
    argument = node["children"][place]
    if not taken or "null" in taken or not study.types(argument):
        return []
    return [one.kind for one in study.reached(argument) if one.outcome.values.null]


def _missing(study: Study, node: Node, argument: Node, kinds: list[Kind]) -> Remark:
    said = study.written(argument)
    message = f"{node['value']}() fails where {said} is null: {_who(argument, kinds)}"
    path = _first_path(argument)
    advice = f"write {path} && {study.written(node)}" if path else ""
    return study.remark("F107", "warning", node, message, None, advice)


def _who(argument: Node, kinds: list[Kind]) -> str:
    path = path_of(argument)
    if not path:
        return kinds_said(kinds)
    lacking = [kind for kind in kinds if kind.values_at(path) == NULL]
    others = [kind for kind in kinds if kind not in lacking]
    said = [lacking_said(lacking, ".".join(path))] if lacking else []
    return listed([*said, *([f"in {kinds_said(others)} it may be"] if others else [])], "and")


def _first_path(node: Node) -> str:
    """The first field in it, as a filter would write it."""
    if path_of(node):
        return plainly(node)
    return next((found for found in map(_first_path, parts_of(node)) if found), "")
