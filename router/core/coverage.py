"""Coverage: which kinds of event reach which rules and channels, before any event comes.

Judged are the documented events, with the documented fields and no others. What is said to reach
always, or never, surely does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from router.core.check import Kind, catalogue_kinds, implies, verdict
from router.core.check.values import NULL
from router.core.filter import Filter, FilterError
from router.core.policy import in_judged_order
from router.core.rule import Rule

Reach = Literal["never", "sometimes", "always"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a rule makes of one kind of event.

    Args:
        reach: for how many such events it matches: never only where an earlier rule takes them all.
        note: why its filter alone does not decide, in words; or empty.
    """

    rule: Rule
    reach: Reach
    note: str = ""

    @property
    def tells(self) -> bool:
        """Whether anybody hears of a match; a rule in shadow only records it."""
        return self.rule.mode == "on" and self.reach != "never"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of event.

    Args:
        cells: of the rules whose filter such an event can pass, in judged order.
        told: for how many such events somebody hears of it.
        channels: by name, of those that hear of it at all.
    """

    kind: Kind
    cells: tuple[Cell, ...]
    told: Reach
    channels: Mapping[str, Reach]

    def telling(self, channel: str) -> list[Cell]:
        """The rules that tell a channel of it."""
        return [cell for cell in self.cells if cell.tells and channel in cell.rule.to]


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
        busy = {cell.rule.name for row in self.rows for cell in row.cells if cell.reach != "never"}
        return [rule.name for rule in self.rules if rule.name not in busy]

    @property
    def silent_channels(self) -> list[str]:
        """Channels that hear of none of these events."""
        return [name for name in self.channels if not any(name in row.channels for row in self.rows)]


def coverage(
    rules: Iterable[Rule],
    channels: Iterable[str] = (),
    sources: Collection[str] | None = None,
    kinds: Sequence[Kind] | None = None,
) -> Coverage:
    """Judges every rule against every kind of event.

    Args:
        sources: all that there are; None where nobody knows: then ``from`` always leaves some out.
        kinds: the documented events if not given.
    """
    ordered = tuple(rule for rule in in_judged_order(rules) if rule.mode != "off")
    limited = {rule.name for rule in ordered if _leaves_out(rule, sources)}
    judged = [_as_documented(kind) for kind in catalogue_kinds()] if kinds is None else kinds
    named = tuple(dict.fromkeys([*channels, *(name for rule in ordered for name in rule.to)]))
    rows = tuple(_row(kind, ordered, named, limited) for kind in judged)
    return Coverage(rows, ordered, named)


def _as_documented(kind: Kind) -> Kind:
    """Without fields that nobody has documented: a filter on those is about other events."""
    there = kind.root.object
    return replace(kind, root=kind.root._replace(object=there._replace(rest=NULL))) if there else kind


def _leaves_out(rule: Rule, sources: Collection[str] | None) -> bool:
    return rule.sources is not None and (sources is None or not rule.sources.issuperset(sources))


def _row(kind: Kind, rules: Sequence[Rule], names: Sequence[str], limited: Collection[str]) -> Row:
    cells: list[Cell] = []
    for rule in rules:
        cell = _cell(rule, kind, cells, limited)
        if cell is not None:
            cells.append(cell)
    telling = [cell for cell in cells if cell.tells]
    # A rule that hides an event from a later one tells it: for "somebody" that is as good.
    told = _together(kind, telling, [cell.rule for cell in telling if cell.rule.name not in limited])
    by_name = {name: [cell for cell in telling if name in cell.rule.to] for name in names}
    channels: dict[str, Reach] = {
        name: _together(kind, own, [cell.rule for cell in own if not cell.note])
        for name, own in by_name.items()
        if own
    }
    return Row(kind, tuple(cells), told, channels)


def _cell(rule: Rule, kind: Kind, before: Sequence[Cell], limited: Collection[str]) -> Cell | None:
    """What the rule makes of the kind after those before it; None if its filter never holds."""
    own = _verdict(rule.when, kind)
    if own == "never":
        return None
    hiding = [
        cell.rule
        for cell in before
        if cell.tells and (cell.rule.stop or rule.catch_all) and _meet(cell.rule, rule, kind)
    ]
    for earlier in hiding:
        if _takes_all(earlier, rule, kind):
            return Cell(rule, "never", f"{earlier.name} takes it")
    notes = [f"unless {earlier.name} takes it" for earlier in hiding[:1]]
    if rule.name in limited:
        notes.append(f"from {', '.join(sorted(rule.sources or ()))}")
    return Cell(rule, "sometimes", "; ".join(notes)) if notes else Cell(rule, own)


def _meet(earlier: Rule, rule: Rule, kind: Kind) -> bool:
    """Whether both may match one event."""
    if earlier.when is None or rule.when is None:
        return True
    both = _joined((earlier.when, rule.when), " && ")
    return both is None or verdict(both, kind) != "never"


def _takes_all(earlier: Rule, rule: Rule, kind: Kind) -> bool:
    """Whether the earlier rule surely matches all that the rule would."""
    if earlier.sources is not None and not (rule.sources and rule.sources <= earlier.sources):
        return False
    if earlier.when is None or rule.when is None:
        return _verdict(earlier.when, kind) == "always"
    return implies(rule.when, earlier.when, [kind])


def _together(kind: Kind, cells: Sequence[Cell], free: Sequence[Rule]) -> Reach:
    """How far rules reach in common: two that hold for a half each reach always.

    Args:
        free: those of them that nothing but their filter keeps from matching.
    """
    if not cells:
        return "never"
    whens = [rule.when for rule in free]
    if any(_verdict(when, kind) == "always" for when in whens):
        return "always"
    common = _joined([when for when in whens if when], " || ")
    return "always" if common and verdict(common, kind) == "always" else "sometimes"


def _verdict(when: Filter | None, kind: Kind) -> Reach:
    return "always" if when is None else verdict(when, kind)


def _joined(filters: Sequence[Filter], operator: str) -> Filter | None:
    """One filter of several; None when there is none, or it is longer or deeper than a filter may be."""
    try:
        return Filter(operator.join(f"({one.text})" for one in filters)) if filters else None
    except FilterError:
        return None
