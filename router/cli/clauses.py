"""A filter's clauses on a terminal and as JSON: what held, what did not, and which one decided."""

from typing import TYPE_CHECKING

from router.cli.output import colour, on_one_line
from router.config.accidents import instead_of, other_sign
from router.core.filter import Filter, FilterError
from router.core.filter.clauses import shown
from router.errors import RouterError

if TYPE_CHECKING:
    from router.web.shapes import ClauseJson

_JOINTS = {"and": "all of", "or": "one of", "not": "not"}
_COLOURS = {"✓": "green", "✗": "red", "!": "red", "·": "dim"}


def tree(clause: "ClauseJson", depth: int = 0, *, together: bool = False) -> list[str]:
    """A line for each: ✓ it held, ✗ it did not, ! it failed, · it was not reached; parts below the whole.

    Args:
        together: it decided with others beside it, which stands at the whole.
    """
    mark = "!" if clause["error"] else {True: "✓", False: "✗", None: "·"}[clause["held"]]
    parts = clause["parts"]
    several = sum(part["decided"] for part in parts) > 1
    arrow = "   ← decided" if clause["decided"] and not together and (several or not parts) else ""
    said = on_one_line(f"{_JOINTS.get(clause['joint']) or clause['clause']}{_found(clause)}{arrow}")
    lines = ["   " * depth + colour(f"{mark} ", _COLOURS[mark]) + said]
    below = together or several
    return lines + [line for part in parts for line in tree(part, depth + 1, together=below)]


def _found(clause: "ClauseJson") -> str:
    """What the event has there, and what may be wrong with it."""
    values = (
        [f"{name} = {shown(value)}" for name, value in clause["values"].items()]
        if clause["held"] is not None
        else []
    )
    error = [clause["error"]] if clause["error"] and not clause["parts"] else []
    said = ", ".join([*values, *error, *([clause["hint"]] if clause["hint"] else [])])
    return f"   ({said})" if said else ""


def filter_of(what: str, text: str) -> Filter:
    """The filter that a person wrote on the command line.

    Raises:
        RouterError: ``usage``: what is wrong with it, and where.
    """
    try:
        return Filter(text)
    except FilterError as error:
        said = on_one_line(error.message.removesuffix(", for expression"))
        before = " " * len(on_one_line(text[: error.column]))
        better = instead_of(text, error.column)
        meant = f"{text[: error.column]}{better[1]}{text[better[0] :]}" if better else ""
        advice = f"Write: {on_one_line(meant)}" if meant else other_sign(text, error.column)
        lines = [f"{what}: {said}", f"  {on_one_line(text)}", f"  {before}^", *([advice] if advice else [])]
        raise RouterError("usage", "\n".join(lines)) from error
