"""Coverage: which kinds of event reach which rules and channels, before any event comes.

Judged are the documented events, with the documented fields and no others. What is said to reach
always, or never, surely does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce

from router.core.check import Kind, catalogue_kinds, verdict, widened
from router.core.check.values import NULL
from router.core.coverage.cells import Cell, Reach, cells, joined, reach_of
from router.core.policy import in_judged_order
from router.core.rule import Rule

__all__ = ["Cell", "Coverage", "Reach", "Row", "coverage"]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of event.

    Args:
        cells: of the rules whose filter such an event can pass, in judged order; then of those whose
            alerts it can end.
        told: for how many such events somebody hears of it.
        channels: by name, of those that hear of it at all.
    """

    kind: Kind
    cells: tuple[Cell, ...]
    told: Reach
    channels: Mapping[str, Reach]

    def telling(self, channel: str) -> list[Cell]:
        """The rules that tell a channel of it."""
        return [cell for cell in self.cells if channel in cell.channels]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The table of event, rule and channel.

    Args:
        rules: in judged order, without those that are off.
        channels: those of the configuration, then those that rules name besides.
    """

    rows: tuple[Row, ...]
    rules: tuple[Rule, ...]
    channels: tuple[str, ...]

    def reaching(self, told: Reach) -> list[str]:
        """Events of which somebody hears so often."""
        return [row.kind.name for row in self.rows if row.told == told]

    @property
    def idle_rules(self) -> list[str]:
        """Rules that match none of these events."""
        found = (cell for row in self.rows for cell in row.cells)
        busy = {cell.rule.name for cell in found if cell.reach != "never" and not cell.ends}
        return [rule.name for rule in self.rules if rule.name not in busy]

    @property
    def silent_channels(self) -> list[str]:
        """Channels that hear of none of these events."""
        return [name for name in self.channels if not any(name in row.channels for row in self.rows)]


def coverage(
    rules: Iterable[Rule],
    channels: Iterable[str] = (),
    sources: Collection[str] | None = None,
    schemas: Mapping[str, Kind] | None = None,
    batch: Collection[str] = (),
) -> Coverage:
    """Judges every rule against every kind of event.

    Args:
        sources: all that there are; None where nobody knows: then ``from`` always leaves some out.
        schemas: what a user's JSON Schema says of a source's events, by its name.
        batch: sources that bring Batch Compute's events, and nothing else.
    """
    ordered = tuple(rule for rule in in_judged_order(rules) if rule.mode != "off")
    limited = {rule.name for rule in ordered if _leaves_out(rule, sources)}
    names = tuple(dict.fromkeys([*channels, *(name for rule in ordered for name in _named(rule))]))
    given = dict(schemas or {})
    added = [given.pop(name) for name in sorted(given.keys() & set(batch))]
    documented = [reduce(widened, added, kind) for kind in _documented()]
    rows = [_row(kind, cells(ordered, kind, limited), names) for kind in documented]
    for name, kind in sorted(given.items()):
        deaf = {rule.name for rule in ordered if rule.sources is not None and name not in rule.sources}
        own = _as_documented(replace(kind, name=f"events of {name}"))
        rows.append(_row(own, cells(ordered, own, (), deaf), names))
    return Coverage(tuple(rows), ordered, names)


@cache
def _documented() -> tuple[Kind, ...]:
    return tuple(map(_as_documented, catalogue_kinds()))


def _as_documented(kind: Kind) -> Kind:
    """Without fields that nobody has documented: a filter on those is about other events."""
    there = kind.root.object
    return replace(kind, root=kind.root._replace(object=there._replace(rest=NULL))) if there else kind


def _leaves_out(rule: Rule, sources: Collection[str] | None) -> bool:
    return rule.sources is not None and (sources is None or not rule.sources.issuperset(sources))


def _named(rule: Rule) -> list[str]:
    return [*rule.to, *(name for step in rule.escalate for name in step.to)]


def _row(kind: Kind, found: Sequence[Cell], names: Sequence[str]) -> Row:
    # A rule that takes an event from a later one and tells it is as good as the later one.
    free = [cell for cell in found if _is_free(cell) and all(one.tells_each_match for one in cell.hidden_by)]
    everything: list[Reach] = [reach for cell in found for reach in cell.channels.values()]
    told = _together(kind, everything, free)
    channels: dict[str, Reach] = {}
    for name in names:
        reaches: list[Reach] = [cell.channels[name] for cell in found if name in cell.channels]
        alone = [cell for cell in found if name in cell.rule.to and _is_free(cell) and not cell.hidden_by]
        if reaches:
            channels[name] = _together(kind, reaches, alone)
    return Row(kind, tuple(found), told, channels)


def _is_free(cell: Cell) -> bool:
    return cell.is_plain and cell.tells_each_match


def _together(kind: Kind, reaches: Sequence[Reach], free: Sequence[Cell]) -> Reach:
    """How far rules reach in common: two that hold for a half each reach always.

    Args:
        free: cells of which nothing but the filter decides whether they tell.
    """
    if not reaches:
        return "never"
    whens = [cell.rule.when for cell in free]
    if "always" in reaches or any(reach_of(when, kind) == "always" for when in whens):
        return "always"
    common = joined([when for when in whens if when], " || ")
    return "always" if common and verdict(common, kind) == "always" else "sometimes"
