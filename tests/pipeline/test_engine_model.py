"""The engine against a small model of it: random rules, events, times, crashes."""

import os
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router import failpoints
from router.core import group as groups
from router.core.alert import Alert
from router.core.delivery import SECOND, Delivery, Patience
from router.core.filter import Filter
from router.core.group import Group, Tally
from router.core.message import Message
from router.core.mute.interval import ClockSpan, TimeInterval
from router.core.mute.silence import Silence
from router.core.policy import make_policy
from router.core.rule import Count, Escalation, Expect, Inhibition, Mode, Rule, Severity
from router.pipeline import people
from router.ports import Unit
from router.storage import open_store
from tests.pipeline.conftest import START, HandClock, Pipeline, plan
from tests.pipeline.engine_model import Happening, Hush, Model, Told

pytestmark = pytest.mark.slow
TORTURE = os.environ.get("ALERT_ROUTER_TORTURE") == "1"
KEY = (Filter("JobId"), Filter("InstanceId"))
# What is in hand at a kill may have been sent: after two of them it would be dead.
CHANNELS = {name: plan(name, patience=Patience(max_unknown=1_000)) for name in ("oncall", "duty")}
#: The first twenty minutes of each hour.
SHIFT = TimeInterval(times=tuple(ClockSpan(hour * 60, hour * 60 + 20) for hour in range(24)))
#: Where the process may end; a source sends again what was not acknowledged.
CRASHES = [name for name in failpoints.REGISTRY if name.split(".")[0] in ("ingest", "advance", "dispatch")]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(*choices: int) -> st.SearchStrategy[int]:
    """One of these durations."""
    return st.sampled_from([choice * SECOND for choice in choices])


@st.composite
def one_rule(draw: st.DrawFn, number: int) -> Rule:
    """A rule of a small family over events of the types a, b and ok."""
    when = draw(st.sampled_from(["a", "b"]))
    waits = draw(st.sampled_from(["", "", "hold", "count", "expect"]))
    keys: dict[str, Any] = {}
    if waits == "hold":
        keys["hold"] = draw(seconds(10, 60))
    elif waits == "count":
        keys["count"] = Count(draw(st.integers(2, 3)), draw(seconds(60, 600)))
    elif waits == "expect":
        keys["expect"] = Expect(Filter("type == 'ok'"), draw(seconds(30, 300)))
    if waits != "expect" and draw(st.booleans()):
        keys["resolve_when"] = Filter("type == 'ok'")
    if draw(st.integers(0, 3)) == 0:
        keys["escalate"] = (Escalation(draw(seconds(60, 900)), (draw(st.sampled_from(list(CHANNELS))),)),)
    mutes = draw(st.sampled_from(["", "", "inhibited_by", "mute", "active"]))
    if mutes == "inhibited_by" and number:
        keys["inhibited_by"] = (Inhibition(f"rule-{draw(st.integers(0, number - 1))}", (Filter("JobId"),)),)
    elif mutes in ("mute", "active") and "escalate" not in keys:
        keys[f"{mutes}_time_intervals"] = ("shift",)
    mode: list[Mode] = ["on", "on", "on", "on", "shadow"]
    return Rule(
        f"rule-{number}",
        Filter(f"type == '{when}'"),
        to=draw(st.sampled_from([("oncall",), ("duty",), ("oncall", "duty")])),
        key=KEY,
        severity=draw(st.sampled_from(list(Severity))),
        send_resolved=draw(st.booleans()),
        # Never at the very moment at which another alert fires: then either may come first.
        closes_after=draw(seconds(60, 3600, 7200)) + SECOND // 2,
        group_wait=draw(seconds(0, 10, 30)),
        group_interval=draw(seconds(60, 300)),
        repeat_interval=draw(st.none() | seconds(600, 1800)),
        mode=draw(st.sampled_from(mode)),
        stop=draw(st.integers(0, 5)) == 0,
        catch_all=draw(st.integers(0, 5)) == 0,
        **keys,
    )


class Engine(RuleBasedStateMachine):
    """Drives the pipeline and the model side by side; what they tell must be the same."""

    @initialize(
        rules=st.integers(1, 3).flatmap(lambda n: st.tuples(*(one_rule(i) for i in range(n)))),
        at_once=st.booleans(),
    )
    def begin(self, rules: tuple[Rule, ...], at_once: bool) -> None:
        """A new store with these rules; what is due at once is told by ingest, or by a step of its own."""
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(f"sqlite:///{Path(self.folder.name) / 'state.db'}", deadline=60)
        self.policy = make_policy(rules, CHANNELS, repr(rules), intervals={"shift": (SHIFT,)})
        self.store.write(lambda unit: unit.keep_policy(self.policy.hash, self.policy.text, START))
        self.clock = HandClock()
        self.at_once = at_once
        self.starts = 0
        self.lost = Counter[str]()
        self.pipeline = self._started()
        self.model = Model(self.policy.rules)
        self.count = 0
        self.past: list[Happening] = []

    def _started(self) -> Pipeline:
        self.starts += 1
        owner = f"process-{self.starts}"
        pipeline = Pipeline(self.store, self.policy, owner=owner, at_once=self.at_once)
        pipeline.clock.at = self.clock.at
        pipeline.maintain.beat()
        pipeline.maintain.rescue_others(owner)
        return pipeline

    def teardown(self) -> None:
        failpoints.arm("")
        if hasattr(self, "pipeline"):
            self.pipeline.deliver.use({})
            self.store.close()
            self.folder.cleanup()

    # what happens

    @rule(
        kinds=st.lists(
            st.tuples(
                st.sampled_from(["a", "b", "a", "b", "ok"]),
                st.integers(0, 1),
                st.integers(0, 2),
                st.sampled_from([0, 0, 0, 1, 15, 100]),
            ),
            min_size=1,
            max_size=4,
        ),
        together=st.booleans(),
        crash=st.none() | st.sampled_from(CRASHES),
    )
    def events(self, kinds: list[tuple[str, int, int, int]], together: bool, crash: str | None) -> None:
        """Events come, some late, in one commit or several; then all that is due happens."""
        happenings = [self._happening(*kind) for kind in kinds]
        self._receive(happenings, together, crash)

    @rule(number=st.integers(0, 20), crash=st.none() | st.sampled_from(CRASHES))
    def again(self, number: int, crash: str | None) -> None:
        """A message that was received before comes again."""
        if self.past:
            self._receive([self.past[number % len(self.past)]], True, crash)

    @rule(moved=seconds(1, 9, 30, 61, 300, 600, 3600))
    def time_passes(self, moved: int) -> None:
        """The router runs all the while: it is stepped at every moment at which something may be due."""
        until = self.pipeline.clock.at + moved
        while (at := self._next(until)) < until:
            self._at(at)
        self._at(until)

    @rule(moved=seconds(5, 45, 400, 4000), crash=st.none() | st.sampled_from(CRASHES))
    def standstill(self, moved: int, crash: str | None) -> None:
        """The router does not run for a while, and may fall again at its start."""
        self.clock.at = self.pipeline.clock.at + moved
        self._restart()
        self._run(crash)

    @rule(job=st.integers(0, 1), resolve=st.booleans())
    def somebody_acts(self, job: int, resolve: bool) -> None:
        """All open alerts of a job are acknowledged, or all of it is ended by hand; what is due happens."""
        name, now = f"job-{job}", self.pipeline.clock.at
        found = self.store.read(lambda unit: unit.list_alerts(limit=10_000))
        ids = [one.id for one in found if name in one.key and not one.shadow and one.ended_at is None]
        do = people.resolve if resolve else people.acknowledge
        self.store.write(lambda unit: do(unit, self.policy, ids, now, "ann"))
        (self.model.resolve if resolve else self.model.acknowledge)(name, now)
        self._run()

    @rule(channel=st.sampled_from(list(CHANNELS)), job=st.integers(0, 1))
    def somebody_acknowledges_a_message(self, channel: str, job: int) -> None:
        """What fires in a group and in those that share an alert with it, as the link of its message does."""
        name, now = f"job-{job}", self.pipeline.clock.at
        found = self.store.read(
            lambda unit: unit.groups_of([one.id for one in unit.list_alerts(limit=10_000)])
        )
        ours = [
            one.id for one in found if (one.channel, one.key, one.ended_at) == (channel, f'["{name}"]', None)
        ]
        if ours:
            people.acknowledge_group(self.store, self.policy, ours[0], now, "ann")
            self.model.acknowledge_talk(channel, name, now)
            self._run()

    @rule(
        number=st.integers(0, 2),
        word=st.sampled_from(["job-0", "job-1", "i0"]),
        begins=seconds(0, 0, 45, 500),
        lasts=seconds(30, 400, 4000),
        recurs=st.booleans(),
    )
    def somebody_silences(self, number: int, word: str, begins: int, lasts: int, recurs: bool) -> None:
        """A silence is made for alerts of a rule; one at a time for each."""
        now = self.pipeline.clock.at
        of = self.policy.rule(f"rule-{number}")
        if (
            of is None
            or of.inhibited_by
            or any(one.rule == of.name and one.end > now for one in self.model.hushes)
        ):
            return
        hush = Hush(of.name, word, now + begins, now + begins + lasts, recurs)
        matcher = Filter(f"rule == '{of.name}' && (JobId == '{word}' || InstanceId == '{word}')")
        made = Silence(
            f"s-{len(self.model.hushes)}",
            matcher,
            hush.begin,
            hush.end,
            "ann",
            "moving",
            now,
            (SHIFT,) * recurs,
        )
        self.store.write(lambda unit: people.silence(unit, made, now))
        self.model.hushes.append(hush)
        self._run()

    @rule(number=st.integers(0, 5))
    def somebody_expires_a_silence(self, number: int) -> None:
        """It ends before its time, or before it began."""
        now = self.pipeline.clock.at
        lasting = [n for n, one in enumerate(self.model.hushes) if one.end > now]
        if lasting:
            chosen = lasting[number % len(lasting)]
            self.store.write(lambda unit: people.expire(unit, f"s-{chosen}", now, "ann"))
            self.model.expire(self.model.hushes[chosen], now)
            self._run()

    def _happening(self, kind: str, job: int, instance: int, late: int) -> Happening:
        self.count += 1
        whole = kind == "ok" and instance == 0
        name = f"e{self.count}"
        at = self.pipeline.clock.at - late * SECOND
        return Happening(name, kind, f"job-{job}", "" if whole else f"i{instance}", at)

    def _receive(self, happenings: list[Happening], together: bool, crash: str | None) -> None:
        self.past += happenings
        if self.at_once and not together:  # each is told of what was taken in by then
            for one in happenings:
                self._take([one], crash)
                self.model.take(one, self.pipeline.clock.at)
                self._run(crash)
            return
        for some in [happenings] if together else [[one] for one in happenings]:
            self._take(some, crash)
        for one in happenings:
            self.model.take(one, self.pipeline.clock.at)
        self._run(crash)

    def _take(self, happenings: list[Happening], crash: str | None) -> None:
        bodies = [body_of(one) for one in happenings]
        failpoints.arm(f"{crash}=raise@1" if crash else "")
        try:
            self.pipeline.take(*bodies)
        except failpoints.FailpointError:
            self._restart()
            self.pipeline.take(*bodies)

    def _run(self, crash: str | None = None) -> None:
        failpoints.arm(f"{crash}=raise@1" if crash else "")
        try:
            self.pipeline.run()
        except failpoints.FailpointError:
            self._restart()
            self.pipeline.run()
        failpoints.arm("")
        self.model.run(self.pipeline.clock.at)

    def _restart(self) -> None:
        failpoints.arm("")
        self.clock.at = max(self.clock.at, self.pipeline.clock.at)
        self.pipeline.deliver.use({})
        self.lost += Counter(one.id for one in self._deliveries() if one.state == "sending")
        self.pipeline = self._started()

    def _deliveries(self) -> list[Delivery]:
        return self.store.read(lambda unit: unit.deliveries(limit=10_000))

    def _next(self, until: int) -> int:
        now = self.pipeline.clock.at
        due = self.store.read(lambda unit: unit.next_change(()))
        moments = [at for at in (due, self.model.next_at(now)) if at is not None and at > now]
        return min([*moments, until])

    def _at(self, at: int) -> None:
        self.pipeline.clock.at = at
        self._run()

    # laws

    @invariant()
    def tells_as_the_model(self) -> None:
        """The same notifications at the same moments, for the same reasons; each is sent, and once more for
        each kill at which it was in hand.
        """
        if not hasattr(self, "pipeline"):
            return
        made = self._deliveries()
        found = Counter(_told(one.created_at, one.channel, one.content) for one in made)
        said = Counter(self.model.told)
        assert found == said, f"too many: {found - said}; missing: {said - found}"
        assert {one.state for one in made} <= {"sent"}
        assert {one.id: one.attempts - 1 for one in made} == {one.id: self.lost[one.id] for one in made}

    @invariant()
    def numbers_are_what_the_alerts_say(self) -> None:
        """Tallies and due times of open groups follow from their alerts; the books balance."""
        if hasattr(self, "pipeline"):
            self.store.read(self._check_numbers)

    def _check_numbers(self, unit: Unit) -> None:
        slots = {g.slot for g in unit.groups_of([m[1] for e in unit.events(limit=10_000) for m in e.matches])}
        for group in unit.open_groups(slots):
            members = unit.members(group.id)
            expected = _tallies(group, members)
            found = {name: tally._replace(told=0) for name, tally in group.tallies.items() if tally.open}
            assert found == expected, f"{group} {members}"
            again = groups.due(group, self.policy.rule, self.pipeline.clock.at)
            assert (again.due_at, again.due_reason) == (group.due_at, group.due_reason)
        wrong = {name: n for name, n in unit.books().items() if name.startswith("unbalanced.") and n}
        assert not wrong


def _tallies(group: Group, members: list[Alert]) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for alert in members:
        for seat in alert.seats:
            if seat.group_id == group.id:
                part = groups.part_of(alert, seat, group.told)
                old = found.get(alert.rule, Tally())
                found[alert.rule] = Tally(*(a + b for a, b in zip(old, part, strict=True)))
    return {name: tally for name, tally in found.items() if tally.open}


def _told(at: int, channel: str, content: str) -> Told:
    data = Message.from_json(content).data
    group = data["group"]
    return Told(at, channel, group["key"][0], data["reason"], group["firing"])


def body_of(one: Happening) -> dict[str, Any]:
    """The event as a source sends it."""
    time = (EPOCH + timedelta(microseconds=one.at)).isoformat()
    body = {"specversion": "1.0", "id": one.id, "source": "s", "type": one.type, "time": time}
    return body | {"JobId": one.job} | ({"InstanceId": one.instance} if one.instance else {})


TestEngine = Engine.TestCase
TestEngine.settings = settings(
    max_examples=600 if TORTURE else 12,
    stateful_step_count=40 if TORTURE else 20,
    deadline=None,
    derandomize=not TORTURE,
    print_blob=True,
)
