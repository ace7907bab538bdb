"""Laws of what is told, where storms, failing channels, reloads, mutes, people and crashes come together.

No model says here what comes when: what is told is held against what the alerts are.
"""

import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router import failpoints
from router.core import group as groups
from router.core.alert import Alert, AlertState
from router.core.delivery import SECOND, Delivery, Outcome, State, Verdict
from router.core.filter import Filter
from router.core.group import Tally
from router.core.message import Message
from router.core.mute.silence import Silence
from router.core.policy import Policy, make_policy
from router.core.rule import Rule
from router.pipeline import people
from router.ports import Unit
from router.storage import open_store
from tests.pipeline.conftest import START, HandClock, Pipeline, ScriptedChannel, plan
from tests.pipeline.engine_model import Happening
from tests.pipeline.test_engine_model import CRASHES, SHIFT, TORTURE, body_of, one_rule, seconds

pytestmark = pytest.mark.slow

#: Two messages in a minute; then further groups are a storm.
CHANNELS = {name: plan(name, storm=(2, 60 * SECOND)) for name in ("oncall", "duty")}
JOBS = 6


class Provider(ScriptedChannel):
    """Accepts, but while it is down nothing reaches it."""

    down = False

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        """See :class:`router.ports.Channel`."""
        if self.down:
            return Verdict(Outcome.UNREACHABLE, "nobody listens")
        return super().send(message, delivery)


class Laws(RuleBasedStateMachine):
    """Drives the pipeline; after each step, and once all is calm, what was told must be lawful."""

    @initialize(rules=st.integers(1, 3).flatmap(lambda n: st.tuples(*(one_rule(i) for i in range(n)))))
    def begin(self, rules: tuple[Rule, ...]) -> None:
        """A new store with these rules."""
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(f"sqlite:///{Path(self.folder.name) / 'state.db'}", deadline=60)
        self.clock = HandClock()
        self.providers = {f"{name}/1": Provider() for name in CHANNELS}
        self.policy = self._policy(rules)
        self.pipeline = self._started()
        self.count = 0
        self.silences = 0

    def _policy(self, rules: tuple[Rule, ...]) -> Policy:
        made = make_policy(rules, CHANNELS, repr(rules), intervals={"shift": (SHIFT,)})
        self.store.write(lambda unit: unit.keep_policy(made.hash, made.text, START))
        return made

    def _started(self) -> Pipeline:
        pipeline = Pipeline(self.store, self.policy, self.clock)
        pipeline.channels.update(self.providers)
        pipeline.use_channels()
        return pipeline

    def teardown(self) -> None:
        failpoints.arm("")
        if hasattr(self, "pipeline"):
            self._calm_down()
            self.pipeline.deliver.use({})
            self.store.close()
            self.folder.cleanup()

    # what happens

    @rule(
        kinds=st.lists(
            st.tuples(
                st.sampled_from(["a", "b", "a", "b", "ok"]), st.integers(0, JOBS - 1), st.integers(0, 1)
            ),
            min_size=1,
            max_size=6,
        ),
        crash=st.none() | st.sampled_from(CRASHES),
    )
    def events(self, kinds: list[tuple[str, int, int]], crash: str | None) -> None:
        """Events of several jobs come in one commit; the process may end anywhere on the way."""
        found: list[Happening] = []
        for kind, job, instance in kinds:
            self.count += 1
            name = "" if kind == "ok" and not instance else f"i{instance}"
            found.append(Happening(f"e{self.count}", kind, f"job-{job}", name, self.clock.at))
        bodies = [body_of(one) for one in found]
        failpoints.arm(f"{crash}=raise@1" if crash else "")
        try:
            self.pipeline.take(*bodies)
            self.pipeline.run()
        except failpoints.FailpointError:
            self._restart()
            self.pipeline.take(*bodies)
        self._run()

    @rule(moved=seconds(1, 30, 61, 300, 1200, 3600))
    def time_passes(self, moved: int) -> None:
        """Whatever falls due on the way happens at its own time."""
        self._move(self.clock.at + moved)

    @rule(moved=seconds(45, 400, 4000))
    def standstill(self, moved: int) -> None:
        """The router does not run for a while."""
        self.clock.at += moved
        self._restart()
        self._run()

    @rule(channel=st.sampled_from(list(CHANNELS)))
    def a_channel_fails_or_recovers(self, channel: str) -> None:
        """Nothing reaches it, until it is well again."""
        provider = self.providers[f"{channel}/1"]
        provider.down = not provider.down

    @rule(number=st.integers(0, 30), how=st.sampled_from(["alert", "group", "end"]))
    def somebody_acts(self, number: int, how: str) -> None:
        """An open alert, or what is told with it, is acknowledged; or it is ended."""
        now = self.clock.at
        found = [one for one in self._alerts() if one.ended_at is None and not one.shadow]
        if not found:
            return
        chosen = found[number % len(found)].id
        if how == "end":
            self.store.write(lambda unit: people.resolve(unit, self.policy, [chosen], now, "ann"))
        elif how == "group":
            people.acknowledge_beside(self.store, self.policy, [chosen], now, "ann")
        else:
            self.store.write(lambda unit: people.acknowledge(unit, self.policy, [chosen], now, "ann"))
        self._run()

    @rule(
        picks=st.sampled_from(["rule == 'rule-0'", "JobId == 'job-1'", "rule"]),
        begins=seconds(0, 500),
        lasts=seconds(300, 4000),
        recurs=st.booleans(),
    )
    def somebody_silences(self, picks: str, begins: int, lasts: int, recurs: bool) -> None:
        """Alerts of a rule, of a job, or all."""
        now, self.silences = self.clock.at, self.silences + 1
        times = (now + begins, now + begins + lasts)
        made = Silence(f"s-{self.silences}", Filter(picks), *times, "ann", "", now, (SHIFT,) * recurs)
        self.store.write(lambda unit: people.silence(unit, made, now))

    @rule(new=st.integers(0, 2).flatmap(one_rule))
    def a_reload_changes_a_rule(self, new: Rule) -> None:
        """It has other words from now on, or is new."""
        kept = [one for one in self.policy.rules if one.name != new.name]
        self.policy = self._policy((*kept, new))
        self._reloaded()

    @rule(number=st.integers(0, 2))
    def a_reload_drops_a_rule(self, number: int) -> None:
        """Its alerts end in silence."""
        kept = tuple(one for one in self.policy.rules if one.name != f"rule-{number}")
        self.policy = self._policy(kept)
        self._reloaded()

    def _reloaded(self) -> None:
        self.pipeline.policy = self.policy
        while self.pipeline.advance.retire():
            pass
        self.pipeline.advance.review()
        self._run()

    def _restart(self) -> None:
        failpoints.arm("")
        self.pipeline.deliver.use({})
        self.pipeline = self._started()
        self.pipeline.maintain.rescue_others("nobody")

    def _run(self) -> None:
        failpoints.arm("")
        self.pipeline.maintain.take_over(self.pipeline.deliver.left_alone())
        self.pipeline.run()

    def _move(self, until: int) -> None:
        targets = list(self.providers)
        while self.clock.at < until:
            change = self.store.read(lambda unit: unit.next_change(()))
            # A message that waits is looked at each half minute, as the loops do.
            waits = self.store.read(lambda unit: unit.next_due(targets))
            moments = [change, self.clock.at + 30 * SECOND if waits else None, until]
            self.clock.at = min(at for at in moments if at is not None and at > self.clock.at)
            self._run()

    def _calm_down(self) -> None:
        """All channels are well, nothing is silenced, and time enough passes for all to be told."""
        for provider in self.providers.values():
            provider.down = False
        for silence in self.store.read(lambda unit: unit.silences(self.clock.at)):
            self.store.write(lambda unit, one=silence.id: people.expire(unit, one, self.clock.at, "ann"))
        self._run()
        self._move(self.clock.at + 3900 * SECOND)
        self._check_nothing_is_untold()
        waiting = [one for one in self._alerts() if one.state is AlertState.PENDING]
        assert all(one.due_at is not None for one in waiting), "an alert waits for ever"

    # laws

    def _check_nothing_is_untold(self) -> None:
        """What fires unmuted and unseen was accepted by every channel that it belongs to."""
        made = {one.id: one for one in self.store.read(lambda unit: unit.deliveries(limit=10_000))}
        heard = {(one.group_id, one.created_at) for one in made.values() if _arrived(one, made)}
        for alert in self._alerts():
            assert not alert.muted_by.startswith("silenced") or not alert.is_open, alert
            if alert.state is not AlertState.FIRING or alert.muted_by:
                continue
            for seat in alert.seats:
                [group] = self.store.read(lambda unit, name=seat.group_id: unit.groups([name]))
                names = {group.id, group.storm_id}
                since = alert.fired_at or 0
                assert any(at >= since and name in names for name, at in heard), (alert, group)

    @invariant()
    def nobody_is_told_twice(self) -> None:
        """Each delivery is accepted once; each group begins and ends once, and waits between its messages."""
        if not hasattr(self, "pipeline"):
            return
        sent = [one.id for provider in self.providers.values() for _, one in provider.sent]
        assert not [name for name, times in Counter(sent).items() if times > 1]
        made = self.store.read(lambda unit: unit.deliveries(limit=10_000))[::-1]
        by_id = {one.id: one for one in made}
        told: dict[tuple[str, str], list[int]] = {}
        for one in made:
            if _arrived(one, by_id):
                told.setdefault((one.group_id, _reason(one)), []).append(one.created_at)
        for (group, reason), times in told.items():
            gaps = [later - at for at, later in pairwise(times)]
            assert reason not in ("first", "resolved") or not gaps, (group, reason, times)
            assert reason not in ("new", "storm") or all(gap >= 60 * SECOND for gap in gaps), (group, times)
            assert reason != "repeat" or all(gap >= 600 * SECOND for gap in gaps), (group, times)

    @invariant()
    def what_is_told_fires(self) -> None:
        """A message that does not say an end counts something that fires."""
        if not hasattr(self, "pipeline"):
            return
        for one in self.store.read(lambda unit: unit.deliveries(limit=10_000)):
            data = Message.from_json(one.content).data
            is_end = _reason(one) == "resolved" or data["alerts"][0]["state"] == "resolved"
            assert is_end or data["group"]["firing"] > 0, data

    @invariant()
    def what_healed_was_never_told(self) -> None:
        """It belongs to no group."""
        if hasattr(self, "pipeline"):
            assert not [one for one in self._alerts() if one.state is AlertState.HEALED and one.seats]

    @invariant()
    def storms_count_what_fires_in_them(self) -> None:
        """Their numbers are the sums of their alerts, each as it is; the books balance."""
        if hasattr(self, "pipeline"):
            self.store.read(self._check_storms)

    def _check_storms(self, unit: Unit) -> None:
        open_ones = [one for one in unit.list_alerts(limit=10_000) if one.ended_at is None]
        known = {one.id: one for one in unit.groups_of([one.id for one in open_ones])}
        storms = {one.id: one for one in unit.groups({g.storm_id for g in known.values() if g.storm_id})}
        expected: dict[str, Counter[str]] = {name: Counter() for name in storms}
        for alert in open_ones:
            for seat in alert.seats:
                group = known[seat.group_id]
                if group.storm_id:
                    round_ = group.told + storms[group.storm_id].told
                    expected[group.storm_id].update(_numbers(groups.part_of(alert, seat, round_)))
        for name, storm in storms.items():
            found: Counter[str] = Counter()
            for tally in storm.tallies.values():
                found.update(_numbers(tally))
            assert +found == +expected[name], storm
        wrong = {name: n for name, n in unit.books().items() if name.startswith("unbalanced.") and n}
        assert not wrong

    def _alerts(self) -> list[Alert]:
        return self.store.read(lambda unit: unit.list_alerts(limit=10_000))


def _numbers(tally: Tally) -> dict[str, int]:
    return {name: n for name, n in tally._asdict().items() if name != "told"}


def _reason(one: Delivery) -> str:
    return str(Message.from_json(one.content).data["reason"])


def _arrived(one: Delivery, made: dict[str, Delivery]) -> bool:
    """Whether its content was accepted, by itself or with the one that replaced it."""
    while one.state is State.REPLACED and one.replaced_by:
        one = made[one.replaced_by]
    return one.state is State.SENT


TestLaws = Laws.TestCase
TestLaws.settings = settings(
    max_examples=300 if TORTURE else 4,
    stateful_step_count=40 if TORTURE else 20,
    deadline=None,
    derandomize=not TORTURE,
    print_blob=True,
)
