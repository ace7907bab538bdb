"""Filters and parts that never hold (F105; F103 by documented states alone), and that always do (F106)."""

from collections.abc import Iterator, Sequence

from router.core.catalogue import JOB
from router.core.check.equality import only
from router.core.check.kinds import Kind, Path, as_documented
from router.core.check.paths import path_of
from router.core.check.reading import is_understood, read
from router.core.check.remark import Remark
from router.core.check.saying import lacking_said
from router.core.check.study import LOGIC, Node, Part, Reached, Study
from router.core.check.values import NULL, Values


def about_never(study: Study) -> Iterator[Remark]:
    """The filter that no event meets, or a branch of it."""
    for node in _dead(study):
        yield _never(study, node)


def about_undocumented(study: Study) -> Iterator[Remark]:
    """The same of events with the states that they are documented with, of which others may come."""
    documented = [path for kind in study.kinds for path in kind.documented]
    if not any(path_of(part.node) in documented for part in study.parts):
        return
    narrow = Study(study.expression, [as_documented(kind) for kind in study.kinds])
    for node in _dead(narrow):
        culprit, message = _said_never(narrow, node, "documented ")
        yield narrow.remark("F103", "warning", culprit, message)


def _dead(study: Study) -> Iterator[Node]:
    if not is_understood(study.ast):
        return
    if study.whole and all(one.outcome.never for one in study.whole):
        yield study.ast
        return
    for part in study.parts:
        if part.node["type"] == "or_expression" and _is_positive(part):
            yield from (side for side in part.node["children"] if _is_dead(study, part.node, side))


def _is_positive(part: Part) -> bool:
    return all(holder["type"] in ("and_expression", "or_expression") for holder in part.holders)


def _is_dead(study: Study, either: Node, side: Node) -> bool:
    """Whether a side of ``||`` holds for nothing, also were the other side not there."""
    if side["type"] in ("or_expression", "literal"):  # whose own sides are looked at; meant
        return False
    reached = study.reached(either)
    return bool(reached) and all(read(side, one.scope).never for one in reached)


def _never(study: Study, node: Node) -> Remark:
    culprit, message = _said_never(study, node, _known(study))
    is_another = _is_another_word(study, culprit)
    advice = "write || where either may be" if is_another else _elsewhere(study, culprit)
    return study.remark("F105", "error", culprit, message, None, advice)


def _said_never(study: Study, node: Node, which: str) -> tuple[Node, str]:
    """The clause at fault, and what is wrong with it."""
    culprit = _culprit(study, node)
    reason = _reason(study, culprit)
    message = f"no {which}event meets {study.written(culprit)}{' here' if culprit is not study.ast else ''}"
    return culprit, f"{message}: {reason}" if reason else message


def _known(study: Study) -> str:
    return "" if study.is_about_any else "known "


def _is_another_word(study: Study, node: Node) -> bool:
    """Whether a field that is known by then is to be something else: ``Event == 'a' && Event == 'b'``."""
    if node["type"] != "comparator" or node["value"] != "eq":
        return False
    fields = [one for child in node["children"] if path_of(child) for one in study.reached(child)]
    return bool(fields) and all(only(one.outcome.values) not in (None, (None,)) for one in fields)


def _elsewhere(study: Study, node: Node) -> str:
    """Where a field is that the events which get there lack: at the job, or in the job's own event."""
    for field, path in _fields(study, node):
        kinds = [one.kind for one in study.reached(field)]
        if not kinds or any(kind.values_at(path) != NULL for kind in kinds):
            continue
        there = path[1:] if path[0] == JOB else (JOB, *path)
        if there and all(kind.has(there) for kind in kinds):
            whose = "it is the job's own event" if path[0] == JOB else "the job has it"
            return f"{whose}: write {'.'.join(there)}"
    return ""


def _culprit(study: Study, node: Node) -> Node:
    """The first clause that nothing gets past."""
    while node["type"] == "and_expression":
        left, right = node["children"]
        node = left if all(one.outcome.never for one in study.reached(left)) else right
    return node


def _reason(study: Study, node: Node) -> str:
    """What the fields in it are, for the events that get there."""
    if node["type"] == "or_expression":
        reasons = (_reason(study, child) for child in node["children"])
        return "; ".join(dict.fromkeys(filter(None, reasons)))
    if node["type"] == "subexpression" and node["children"][0]["type"] == "not_expression":
        return (
            f"it is read as ({study.written(node['children'][0])}).…, and what is true or false has no fields"
        )
    said = (_state(study.reached(field), path) for field, path in _fields(study, node))
    return "; ".join(dict.fromkeys(filter(None, said)))


def _fields(study: Study, node: Node) -> Iterator[tuple[Node, Path]]:
    """The event's own fields in a part."""
    for part in study.parts:
        path = path_of(part.node)
        is_chain = part.holder and path_of(part.holder)
        if path and not is_chain and any(one is node for one in (part.node, *part.holders)):
            yield part.node, path


def _state(reached: Sequence[Reached], path: Path) -> str:
    name = ".".join(path)
    if not reached:
        return ""
    if all(one.kind.values_at(path) == NULL for one in reached):
        return f"{lacking_said([one.kind for one in reached], name)}, so it is null"
    fixed = {only(one.outcome.values) for one in reached}
    if len(fixed) == 1 and (value := fixed.pop()):
        return f"{name} is {_literal(value[0])} there"
    return ""


def _literal(value: object) -> str:
    return "null" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def about_always(study: Study) -> Iterator[Remark]:
    """The filter that every event meets, or clauses that hold for all that get there."""
    if not is_understood(study.ast) or not any(_fields(study, study.ast)):
        return
    if study.whole and all(one.outcome.always for one in study.whole):
        message = f"every {_known(study)}event meets {study.written(study.ast)}"
        yield study.remark("F106", "warning", study.ast, message, None, _otherwise(study.ast))
        return
    for part in study.parts:
        if _is_idle(study, part):
            yield _always(study, part.node)


def _is_idle(study: Study, part: Part) -> bool:
    """Whether a part of ``&&``, or an ``||`` as a whole, decides nothing."""
    node, holder = part.node, part.holder
    if holder is None or holder["type"] != "and_expression" or node["type"] == "and_expression":
        return False
    if not all(one["type"] in LOGIC for one in part.holders) or not any(_fields(study, node)):
        return False
    if _is_guarding(node) or _names_the_kind(study, node):
        return False
    reached = study.reached(node)
    return bool(reached) and all(one.outcome.always for one in reached)


def _is_guarding(node: Node) -> bool:
    """Whether it only makes sure that something is there: that is good practice."""
    if path_of(node):
        return True
    is_unlike = node["type"] == "comparator" and node["value"] == "ne"
    return is_unlike and any(
        child["type"] == "literal" and child["value"] is None for child in node["children"]
    )


def _names_the_kind(study: Study, node: Node) -> bool:
    """Whether it looks only at what tells kinds of events apart, ``Category == 'Job'``: that is no fault."""
    if len({one.kind.name for one in study.reached(node)}) > 1 and node["type"] == "or_expression":
        return False
    return all(_is_fixed(study.kinds, path) for _, path in _fields(study, node))


def _is_fixed(kinds: Sequence[Kind], path: Path) -> bool:
    found: list[Values] = [kind.values_at(path) for kind in kinds]
    return all(only(values) is not None and not values.null for values in found)


def _always(study: Study, node: Node) -> Remark:
    reason = _reason(study, node)
    message = f"every event meets {study.written(node)} here"
    advice = _otherwise(node, _elsewhere(study, node))
    return study.remark("F106", "warning", node, f"{message}: {reason}" if reason else message, None, advice)


def _otherwise(node: Node, advice: str = "write always if that is meant") -> str:
    """What may have been meant by what always holds."""
    sides: list[Node] = node["children"] if node["type"] == "or_expression" else []
    is_neither = bool(sides) and all(side["type"] == "comparator" and side["value"] == "ne" for side in sides)
    return "write && where neither may be" if is_neither else advice
