"""A small model of what rules tell, written from docs/alerts.md alone: lists of alerts, no numbers kept.

It is slow and plain on purpose: every question is asked of all alerts of a group.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from router.core.alert import ACKNOWLEDGED_FOR
from router.core.rule import Rule, Severity

MINUTE = 60_000_000


class Told(NamedTuple):
    """One notification: when, where, about which job, why, and how many alerts fired unacknowledged."""

    at: int
    channel: str
    job: str
    reason: str
    firing: int


class Happening(NamedTuple):
    """An event as the model sees it; ``instance`` is empty where the whole job is meant."""

    id: str
    type: str
    job: str
    instance: str
    at: int


@dataclass(eq=False)
class Trouble:
    """An alert of the model."""

    rule: Rule
    job: str
    instance: str
    at: int
    received: int
    first_at: int
    state: str = "pending"
    times: list[int] = field(default_factory=list[int])
    fired: int = 0
    steps: int = 0
    seen_until: int = 0
    muted: str = ""
    until: int | None = None
    passed: int = 0
    read_at: int = 0
    free_since: int = 0

    @property
    def is_heard(self) -> bool:
        """Whether it fires, and neither has somebody seen it nor is it held back."""
        return self.state == "firing" and not self.muted


@dataclass(eq=False)
class Hush:
    """A silence of the model: of one rule, for a job or an instance; ``in_shift``: it recurs."""

    rule: str
    word: str
    begin: int
    end: int
    in_shift: bool

    def mutes(self, one: Trouble, now: int) -> bool:
        """Whether it holds an alert back now."""
        picks = one.rule.name == self.rule and self.word in (one.job, one.instance)
        return picks and self.begin <= now < self.end and (in_shift(now) or not self.in_shift)


def in_shift(now: int) -> bool:
    """The model's only time interval: the first twenty minutes of each hour."""
    return now // MINUTE % 60 < 20


@dataclass(eq=False)
class Talk:
    """A group of the model.

    Args:
        told: what people know of: they were told, or have seen it without.
        spoken_of: the rules of what they were told.
    """

    channel: str
    job: str
    opened: int
    members: list[Trouble] = field(default_factory=list[Trouble])
    told: list[Trouble] = field(default_factory=list[Trouble])
    spoken_of: list[Rule] = field(default_factory=list[Rule])
    news: list[Trouble] = field(default_factory=list[Trouble])
    told_at: int | None = None
    step: int = 0
    step_told: int = 0
    farewell: str = ""
    unheard: list[Trouble] = field(default_factory=list[Trouble])
    covered: dict[str, tuple[int, Severity]] = field(default_factory=dict[str, tuple[int, Severity]])

    @property
    def open(self) -> list[Trouble]:
        """Its alerts that have not ended."""
        return [one for one in self.members if one.state in ("firing", "acknowledged")]

    @property
    def firing(self) -> list[Trouble]:
        """Its alerts that nobody has seen, and nothing holds back."""
        return [one for one in self.members if one.is_heard]

    def due(self) -> tuple[int, str] | None:
        """When it is told next, and why; 0 is at once."""
        rules = [one.rule for one in self.open]
        if self.farewell:
            return 0, self.farewell
        if not rules:
            return None
        if self.step > self.step_told and self.firing:
            return 0, "escalation"
        if self.told_at is None:
            if not self.firing:
                return None
            return self.opened + min(rule.group_wait for rule in rules), "first"
        if self._is_worse():
            return 0, "worse"
        moments: list[tuple[int, str]] = []
        if any(one in self.news for one in self.firing):
            moments.append((self.told_at + min(rule.group_interval for rule in rules), "new"))
        repeats = [rule.repeat_interval for rule in rules if rule.repeat_interval is not None]
        if repeats and self.firing:
            moments.append((self.told_at + min(repeats), "repeat"))
        return min(moments, default=None)

    def _is_worse(self) -> bool:
        told = [one.rule.severity for one in self.open if one in self.told]
        new = [one.rule.severity for one in self.firing if one not in self.told]
        heard = told or [one.rule.severity for one in self.told]
        return bool(heard and new) and max(new) > max(heard)


class Model:
    """What should be told, of the rules in judged order.

    Args:
        rules: their filters are ``type == '…'``; the keys ``JobId`` and ``InstanceId``.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = list(rules)
        self.seen: set[str] = set()
        self.ends: dict[tuple[str, str, str], int] = {}
        self.troubles: list[Trouble] = []
        self.talks: list[Talk] = []
        self.told: list[Told] = []
        self.hushes: list[Hush] = []

    # events

    def take(self, event: Happening, now: int) -> None:
        """An event is received."""
        if event.id in self.seen:
            return
        self.seen.add(event.id)
        ending = [rule for rule in self.rules if _ends(rule, event)]
        self._end_all([one for rule in ending for one in self._ended_by(rule, event)], quiet=False)
        for rule in self._matching(event, ending):
            self._match(rule, event, now)

    def _matching(self, event: Happening, ending: list[Rule]) -> list[Rule]:
        found: list[Rule] = []
        stopped = False
        for rule in self.rules:
            hidden = rule.resolve_when is not None and rule in ending
            if rule.catch_all or stopped or hidden or not _is(rule.when, event):
                continue
            found.append(rule)
            stopped = rule.stop and rule.mode == "on"
        taken = stopped or any(rule.mode == "on" for rule in (*found, *ending))
        for rule in self.rules:
            hidden = rule.resolve_when is not None and rule in ending
            if rule.catch_all and not taken and not hidden and _is(rule.when, event):
                found.append(rule)
                taken = rule.mode == "on"
        return found

    def _ended_by(self, rule: Rule, event: Happening) -> list[Trouble]:
        name = (rule.name, event.job, event.instance)
        self.ends[name] = max(event.at, self.ends.get(name, 0))
        ours = [
            one for one in self.troubles if one.rule is rule and one.state != "ended" and event.at >= one.at
        ]
        return [one for one in ours if one.job == event.job and event.instance in ("", one.instance)]

    def _match(self, rule: Rule, event: Happening, now: int) -> None:
        for one in self.troubles:
            if one.state != "ended" and (one.rule, one.job, one.instance) == (
                rule,
                event.job,
                event.instance,
            ):
                self._match_again(one, event, now)
                return
        names = [(rule.name, event.job, instance) for instance in ("", event.instance)]
        if any(self.ends.get(name, 0) > event.at for name in names):
            return
        one = Trouble(rule, event.job, event.instance, event.at, now, event.at, times=[event.at])
        self.troubles.append(one)
        if not (rule.hold or rule.count or rule.expect):
            self._fire(one, now)

    def _match_again(self, one: Trouble, event: Happening, now: int) -> None:
        one.at, one.received = max(one.at, event.at), now
        count = one.rule.count
        if one.state == "pending" and count:
            one.times.append(event.at)
            ordered = sorted(one.times)
            if any(
                b - a < count.within for a, b in zip(ordered, ordered[count.at_least - 1 :], strict=False)
            ):
                self._fire(one, now)
        elif one.state != "pending":
            if one.state == "acknowledged" and now >= one.seen_until:
                one.state, one.steps, one.passed, one.read_at = "firing", 0, 0, now
            if one.muted == "inhibited":
                self._unmute(one, now)
            self._is_news(one)

    def _is_news(self, one: Trouble) -> None:
        for talk in self.talks:
            if one in talk.members:
                talk.news.append(one)

    def _fire(self, one: Trouble, now: int) -> None:
        one.state, one.fired, one.read_at = "firing", now, now
        if one.rule.mode == "shadow":
            return
        covers = [self._covered(one, channel, now) for channel in one.rule.to]
        if any(covers):
            one.state, one.seen_until = "acknowledged", max(covers)
        for channel in one.rule.to:
            self._join(one, channel, now)

    def _covered(self, one: Trouble, channel: str, now: int) -> int:
        for talk in self.talks:
            if (talk.channel, talk.job) == (channel, one.job) and talk.open:
                until, worst = talk.covered.get(one.rule.name, (0, one.rule.severity))
                return until if now < until and one.rule.severity <= worst else 0
        return 0

    # people

    def acknowledge(self, job: str, now: int) -> None:
        """Somebody has seen all open alerts of a job."""
        self._see(self._told_of(job, ("firing", "acknowledged")), now)

    def acknowledge_talk(self, channel: str, job: str, now: int) -> None:
        """Somebody has seen what fires in a talk, and in all that share an open alert with it."""
        [ours] = [one for one in self.talks if (one.channel, one.job) == (channel, job) and one.open]
        beside = [talk for talk in self.talks if any(one in ours.open for one in talk.open)]
        self._see(
            [
                one
                for one in self.troubles
                if any(one in talk.members for talk in beside) and one.state == "firing"
            ],
            now,
        )

    def _see(self, seen: list[Trouble], now: int) -> None:
        for one in seen:
            one.state, one.seen_until = "acknowledged", now + (one.rule.repeat_interval or ACKNOWLEDGED_FOR)
            for talk in self.talks:
                if one in talk.members:
                    talk.covered[one.rule.name] = (one.seen_until, one.rule.severity)
                    talk.told += [one] if one not in talk.told and not one.muted else []

    def resolve(self, job: str, now: int) -> None:
        """Somebody ends all alerts of a job."""
        self._end_all(self._told_of(job, ("pending", "firing", "acknowledged")), quiet=False)

    def _told_of(self, job: str, states: tuple[str, ...]) -> list[Trouble]:
        ours = [one for one in self.troubles if one.job == job and one.rule.mode == "on"]
        return [one for one in ours if one.state in states]

    def _join(self, one: Trouble, channel: str, now: int) -> Talk:
        for talk in self.talks:
            if (talk.channel, talk.job) == (channel, one.job) and talk.open:
                break
        else:
            talk = Talk(channel, one.job, now)
            self.talks.append(talk)
        if one not in talk.members:
            talk.members.append(one)
        talk.news.append(one)
        if one.state == "acknowledged":
            talk.told.append(one)
        return talk

    # mutes

    def expire(self, hush: Hush, now: int) -> None:
        """Somebody ends a silence: what it held back is looked at again."""
        hush.end = min(hush.end, now)
        for one in self.troubles:
            if one.until is not None:
                one.until = self._free_at(one, now)

    def _mute(self, one: Trouble, now: int) -> bool:
        """Holds an alert back if something mutes it now."""
        if not self._is_muted(one, now):
            return False
        by, was_muted = self._inhibitors(one), one.muted
        if by:
            one.muted = "inhibited"
        else:
            one.muted, one.until = "for a while", self._free_at(one, now)
        if not was_muted:
            since = min((other.fired for other in by), default=now)
            one.passed += self._free_for(one, one.read_at, max(since, one.read_at))
        return True

    def _is_muted(self, one: Trouble, now: int) -> bool:
        is_hushed = any(hush.mutes(one, now) for hush in self.hushes)
        return is_hushed or self._is_closed(one, now) or bool(self._inhibitors(one))

    def _unmute(self, one: Trouble, over_at: int) -> None:
        if one.until is not None and not self._was_told(one):
            one.free_since = over_at
        one.muted, one.until, one.read_at = "", None, over_at
        if one.state == "acknowledged":
            for talk in self.talks:
                talk.told += [one] if one in talk.members and one not in talk.told else []
        self._is_news(one)

    def _inhibitors(self, one: Trouble) -> list[Trouble]:
        names = {inhibition.rule for inhibition in one.rule.inhibited_by}
        found = [other for other in self.troubles if other.rule.name in names and other.rule.mode == "on"]
        return [
            other for other in found if other.job == one.job and other.state in ("firing", "acknowledged")
        ]

    def _is_closed(self, one: Trouble, now: int) -> bool:
        is_on = in_shift(now)
        return bool(
            (one.rule.mute_time_intervals and is_on) or (one.rule.active_time_intervals and not is_on)
        )

    def _free_at(self, one: Trouble, now: int) -> int:
        """The first moment from now on at which no silence and no hours hold it back."""
        edges = [now, *(hush.end for hush in self.hushes)]
        # A day is longer than any silence.
        edges += [now - now % (20 * MINUTE) + 20 * MINUTE * n for n in range(1, 73)]
        free = (at for at in sorted(edges) if at >= now and not self._is_closed(one, at))
        return next(at for at in free if not any(hush.mutes(one, at) for hush in self.hushes))

    def _free_for(self, one: Trouble, begin: int, end: int) -> int:
        """How long between two moments no silence and no hours held it back, seen or not."""
        edges = {begin, end, *(edge for hush in self.hushes for edge in (hush.begin, hush.end))}
        edges |= set(range(begin - begin % (20 * MINUTE), end, 20 * MINUTE))
        ordered = sorted(edge for edge in edges if begin <= edge <= end)
        return sum(
            after - before
            for before, after in itertools.pairwise(ordered)
            if not self._is_closed(one, before) and not any(hush.mutes(one, before) for hush in self.hushes)
        )

    def _end_all(self, ended: list[Trouble], *, quiet: bool) -> None:
        """They end at one moment: how their talks stood before says what is told of it."""
        talks = [talk for talk in self.talks if any(one in talk.open for one in ended)]
        unheard = {id(talk): _critical(talk.firing) for talk in talks if talk.told_at is None}
        for one in ended:
            one.state = "ended"
        for talk in talks:
            if talk.open or quiet:
                continue
            if unheard.get(id(talk)):
                # Nobody heard of it: what was critical is told once, with its end.
                talk.farewell, talk.unheard = "first", unheard[id(talk)]
            elif talk.told_at is not None and any(one.send_resolved for one in talk.spoken_of):
                talk.farewell = "resolved"

    # time

    def next_at(self, after: int) -> int | None:
        """The first moment after that at which something may happen."""
        moments = [at for one in self.troubles for at, _ in self._moments(one)]
        moments += [due[0] for talk in self.talks if (due := talk.due())]
        return min((at for at in moments if at > after), default=None)

    def run(self, now: int) -> None:
        """Everything that is due by now happens."""
        while self._advance(now) or self._tell_due(now):
            pass

    def _advance(self, now: int) -> bool:
        firsts = [(min(found), n) for n, one in enumerate(self.troubles) if (found := self._moments(one))]
        due = sorted(
            (at, step, n)
            for (at, step), n in firsts
            if at <= now and not (step == "close" and self._is_to_be_told(self.troubles[n], now))
        )
        # Those of one moment have no order: whether they are to be told first was asked before.
        for at, step, number in due:
            if at == due[0][0]:
                self._step(self.troubles[number], step, now)
        return bool(due)

    def _is_to_be_told(self, one: Trouble, now: int) -> bool:
        if one.muted:
            return False
        talks = [talk for talk in self.talks if one in talk.members and one not in talk.told]
        return any((due := talk.due()) is not None and due[0] <= now for talk in talks)

    def _tell_due(self, now: int) -> bool:
        before = len(self.told)
        for talk in self.talks:
            reason = self._reason(talk, now)
            if reason:
                self._tell(talk, reason, now)
        return len(self.told) > before

    def _reason(self, talk: Talk, now: int) -> str:
        """Why a talk is told now, once what may not be told is muted; empty where it is not."""
        reason = ""
        while (due := talk.due()) is not None and due[0] <= now and due[1] != reason:
            reason = due[1]
            self._hold_back(talk, reason, now)
        return due[1] if due is not None and due[0] <= now else ""

    def _hold_back(self, talk: Talk, reason: str, now: int) -> None:
        if talk.farewell:
            if talk.unheard and all(self._is_muted(one, now) for one in talk.unheard):
                talk.farewell, talk.unheard = "", []
            return
        for one in talk.firing:
            if reason == "repeat" or one in talk.news:
                self._mute(one, now)

    def _moments(self, one: Trouble) -> list[tuple[int, str]]:
        rule = one.rule
        if one.state == "pending":
            if rule.count:
                return [(one.received + rule.count.within, "heal")]
            within = rule.expect.within if rule.expect else rule.hold
            return [(one.first_at + within, "fire")]
        if one.state == "ended":
            return []
        moments = [(max(one.received, one.fired, one.free_since) + rule.close_after, "close")]
        if one.until is not None:
            return [*(moments if self._was_told(one) else []), (one.until, "recheck")]
        if one.muted:
            return moments
        if one.steps < len(rule.escalate) and rule.mode == "on" and one.state == "firing":
            moments.append((one.read_at + rule.escalate[one.steps].after - one.passed, "escalate"))
        return moments

    def _was_told(self, one: Trouble) -> bool:
        return any(one in talk.told for talk in self.talks)

    def _step(self, one: Trouble, step: str, now: int) -> None:
        if step == "fire":
            self._fire(one, now)
        elif step == "recheck":
            if not self._mute(one, now):
                self._unmute(one, one.until or now)
        elif step == "escalate" and not self._mute(one, now):
            after = one.rule.escalate[one.steps].after
            at = one.read_at + after - one.passed
            one.passed += self._free_for(one, one.read_at, at)
            one.read_at = at
            if one.passed < after:
                return
            one.steps += 1
            for channel in one.rule.escalate[one.steps - 1].to:
                talk = self._join(one, channel, now)
                talk.step = max(talk.step, one.steps)
        elif step in ("close", "heal"):
            self._end_all([one], quiet=True)

    def _tell(self, talk: Talk, reason: str, now: int) -> None:
        self.told.append(Told(now, talk.channel, talk.job, reason, len(talk.firing)))
        talk.spoken_of += [one.rule for one in talk.open if one in talk.told or not one.muted]
        talk.told += [one for one in talk.open if one not in talk.told and not one.muted]
        talk.news, talk.unheard = [], []
        talk.told_at, talk.step_told, talk.farewell = now, talk.step, ""


def _critical(troubles: list[Trouble]) -> list[Trouble]:
    return [one for one in troubles if one.rule.severity is Severity.CRITICAL]


def _is(condition: Any, event: Happening) -> bool:
    return condition is not None and f"'{event.type}'" in condition.text


def _ends(rule: Rule, event: Happening) -> bool:
    return _is(rule.resolve_when, event) or (rule.expect is not None and _is(rule.expect.event, event))
