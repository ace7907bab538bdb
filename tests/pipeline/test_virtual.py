"""The engine on a virtual clock: what the running loops tell, each thing at its own time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from router.core.delivery import SECOND, Outcome, Patience, Verdict
from router.core.event import Envelope
from router.core.filter import Filter
from router.core.mute.silence import Silence
from router.core.mute.tick import Schedule
from router.core.policy import ChannelPlan, Policy, make_policy
from router.core.rule import Count, Escalation, Expect, Inhibition, Rule, Severity
from router.core.telling import Telling
from router.decoders import decode
from router.pipeline.virtual import Answer, VirtualRouter, accept, failing
from router.ports import Store
from router.storage.memory import MemoryStore
from tests.pipeline.conftest import START, plan
from tests.pipeline.test_alerts import RESOLVED, failed, instance, job
from tests.pipeline.test_recorded_day import Running, Script, diary, heard_of

MINUTE = 60
HOUR = 3600
ONCALL = (plan("oncall"),)
HEALED = Filter("Event == 'OnInstanceFinished'")

#: Seconds after the start, and what came then.
Timeline = Sequence[tuple[int, Mapping[str, Any]]]
#: Seconds after the start (two: not before and not after; None: as the back-off has it), channel, reason.
Expected = tuple[int | tuple[int, int] | None, str, str]


def policy_of(rules: Sequence[Rule], channels: Sequence[ChannelPlan] = ONCALL) -> Policy:
    return make_policy(rules, {channel.name: channel for channel in channels}, repr(rules))


def router(*rules: Rule, channels: Sequence[ChannelPlan] = ONCALL, answer: Answer = accept) -> VirtualRouter:
    """On a store in memory."""
    return VirtualRouter(MemoryStore(), policy_of(rules, channels), decode, START, answer=answer)


def moment(seconds: float) -> int:
    return START + int(seconds * SECOND)


def envelopes(seconds: float, *bodies: Mapping[str, Any], first: int = 0) -> list[Envelope]:
    """Each is an event of its own: its position says so."""
    return [
        Envelope("hook", json.dumps(body).encode(), moment(seconds), position=f"{seconds} {first + number}")
        for number, body in enumerate(bodies)
    ]


def take(one: VirtualRouter, seconds: float, *bodies: Mapping[str, Any]) -> list[str]:
    """Receives events at a time; their outcomes."""
    one.move_to(moment(seconds))
    return [receipt.outcome for receipt in one.take(envelopes(seconds, *bodies))]


def brief(told: Sequence[Telling]) -> list[tuple[float, str, str]]:
    """When, where and why."""
    return [((one.at - START) / SECOND, one.channel, one.reason.value) for one in told]


# as the loops do


@dataclass(frozen=True)
class Case:
    """What happens, and what the loops and the virtual clock both tell of it."""

    rules: Sequence[Rule]
    timeline: Timeline
    told: Sequence[Expected]
    channels: Sequence[ChannelPlan] = ONCALL
    outages: Sequence[tuple[str, int, int, Outcome]] = ()
    silences: Sequence[Silence] = ()
    until: int = HOUR - 1

    @property
    def script(self) -> Script:
        """The same, for the loops."""
        made = Script(silences=list(self.silences))
        for number, (seconds, body) in enumerate(self.timeline):
            made.envelopes += envelopes(seconds, body, first=number)
        for channel, begins, ends, outcome in self.outages:
            made.outages.setdefault(channel, []).append((moment(begins), moment(ends), outcome))
        return made


def silence(begins: int, ends: int) -> Silence:
    return Silence("s", Filter("JobId == 'job-1'"), moment(begins), moment(ends), "ann", "", START)


ONE = [(0, instance())]
TWO = [(0, instance()), (10, instance(number=1))]
ENDS = [(0, instance()), (90, job("OnJobFinished"))]
OFTEN = [(30 * number, instance(number=number)) for number in range(20)]
BOTH = (plan("oncall"), plan("boss"))

CASES = {
    "at once": Case([failed()], ONE, [(0, "oncall", "first")]),
    "hold": Case([failed(hold=60 * SECOND)], ONE, [(60, "oncall", "first")]),
    "hold, healed": Case([failed(hold=91 * SECOND, resolve_when=RESOLVED)], ENDS, []),
    "resolved": Case(
        [failed(resolve_when=RESOLVED)], ENDS, [(0, "oncall", "first"), (90, "oncall", "resolved")]
    ),
    "group_wait": Case([failed(group_wait=30 * SECOND)], TWO, [(30, "oncall", "first")]),
    "group_interval": Case(
        [failed(group_interval=120 * SECOND)], TWO, [(0, "oncall", "first"), (120, "oncall", "new")]
    ),
    "repeat_interval": Case(
        [failed(repeat_interval=1200 * SECOND)],
        ONE,
        [(0, "oncall", "first"), (1200, "oncall", "repeat"), (2400, "oncall", "repeat")],
    ),
    "escalate": Case(
        [failed(escalate=(Escalation(600 * SECOND, ("boss",)),))],
        ONE,
        [(0, "oncall", "first"), (600, "boss", "escalation")],
        channels=BOTH,
    ),
    "worse": Case(
        [
            failed(group_by=None),
            failed("dire", "InstanceId == '1'", severity=Severity.CRITICAL, group_by=None),
        ],
        TWO,
        [(0, "oncall", "first"), (10, "oncall", "worse")],
    ),
    "count": Case(
        [failed(count=Count(2, 60 * SECOND), key=(Filter("JobId"),))], TWO, [(10, "oncall", "first")]
    ),
    "expect": Case([failed(expect=Expect(RESOLVED, 300 * SECOND))], ONE, [(300, "oncall", "first")]),
    "absent": Case(
        [failed(absent=Schedule("*/20 * * * *", grace=60 * SECOND))], [], [(1260, "oncall", "first")]
    ),
    "silence": Case([failed()], ONE, [(600, "oncall", "first")], silences=[silence(0, 600)]),
    "inhibited_by": Case(
        [
            failed("job", "Event == 'OnJobFailed'", to=("boss",)),
            failed(inhibited_by=(Inhibition("job", (Filter("JobId"),)),)),
        ],
        [(0, job("OnJobFailed")), (1, instance())],
        [(0, "boss", "first")],
        channels=BOTH,
    ),
    "storm": Case(
        [failed(group_by=())],
        [(number, instance(number=number)) for number in range(5)],
        [(0, "oncall", "first"), (1, "oncall", "first"), (2, "oncall", "storm")],
        channels=(plan("oncall", storm=(2, 600 * SECOND)),),
        until=30,
    ),
    "a channel that fails for a while": Case(
        [failed()], ONE, [(None, "oncall", "first")], outages=[("oncall", 0, 300, Outcome.UNREACHABLE)]
    ),
    "a channel that may have it": Case(
        [failed()], ONE, [(None, "oncall", "first")], outages=[("oncall", 0, 1, Outcome.UNKNOWN)]
    ),
    "several tellings behind a failing one": Case(
        [failed(group_interval=60 * SECOND)],
        OFTEN,
        [*[(None, "oncall", "new")] * 3, (540, "oncall", "new"), (600, "oncall", "new")],
        outages=[("oncall", 0, 500, Outcome.THROTTLED)],
        until=700,
    ),
    "an end while the channel fails": Case(
        [failed(resolve_when=RESOLVED)], ENDS, [], outages=[("oncall", 0, 300, Outcome.UNREACHABLE)]
    ),
    "a silence while the channel fails": Case(
        [failed()],
        ONE,
        [],
        outages=[("oncall", 0, 300, Outcome.UNREACHABLE)],
        silences=[silence(30, 2 * HOUR)],
    ),
    "refused, with a fallback": Case(
        [failed()],
        ONE,
        [(0, "boss", "first")],
        channels=(plan("oncall", fallback="boss"), plan("boss")),
        outages=[("oncall", 0, 1, Outcome.REFUSED)],
    ),
    "late, with a fallback": Case(
        [failed()],
        ONE,
        [((70, 90), "boss", "first"), (None, "oncall", "first")],
        channels=(plan("oncall", fallback="boss", fallback_after={"warning": 70 * SECOND}), plan("boss")),
        outages=[("oncall", 0, 300, Outcome.UNREACHABLE)],
    ),
    "given up, with a fallback that fails too": Case(
        [failed()],
        ONE,
        [(None, "boss", "first")],
        channels=(
            plan("oncall", fallback="boss", patience=Patience(give_up_after=120 * SECOND)),
            plan("boss"),
        ),
        outages=[("oncall", 0, HOUR, Outcome.UNREACHABLE), ("boss", 0, 600, Outcome.UNREACHABLE)],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_running_loops_tell_the_same(case: Case, store: Store) -> None:
    """The same times, channels, reasons and texts, each as the rule says."""
    day, policy = case.script, policy_of(case.rules, case.channels)
    running = Running(store, policy, day)
    running.run(day.envelopes, moment(case.until))
    virtual = VirtualRouter(MemoryStore(), policy, decode, START, answer=day.answer)
    virtual.store.write(lambda unit: unit.put_silences(day.silences))
    for envelope in day.envelopes:
        virtual.move_to(envelope.received_at)
        virtual.take([envelope])
    virtual.run_until(moment(case.until))
    assert diary(heard_of(virtual.told())) == diary(running.heard)
    told = brief(virtual.told())
    assert [why for _, *why in told] == [why for _, *why in case.told], told
    assert all(is_at(when, at) for (when, *_), (at, *_) in zip(case.told, told, strict=True)), told


def is_at(when: int | tuple[int, int] | None, seconds: float) -> bool:
    """Whether it came when it should."""
    first, last = when if isinstance(when, tuple) else (when, when)
    return first is None or last is None or first <= seconds <= last


# moments


def test_what_is_due_at_a_moment_waits_for_what_comes_then() -> None:
    """Moved to the end of hold, an event of that very moment heals the alert; run until it, it is told."""
    held = failed(hold=60 * SECOND, resolve_when=HEALED)
    moved, run = router(held), router(held)
    for one in (moved, run):
        take(one, 0, instance())
    moved.move_to(moment(60))
    take(moved, 60, instance("OnInstanceFinished", ExitCode="0"))
    moved.run_until(moment(600))
    assert moved.told() == []
    run.run_until(moment(60))
    assert brief(run.told()) == [(60, "oncall", "first")]


def test_the_clock_stands_where_it_was_moved_and_never_goes_back() -> None:
    """With nothing due at all, too; an earlier moment changes nothing."""
    one = router(failed())
    for seconds, stands in ((5, 5), (3, 5), (7, 7)):
        one.move_to(moment(seconds))
        assert one.clock.now() == moment(stands)
    one.run_until(moment(6))
    assert one.clock.now() == moment(7)


def test_one_long_step_is_many_short_ones() -> None:
    """What falls due on the way happens at its own time, however far the clock is moved at once."""
    rule = failed(
        hold=60 * SECOND,
        group_wait=30 * SECOND,
        repeat_interval=1000 * SECOND,
        escalate=(Escalation(500 * SECOND, ("boss",)),),
    )
    answers = {"boss": [Verdict(Outcome.UNREACHABLE, "down", 503)] * 3}
    long, short = (
        router(rule, channels=BOTH, answer=failing({"boss": list(answers["boss"])})) for _ in range(2)
    )
    for one in (long, short):
        take(one, 0, instance())
    long.run_until(moment(3000))
    for seconds in range(0, 3001, 7):
        short.run_until(moment(seconds))
    short.run_until(moment(3000))
    assert long.told() == short.told()
    told = brief(long.told())
    assert [one for one in told if one[1] == "oncall"] == [
        (90, "oncall", "first"),
        (1090, "oncall", "repeat"),
        (2090, "oncall", "repeat"),
    ]
    [escalated, *_] = [at for at, channel, _ in told if channel == "boss"]
    assert 560 < escalated < 600


# channels


def test_a_script_of_answers_is_used_up_and_then_all_is_accepted() -> None:
    """Each attempt takes one answer; attempts and their answers are kept as a router keeps them."""
    script = {
        "oncall": [Verdict(Outcome.UNREACHABLE, "down", 503), Verdict(Outcome.THROTTLED, "slower", 429)]
    }
    store = MemoryStore()
    one = VirtualRouter(store, policy_of([failed()]), decode, START, answer=failing(script))
    take(one, 0, instance())
    one.run_until(moment(60))
    assert script == {"oncall": []}
    assert [made.verdict.answer for made in store.unit.tried] == ["down", "slower", "accepted"]
    assert [made.number for made in store.unit.tried] == [1, 2, 3]
    assert len(one.sent) == 1
    assert one.sent[0].at == store.unit.tried[-1].started_at > moment(0)


def test_a_message_counts_once_though_a_channel_has_two_targets() -> None:
    """Both targets are sent it; it is one telling."""
    one = router(failed(), channels=(plan("oncall", targets=2),))
    take(one, 0, instance())
    assert len(one.sent) == 2
    assert brief(one.told()) == [(0, "oncall", "first")]


# batches


def mixed(count: int) -> list[dict[str, Any]]:
    """Failures and ends of forty jobs."""
    ends = [job("OnJobFinished", f"job-{number % 40}") for number in range(count)]
    fails = [instance(number=number % 7, job_id=f"job-{number * 3 % 40}") for number in range(count)]
    return [
        end if number % 5 == 4 else fail for number, (fail, end) in enumerate(zip(fails, ends, strict=True))
    ]


@pytest.mark.parametrize("wait", [0, 20])
def test_a_batch_is_as_if_each_came_alone(wait: int) -> None:
    """The same receipts and tellings, though thousands are written together."""
    rule = failed(resolve_when=RESOLVED, group_wait=wait * SECOND, group_interval=60 * SECOND)
    together, alone = router(rule), router(rule)
    for seconds in (0, 50, 100):
        batch = envelopes(seconds, *mixed(300))
        for one in (together, alone):
            one.move_to(moment(seconds))
        assert together.take(batch) == [receipt for envelope in batch for receipt in alone.take([envelope])]
    for one in (together, alone):
        one.run_until(moment(600))
    assert together.told() == alone.told()
    assert {telling.reason.value for telling in together.told()} >= {"first", "resolved"}


def test_an_end_in_a_batch_comes_after_what_was_told_at_once() -> None:
    """The failure is told before the end that came with it, as two messages one after another would be."""
    one = router(failed(resolve_when=RESOLVED))
    assert take(one, 0, instance(), job("OnJobFinished"), instance(job_id="job-2")) == ["routed"] * 3
    assert brief(one.told()) == [(0, "oncall", reason) for reason in ("first", "resolved", "first")]
