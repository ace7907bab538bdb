"""Numbers that stand where something true or false is meant (F108)."""

from collections.abc import Iterator

from router.core.check.paths import Node, parts_of, path_of
from router.core.check.remark import Remark
from router.core.check.study import LOGIC, Part, Study, plainly

_NUMBER = frozenset(["number"])


def about_numbers(study: Study) -> Iterator[Remark]:
    """Numbers where something true or false is meant."""
    for part in study.parts:
        if not _is_clause(part) or part.node["type"] == "comparator":
            continue
        if _is_number(study, part.node) and not _is_guard(part):
            types = study.types(part.node) or _NUMBER
            said = study.written(part.node)
            extent = " where there is one" if "null" in types else ""
            message = f"{said} is a number, and every number is true-like, 0 too: it always holds{extent}"
            yield study.remark("F108", "warning", part.node, message, None, _advice(said))


def _advice(said: str) -> str:
    return f"write {said} != `0`, or {said} != `null` to ask whether it is there"


def _is_number(study: Study, node: Node) -> bool:
    """Whether it is a number wherever it is anything. A call that may give null may well ask for that."""
    types = study.types(node) or frozenset()
    return types == _NUMBER or bool(types - {"null"} == _NUMBER and path_of(node))


def _is_clause(part: Part) -> bool:
    """Whether it is not, and stands where it counts only whether it holds."""
    if part.node["type"] in LOGIC:
        return False
    return all(holder["type"] in LOGIC for holder in part.holders)


def _is_guard(part: Part) -> bool:
    """Whether what stands behind ``&&`` looks at the same field: ``ExitCode && abs(ExitCode) > `1` ``."""
    text = plainly(part.node)
    return any(_mentions(right, text) for right in part.guarded())


def _mentions(node: Node, text: str) -> bool:
    return plainly(node) == text or any(_mentions(one, text) for one in parts_of(node))
