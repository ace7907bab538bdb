"""All rules and channels that are in force together, and what they say of an event.

Rules stand in the order in which they are judged: as written, those with ``catch_all`` last.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from router.core import drill, outage
from router.core.delivery import SECOND, Patience
from router.core.event import Event
from router.core.mute.interval import TimeInterval
from router.core.rule import FailedFilter, Judgement, Match, Rule
from router.core.text.kinds import INCIDENTS

#: More messages than so many in so many microseconds, and a channel's further groups are told together.
STORM = (10, 60_000_000)


@dataclass(frozen=True, slots=True)
class Target:
    """One address at one provider. Holds no address: channels are made from the configuration.

    Args:
        name: ``channel/number``, counted from 1 in the order of the channel's ``urls``.
        kind: which texts and limits it has, see router.core.text.kinds.
        rate: what its provider takes, messages in microseconds; None where no limit is known.
    """

    name: str
    kind: str
    rate: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """What rules and deliveries know of a channel.

    Args:
        rate: messages in microseconds: ``(20, 60_000_000)`` is 20 a minute; None is each provider's own.
        storm: (messages, microseconds): so many in that time, and further groups are told together;
            None tells every group.
        fallback: the channel that is told when a delivery of this one is given up.
        fallback_after: by severity, how old a delivery may grow before the fallback is told, microseconds;
            for ever where a severity is missing.
        timeout: of one send, microseconds.
    """

    name: str
    targets: tuple[Target, ...]
    fallback: str | None = None
    fallback_after: Mapping[str, int] = field(default_factory=dict[str, int])
    rate: tuple[int, int] | None = None
    patience: Patience = field(default_factory=Patience)
    storm: tuple[int, int] | None = STORM
    timeout: int = 12 * SECOND

    @property
    def keeps_incidents(self) -> bool:
        """Whether a target of it keeps an incident for each group."""
        return any(target.kind in INCIDENTS for target in self.targets)

    def rate_of(self, target: Target) -> tuple[int, int] | None:
        """How many messages one of its targets is sent; None is without a limit."""
        return self.rate or target.rate


class RuleIndex(Protocol):
    """Finds the rules that hold for an event, with the same result as judging each in turn."""

    def judge(self, event: Event, came_from: frozenset[str] | None) -> Judgement:
        """See :meth:`Policy.judge`."""
        ...


@dataclass(frozen=True)
class Policy:
    """What is in force: rules, channels, and the canonical text that both make.

    Args:
        rules: in judged order.
        text: canonical and without secrets; the same for the same meaning.
        index: finds matches; made by :func:`make_policy`, as are the next two.
        ends: finds the rules whose ``resolve_when`` an event meets; None where no rule has one.
        meets: the same for ``expect.event``.
        intervals: what the names in rules stand for; empty for rules without a router.yaml.
        own: the router's own rules, which no source's event is judged by: for a source that cannot be
            reached, and for drills.
    """

    rules: tuple[Rule, ...]
    channels: Mapping[str, ChannelPlan]
    text: str
    index: RuleIndex
    ends: RuleIndex | None = None
    meets: RuleIndex | None = None
    intervals: Mapping[str, tuple[TimeInterval, ...]] = field(
        default_factory=dict[str, tuple[TimeInterval, ...]]
    )
    own: tuple[Rule, ...] = ()

    @cached_property
    def hash(self) -> str:
        """Names this policy in events, alerts and notifications: 16 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @cached_property
    def _by_name(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in (*self.rules, *self.own)}

    @cached_property
    def expects_arrivals(self) -> bool:
        """Whether any rule has ``absent``."""
        return any(rule.absent for rule in self.rules)

    @cached_property
    def inhibits(self) -> bool:
        """Whether an alert of any rule may be held back by that of another."""
        return any(rule.inhibited_by for rule in self.rules)

    def rule(self, name: str) -> Rule | None:
        """The rule of that name, or None."""
        return self._by_name.get(name)

    @cached_property
    def _keepers(self) -> frozenset[str]:
        return frozenset(name for name, plan in self.channels.items() if plan.keeps_incidents)

    def keeps_incidents(self, channel: str) -> bool:
        """Whether a target of the channel of that name keeps an incident for each group."""
        return channel in self._keepers

    def judge(self, event: Event, came_from: frozenset[str] | None = None) -> Judgement:
        """Which rules want the event, and which filters failed on it.

        Args:
            came_from: the sources that the same message came from before, or None for a new one:
                then only rules whose ``from`` names this source and left out all of those are judged.
        """
        if event.source == drill.NAME:
            # No rule of a file may take it for a real one.
            return Judgement(tuple(Match(rule, event) for rule in self.own if rule.name == drill.NAME))
        said = self.index.judge(event, came_from)
        if self.ends is None and self.meets is None:
            return said
        ended, failures = self._conditions(self.ends, event, came_from)
        met, failed = self._conditions(self.meets, event, came_from)
        if not (ended or met or failures or failed):
            return said
        if ended:
            said = self._without(said, frozenset(rule.name for rule in ended), event, came_from)
        # What ended or met something counts as matched for catch_all.
        taken = any(rule.mode == "on" for rule in (*ended, *met))
        matches = tuple(match for match in said.matches if not (taken and match.rule.catch_all))
        return Judgement(matches, said.failures + failures + failed, ended, met)

    def _conditions(
        self, index: RuleIndex | None, event: Event, came_from: frozenset[str] | None
    ) -> tuple[tuple[Rule, ...], tuple[FailedFilter, ...]]:
        if index is None:
            return (), ()
        found = index.judge(event, came_from)
        return tuple(self._by_name[match.rule.name] for match in found.matches), found.failures

    def _without(
        self, said: Judgement, names: frozenset[str], event: Event, came_from: frozenset[str] | None
    ) -> Judgement:
        """An event that meets a rule's ``resolve_when`` does not match that rule, nor is stopped by it."""
        hidden = [match.rule for match in said.matches if match.rule.name in names]
        if any(rule.stop or rule.catch_all for rule in hidden):
            others = (rule for rule in self.rules if rule.name not in names)
            return judge_in_turn(others, event, came_from)
        if hidden:
            return said._replace(matches=tuple(m for m in said.matches if m.rule.name not in names))
        return said


def wants_source(rule: Rule, source: str, came_from: frozenset[str] | None) -> bool:
    """Whether the rule looks at what this source sends; see :meth:`Policy.judge`."""
    if rule.sources is None:
        return came_from is None
    return source in rule.sources and (came_from is None or not (rule.sources & came_from))


@dataclass(frozen=True)
class PlainLoop:
    """The reference for every index: each rule in turn.

    Args:
        rules: in judged order.
    """

    rules: tuple[Rule, ...]

    def judge(self, event: Event, came_from: frozenset[str] | None) -> Judgement:
        return judge_in_turn(self.rules, event, came_from)


def judge_in_turn(rules: Iterable[Rule], event: Event, came_from: frozenset[str] | None) -> Judgement:
    """What these rules, in judged order, say of an event; see :meth:`Policy.judge`.

    Rules that neither hold nor fail may be left out: that changes nothing.
    """
    matches: list[Match] = []
    failures: list[FailedFilter] = []
    taken = stopped = False
    for rule in rules:
        if rule.mode == "off" or not wants_source(rule, event.source, came_from):
            continue
        # What comes is never hidden from a rule that waits for it.
        if (stopped and not rule.absent) or (rule.catch_all and taken):
            continue
        judged = rule.when.judge(event.data) if rule.when else None
        if judged is not None and judged.error:
            failures.append(FailedFilter(rule, judged.error))
        if judged is not None and not judged.held:
            continue
        matches.append(Match(rule, event))
        taken = taken or rule.mode == "on"
        stopped = stopped or (rule.stop and rule.mode == "on")
    return Judgement(tuple(matches), tuple(failures))


def in_judged_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """As written, ``catch_all`` rules last."""
    return tuple(sorted(rules, key=lambda rule: rule.catch_all))


def make_policy(
    rules: Sequence[Rule],
    channels: Mapping[str, ChannelPlan],
    text: str,
    index: Callable[[tuple[Rule, ...]], RuleIndex] = PlainLoop,
    intervals: Mapping[str, tuple[TimeInterval, ...]] | None = None,
    sources: Iterable[str] = (),
    drills: Iterable[Rule] = (),
) -> Policy:
    """Puts rules in order and makes their index.

    Args:
        sources: names of those whose outage is told.
        drills: the rule of drills, where there are any.
    """
    ordered = in_judged_order(rules)
    live = [rule for rule in ordered if rule.mode != "off"]
    ends = tuple(Rule(rule.name, rule.resolve_when) for rule in live if rule.resolve_when)
    meets = tuple(Rule(rule.name, rule.expect.event) for rule in live if rule.expect)
    return Policy(
        ordered,
        channels,
        text,
        index(ordered),
        index(ends) if ends else None,
        index(meets) if meets else None,
        intervals or {},
        (*(outage.rule_for(source, live) for source in sources), *drills),
    )
