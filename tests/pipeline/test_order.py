"""Nothing depends on the order of commits: what a moment brings is told alike, however its work is divided.

What is told at once is told of what was taken in by then, so where loops step between commits, each request
of a moment is about a group of its own.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.delivery import SECOND
from router.core.filter import Filter
from router.core.group import SHOWN
from router.core.message import Message
from router.core.mute.silence import Silence
from router.core.policy import make_policy
from router.core.rule import Rule
from router.storage import open_store
from tests.pipeline.conftest import START, HandClock, Pipeline, plan
from tests.pipeline.engine_model import Happening
from tests.pipeline.test_engine_model import SHIFT, TORTURE, body_of, one_rule, seconds

pytestmark = pytest.mark.slow
CHANNELS = {name: plan(name) for name in ("oncall", "duty")}
JOBS = 3
#: How long the last alerts have to close, and to be told so.
LONG = 3 * 3600 * SECOND

#: What became of a job: (type, instance, seconds since it happened).
Heard = list[tuple[str, int, int]]


class Moment(NamedTuple):
    """What is received at one moment: a request for each of some jobs."""

    after: int
    requests: dict[int, Heard]


class Told(NamedTuple):
    """One notification."""

    at: int
    channel: str
    reason: str
    severity: str
    title: str
    body: str
    numbers: str


HEARD = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "a", "b", "ok"]), st.integers(0, 2), st.sampled_from([0, 0, 0, 1, 15, 100])
    ),
    min_size=1,
    max_size=3,
)
MOMENT = st.builds(
    Moment,
    seconds(1, 9, 30, 61, 300, 600, 3600),
    st.dictionaries(st.integers(0, JOBS - 1), HEARD, min_size=1, max_size=JOBS),
)


def silence(word: str, begins: int, lasts: int, recurs: bool) -> Silence:
    """Of a rule, a job or an instance."""
    matcher = Filter(f"rule == '{word}' || JobId == '{word}' || InstanceId == '{word}'")
    times = (START + begins, START + begins + lasts)
    name = f"s-{word}-{begins}-{lasts}-{recurs}"
    return Silence(name, matcher, *times, "ann", "moving", START, (SHIFT,) * recurs)


SILENCE = st.builds(
    silence,
    st.sampled_from(["rule-0", "rule-1", "job-0", "i1"]),
    seconds(0, 45, 500),
    seconds(30, 400, 4000),
    st.booleans(),
)
SILENCES = st.lists(SILENCE, max_size=2, unique_by=lambda one: one.id)
RULES = st.integers(1, 3).flatmap(lambda n: st.tuples(*(one_rule(i) for i in range(n))))


class Router:
    """The pipeline, whose work at a moment is done in one commit after another, in an order that is given.

    Args:
        order: None takes all of a moment in one commit.
        together: no loop steps before all of a moment was taken in.
    """

    def __init__(
        self,
        folder: str,
        rules: Sequence[Rule],
        silences: Sequence[Silence],
        order: Random | None,
        *,
        together: bool,
    ) -> None:
        policy = make_policy(rules, CHANNELS, repr(rules), intervals={"shift": (SHIFT,)})
        self.order = order
        self.clock = HandClock()
        self.store = open_store(f"sqlite:///{Path(folder) / 'state.db'}", deadline=60)
        self.store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, START))
        self.store.write(lambda unit: unit.put_silences(silences))
        at_once = order is not None and order.random() < 0.5
        self.pipeline = Pipeline(self.store, policy, self.clock, at_once=at_once and not together)
        self.together = together

    def close(self) -> None:
        """Ends it."""
        self.pipeline.deliver.use({})
        self.store.close()

    def receive(self, number: int, requests: dict[int, Heard]) -> None:
        """All in one commit, and then what follows; or some at a time, in any order."""
        bodies = [
            [body_of(self._happening(number, job, place, *one)) for place, one in enumerate(heard)]
            for job, heard in requests.items()
        ]
        if self.order is None:
            self.pipeline.take(*(body for request in bodies for body in request))
            self._run()
            return
        self.order.shuffle(bodies)
        while bodies:
            some = self.order.randint(1, len(bodies))
            self.pipeline.take(*(body for request in bodies[:some] for body in request))
            bodies = bodies[some:]
            for _ in range(0 if self.together else self.order.randint(0, 3)):
                self._step()
        self._run()

    def _run(self) -> None:
        """Until nothing is due."""
        while self._step():
            pass

    def _step(self) -> int:
        """Of one loop; time acts on alerts before any group is told."""
        done = self.pipeline.advance.step() or self.pipeline.dispatch.step()
        # What is told and ends at one moment is sent or dropped: whichever comes first.
        self.pipeline.send()
        return done

    def _happening(self, number: int, job: int, place: int, kind: str, instance: int, late: int) -> Happening:
        name = "" if kind == "ok" and not instance else f"i{instance}"
        return Happening(f"e{number}-{job}-{place}", kind, f"job-{job}", name, self.clock.at - late * SECOND)

    def move_to(self, until: int) -> None:
        """Whatever falls due on the way happens at its own time."""
        while self.clock.at < until:
            change = self.store.read(lambda unit: unit.next_change(()))
            self.clock.at = until if change is None else max(self.clock.at, min(change, until))
            self._run()

    def told(self) -> list[Told]:
        """What was told, those of one moment in the order of their words."""
        found = [(one, Message.from_json(one.content)) for one in self.pipeline.deliveries(limit=10_000)]
        assert all(one.state == "sent" for one, _ in found)
        return sorted(
            Told(
                one.created_at,
                one.channel,
                message.data["reason"],
                one.severity,
                *_words(message),
                _numbers(message),
            )
            for one, message in found
        )


def _words(message: Message) -> tuple[str, str]:
    """Title and text, but of a group of more alerts than are named: which of one moment are is chance."""
    return ("", "") if message.data["group"]["count"] > SHOWN else (message.title, message.body)


def _numbers(message: Message) -> str:
    """What is said of the group, but for the id, which it has of the alert that opened it."""
    return repr({name: value for name, value in message.data["group"].items() if name != "id"})


def told(
    rules: Sequence[Rule],
    silences: Sequence[Silence],
    moments: Sequence[Moment],
    order: Random | None,
    *,
    together: bool = False,
) -> list[Told]:
    """What is told of what comes at these moments, and of what follows from it."""
    with tempfile.TemporaryDirectory() as folder:
        router = Router(folder, rules, silences, order, together=together)
        try:
            for number, moment in enumerate(moments, 1):
                # Never at the very moment at which time does something: then either may come first.
                router.move_to(router.clock.at // SECOND * SECOND + moment.after + number)
                router.receive(number, moment.requests)
            router.move_to(router.clock.at + LONG)
            return router.told()
        finally:
            router.close()


def _apart(moment: Moment) -> Moment:
    """An end is told of alone: whether what ends in the microsecond in which it opens is counted as an alert
    of its group depends on which of both came first.
    """
    ends = {job: heard for job, heard in moment.requests.items() if any(kind == "ok" for kind, *_ in heard)}
    return moment._replace(requests=dict(islice(ends.items(), 1)) or moment.requests)


SETTINGS = settings(
    max_examples=300 if TORTURE else 8, deadline=None, derandomize=not TORTURE, print_blob=True
)
MOMENTS = st.lists(MOMENT, min_size=1, max_size=6).map(lambda found: [_apart(one) for one in found])
ORDERS = st.randoms(use_true_random=False)


@SETTINGS
@given(RULES, SILENCES, MOMENTS, ORDERS)
def test_loops_may_step_between_the_commits_of_a_moment(
    rules: tuple[Rule, ...], silences: list[Silence], moments: list[Moment], order: Random
) -> None:
    """Requests in any order, some at a time, time and telling between them: as all in one commit."""
    assert told(rules, silences, moments, order) == told(rules, silences, moments, None)


@SETTINGS
@given(RULES, SILENCES, MOMENTS, ORDERS)
def test_alerts_of_one_group_may_come_in_any_commits(
    rules: tuple[Rule, ...], silences: list[Silence], moments: list[Moment], order: Random
) -> None:
    """All jobs are one conversation: the same counts and words, whichever request was committed first."""
    one_group = [replace(one, group_by=(Filter("source"),)) for one in rules]
    ordered, at_once = (told(one_group, silences, moments, way, together=True) for way in (order, None))
    assert ordered == at_once
