"""Killed between any two steps of any loop and started again, the router tells what it would have told."""

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from router.core.delivery import SECOND, Patience
from router.core.filter import Filter
from router.core.mute.silence import Silence
from router.core.mute.tick import Schedule
from router.core.policy import ChannelPlan, Policy, make_policy
from router.core.rule import Count, Escalation, Expect, Inhibition, Rule, Severity
from router.failpoints import REGISTRY
from router.pipeline import people
from router.pipeline.watermarks import Standing
from tests.pipeline.conftest import plan
from tests.pipeline.killed import Heard, Killer, Router
from tests.pipeline.test_alerts import HOUR, MINUTE, RESOLVED, failed, instance, job

TORTURE = os.environ.get("ALERT_ROUTER_TORTURE") == "1"
M = MINUTE * SECOND
AGO = re.compile(r" \([^()]* ago\)")

RULES = (
    failed(
        "jobs",
        "Event == 'OnJobFailed'",
        severity=Severity.CRITICAL,
        resolve_when=RESOLVED,
        repeat_interval=20 * M,
        escalate=(Escalation(15 * M, ("duty",)),),
    ),
    failed(
        "instances",
        to=("team",),
        group_wait=10 * SECOND,
        group_interval=M,
        inhibited_by=(Inhibition("jobs", (Filter("JobId"),)),),
        resolve_when=Filter("Event == 'OnInstanceFinished'"),
        closes_after=60 * M,
    ),
    failed("often", count=Count(3, 10 * M), key=(Filter("JobId"),), to=("duty",)),
    failed("slow", "Event == 'OnJobRunning'", expect=Expect(RESOLVED, 30 * M)),
    failed("tasks", "Event == 'OnTaskFailed'", hold=M, resolve_when=Filter("Event == 'OnTaskFinished'")),
    failed(
        "nightly", "Event == 'OnClusterDeleted'", absent=Schedule("0 * * * *", grace=10 * M), to=("duty",)
    ),
    failed("dead-end", "Event == 'OnJobStopped'", to=("pit",), group_by=()),
)
LEAVING = failed("leaving", "Event == 'OnClusterFailed'", to=("gone",))
# Killed twice while it is being sent a message would be dead: it may have arrived.
OFTEN_KILLED = Patience(max_unknown=1_000)
CHANNELS = (
    plan("oncall", storm=(4, M), patience=OFTEN_KILLED),
    plan("duty", patience=OFTEN_KILLED),
    plan("team", fallback="backup", fallback_after={"warning": 2 * M}, patience=OFTEN_KILLED),
    plan("pit", fallback="backup", patience=replace(OFTEN_KILLED, give_up_after=10 * M)),
    plan("backup", patience=OFTEN_KILLED),
)
GONE = plan("gone", patience=OFTEN_KILLED)


def policy_of(rules: tuple[Rule, ...], channels: tuple[ChannelPlan, ...]) -> Policy:
    """In force: these, and the alert of a source that cannot be reached."""
    return make_policy(rules, {one.name: one for one in channels}, repr(rules), sources=("queue",))


def acknowledge(router: Router, rule: str, job_id: str) -> None:
    """Somebody has seen the alerts of a rule and a job."""
    found = router.store.read(lambda unit: unit.list_alerts(rule=rule, state="firing"))
    ids = [one.id for one in found if job_id in one.key]
    assert ids
    router.store.write(lambda unit: people.acknowledge(unit, router.policy, ids, router.now, "ann"))


def silence(router: Router, matcher: str, seconds: int) -> None:
    """Somebody silences alerts from now on."""
    now = router.now
    made = Silence("s-1", Filter(matcher), now, now + seconds * SECOND, "ann", "deploying", now)
    router.store.write(lambda unit: people.silence(unit, made, now))


def tell(router: Router) -> None:
    """A story in which every loop passes every one of its steps."""
    forever = 10**18
    router.down = {"pit/1": (0, forever), "gone/1": (0, forever)}
    # Instances, and the failure of their job, which inhibits them; healed within hold; at the third.
    router.take(0, instance(number=1), instance(number=2))
    router.take(20, job("OnJobFailed"))
    router.take(30, instance(number=3), job("OnTaskFailed", "job-8", Task="a"))
    router.take(40, job("OnTaskFinished", "job-8", Task="a"), job("OnTaskFailed", "job-9", Task="a"))
    router.take(50, job("OnJobRunning", "job-3"), *[instance(number=n, job_id="job-2") for n in range(3)])
    router.take(60, job("OnClusterFailed", "", ClusterId="c-1"))
    # People.
    router.at(200)
    silence(router, "rule == 'instances' && JobId == 'job-4'", 400)
    router.take(210, instance(job_id="job-4"))
    acknowledge(router, "often", "job-2")
    # A channel that is down: one message is overdue, one is taken over, one is seen meanwhile.
    router.down["team/1"] = (router.now + 490 * SECOND, router.now + 800 * SECOND)
    router.take(710, instance(job_id="job-5"), instance(job_id="job-6"))
    router.take(730, instance(number=1, job_id="job-5"))
    router.at(740)
    acknowledge(router, "instances", "job-6")
    # A storm, and a channel that is never up.
    router.take(1100, *[job("OnJobFailed", f"storm-{n}") for n in range(8)])
    router.take(1200, *[job("OnJobStopped", f"stopped-{n}") for n in range(7)])
    router.at(1990)
    router.reload(policy_of(RULES, CHANNELS))
    router.at(2100)
    router.standing = Standing.GIVEN_UP
    router.at(2200)
    router.standing = Standing.REACHED
    router.take(2300, job("OnJobFinished"), *[job("OnJobFinished", f"storm-{n}") for n in range(8)])
    router.at(HOUR + 11 * MINUTE)
    router.take(HOUR + 20 * MINUTE, job("OnClusterDeleted", "", ClusterId="c-2"))
    router.at(2 * HOUR)


def told(folder: Path, killer: Killer) -> list[Heard]:
    """What is heard of the story by a router with such a killer."""
    with pytest.MonkeyPatch.context() as patch:
        router = Router(folder, policy_of((*RULES, LEAVING), (*CHANNELS, GONE)), killer, patch)
        try:
            tell(router)
            books = router.store.read(lambda unit: unit.books())
        finally:
            patch.undo()
            router.end()
    assert not {name: n for name, n in books.items() if name.startswith("unbalanced.") and n}
    return router.heard


Diary = dict[str, list[tuple[str, str, str]]]


def diary(heard: list[Heard]) -> Diary:
    """By target what it accepted, in order, without what is marked as a repeat of what it has.

    Groups that are told at one moment have no order: a process that has not sent to a target yet claims
    what is due to it, one that has sends each as it comes.

    When a failing target is tried again depends on its breaker, which no process leaves to the next: so
    what is given up for it reaches the fallback some seconds earlier or later, and in another order. What
    ended meanwhile is told as a first message where nobody can have heard of it, and as the end of one that
    may have arrived: with the same words.
    """
    found: dict[str, list[tuple[int, tuple[str, str, str]]]] = {}
    had: set[str] = set()
    for one in heard:
        if not one.accepted:
            continue
        assert one.delivery not in had or one.repeat, f"told twice, and not marked: {one}"
        if one.delivery not in had:
            found.setdefault(one.target, []).append((one.at, (one.reason, one.title, one.body)))
        had.add(one.delivery)
    told = {target: [line for _, line in sorted(lines)] for target, lines in found.items()}
    given_up = [
        ("" if title.startswith("Resolved: ") else reason, title, AGO.sub("", body))
        for reason, title, body in told["backup/1"]
    ]
    return told | {"backup/1": sorted(given_up)}


Undisturbed = tuple[Diary, Counter[str]]


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
) -> Undisturbed:
    """What is told when nothing is killed, and how often each failpoint was passed."""
    killer = Killer()
    return diary(told(tmp_path_factory.mktemp("undisturbed"), killer)), killer.passed


def test_the_story_passes_every_failpoint(undisturbed: Undisturbed) -> None:
    """Each step of each loop is passed at least once, and what is told has every reason."""
    diary, passed = undisturbed
    assert set(passed) == set(REGISTRY)
    reasons = {reason for lines in diary.values() for reason, _, _ in lines if reason}
    assert reasons == {"first", "new", "repeat", "escalation", "resolved", "storm"}, diary


@pytest.mark.slow
@pytest.mark.parametrize("name", REGISTRY if TORTURE else list(REGISTRY)[::8])
@pytest.mark.parametrize("first", range(1, 6) if TORTURE else [1])
def test_killed_at_a_failpoint_it_tells_the_same(
    undisturbed: Undisturbed, tmp_path: Path, name: str, first: int
) -> None:
    """Killed at many passings of a step: the same messages, words and order for each target."""
    killer = Killer(name, first)
    heard = diary(told(tmp_path, killer))
    for target, lines in undisturbed[0].items():
        assert heard[target] == lines, target
    assert heard.keys() == undisturbed[0].keys()
    assert killer.kills or undisturbed[1][name] < first
