"""What one rule makes of one kind of event: whether it matches, who hears of it, and what may keep it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from router.core.check import Kind, implies, verdict
from router.core.check.reading import read
from router.core.check.values import Values
from router.core.filter import Filter, FilterError
from router.core.rule import Rule

Reach = Literal["never", "sometimes", "always"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a rule makes of one kind of event.

    Args:
        reach: for how many such events it matches: never only where earlier rules take them all.
        channels: who hears through it, and for how many such events.
        note: why its filter alone does not decide, in words; or empty.
        ends: such an event ends the rule's alerts, and does not match it.
        is_plain: nothing but its filter and earlier rules keeps it from matching.
        takes: what is known of the events that it matches; None where its filter is ``always``.
        hidden_by: the cells of rules that may take the event before it.
    """

    rule: Rule
    reach: Reach
    channels: Mapping[str, Reach]
    note: str = ""
    ends: bool = False
    is_plain: bool = False
    takes: Values | None = None
    hidden_by: tuple["Cell", ...] = ()

    @property
    def told(self) -> Reach:
        """For how many such events anybody hears of it; in shadow, for how many somebody would."""
        if self.rule.mode != "on":
            return self.reach
        reaches = self.channels.values()
        return "always" if "always" in reaches else "sometimes" if "sometimes" in reaches else "never"

    @property
    def tells_each_match(self) -> bool:
        """Whether a match is told, and at once, whatever else happens."""
        return not self.ends and self.rule.mode == "on" and not condition(self.rule)


def cells(
    rules: Sequence[Rule], kind: Kind, limited: Collection[str], deaf: Collection[str] = ()
) -> list[Cell]:
    """The rules' cells for a kind, in judged order; none for a rule whose filter never holds.

    Args:
        limited: rules whose ``from`` leaves sources out.
        deaf: rules whose ``from`` leaves out every source of such events: these only end alerts of theirs.
    """
    ending = list(_ending(rules, kind))
    found: list[Cell] = []
    for rule in rules:
        if rule.name in deaf:
            continue
        cell = _matching(rule, kind, found, ending, limited)
        found += [cell] if cell is not None else []
    return [*found, *(cell for cell in ending if cell.note)]


def condition(rule: Rule) -> str:
    """What must happen besides a match before anybody is told, in words; or nothing."""
    if rule.absent:
        return "is waited for"
    if rule.count:
        return f"at {rule.count.at_least} matches"
    if rule.expect:
        return "unless what it expects follows"
    if rule.hold:
        return "if it lasts"
    if rule.inhibited_by:
        return "unless inhibited"
    return "at its hours" if rule.mute_time_intervals or rule.active_time_intervals else ""


def _ending(rules: Sequence[Rule], kind: Kind) -> Iterator[Cell]:
    """The rules whose alerts such an event may end, or whose expectation it may meet."""
    for rule in rules:
        for ends, said in (
            (rule.resolve_when, "ends it"),
            (rule.expect and rule.expect.event, "is expected"),
        ):
            reach = verdict(ends, kind) if ends else "never"
            if reach != "never":
                speaks = rule.mode == "on" and rule.send_resolved and ends is rule.resolve_when
                told: dict[str, Reach] = dict.fromkeys(rule.to, "sometimes") if speaks else {}
                yield Cell(rule, reach, told, said, ends=True)


def _matching(
    rule: Rule, kind: Kind, before: Sequence[Cell], ending: Sequence[Cell], limited: Collection[str]
) -> Cell | None:
    own = reach_of(rule.when, kind)
    resolved = reach_of(rule.resolve_when, kind) if rule.resolve_when else "never"
    if own == "never" or resolved == "always":
        return None
    hiding = tuple(_hiding(rule, kind, before, ending))
    for one in hiding:
        if _takes_all(one, rule, kind):
            return Cell(rule, "never", {}, f"{one.rule.name} takes it", hidden_by=hiding)
    kept = [f"unless {one.rule.name} takes it" for one in hiding[:1]]
    kept += [f"from {', '.join(sorted(rule.sources or ()))}"] if rule.name in limited else []
    kept += ["unless it ends it"] if resolved != "never" else []
    reach: Reach = "sometimes" if kept else own
    notes = [*kept, *filter(None, [condition(rule)])]
    is_plain = rule.name not in limited and resolved == "never"
    takes = read(rule.when.ast, kind.root).yes if rule.when else None
    return Cell(
        rule,
        reach,
        _told(rule, reach),
        "; ".join(notes),
        is_plain=is_plain,
        takes=takes,
        hidden_by=hiding,
    )


def _told(rule: Rule, reach: Reach) -> dict[str, Reach]:
    """Who hears of a match."""
    if rule.mode != "on" or (rule.absent and not rule.send_resolved):
        return {}
    told: dict[str, Reach] = {}
    for step in rule.escalate:
        told |= dict.fromkeys(step.to, "sometimes")
    for name in rule.to:
        told[name] = "sometimes" if condition(rule) else reach
    return told


def _hiding(rule: Rule, kind: Kind, before: Sequence[Cell], ending: Sequence[Cell]) -> Iterator[Cell]:
    """Cells of rules that may keep the event from this one."""
    for cell in before:
        is_on = cell.rule.mode == "on" and cell.reach != "never"
        # stop hides nothing from a rule that waits for it.
        stops = cell.rule.stop and not rule.absent
        if is_on and (stops or rule.catch_all) and _meet(cell, rule):
            yield cell
    for cell in ending if rule.catch_all else ():
        if cell.rule.mode == "on":
            yield cell


def _meet(cell: Cell, rule: Rule) -> bool:
    """Whether both may match one event."""
    return rule.when is None or cell.takes is None or not read(rule.when.ast, cell.takes).never


def _takes_all(earlier: Cell, rule: Rule, kind: Kind) -> bool:
    """Whether the earlier cell surely takes all that the rule would match."""
    if earlier.ends:
        return earlier.reach == "always"
    sources, when = earlier.rule.sources, earlier.rule.when
    sees_all = sources is None or (rule.sources is not None and rule.sources <= sources)
    if not sees_all or (earlier.rule.resolve_when and reach_of(earlier.rule.resolve_when, kind) != "never"):
        return False
    if when is None or rule.when is None:
        return reach_of(when, kind) == "always"
    return implies(rule.when, when, [kind])


def reach_of(when: Filter | None, kind: Kind) -> Reach:
    """For how many events of a kind a filter holds; none is ``always``."""
    return "always" if when is None else verdict(when, kind)


def joined(filters: Sequence[Filter], operator: str) -> Filter | None:
    """One filter of several; None when there is none, or it is longer or deeper than a filter may be."""
    try:
        return Filter(operator.join(f"({one.text})" for one in filters)) if filters else None
    except FilterError:
        return None
