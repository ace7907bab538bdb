"""Trial: a case of a rule's ``tests``, run through the engine on a virtual clock, and what came of it."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from router.core.alert import Alert
from router.core.case import Case, Expected, Failing, Given, body_of
from router.core.delivery import Verdict
from router.core.event import Envelope, Event
from router.core.policy import Policy
from router.core.rule import Rule
from router.core.telling import Telling
from router.core.times import brief
from router.pipeline.contexts import about_job, reads_job
from router.pipeline.explain import explain_rules
from router.pipeline.ingest import Decode
from router.pipeline.tongue import Tongue
from router.pipeline.virtual import VirtualRouter, failing
from router.ports import Store

#: Events, and messages, that the explanation of a failure shows.
SHOWN = 5
#: Alerts of a rule that are looked at.
MOST = 1_000_000

#: What is wrong with a snapshot's text, or nothing: its name and the text that came.
Compare = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Failure:
    """What was expected, what came, and why, line by line."""

    expected: Expected
    said: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a case.

    Args:
        told: all messages, in their order.
        events: the first of each event that was given, as its filters saw it.
        fired: rules that had an alert.
    """

    case: Case
    failures: tuple[Failure, ...]
    told: tuple[Telling, ...]
    events: tuple[Event, ...]
    fired: frozenset[str]


def try_case(
    case: Case, policy: Policy, decode: Decode, store: Store, tongue: Tongue, compare: Compare
) -> Trial:
    """Runs a case from its start to its last expectation.

    Args:
        store: new.
    """
    return _Run(case, policy, decode, store, tongue, compare).trial()


class _Run:
    def __init__(
        self, case: Case, policy: Policy, decode: Decode, store: Store, tongue: Tongue, compare: Compare
    ) -> None:
        self._case = case
        self._policy = policy
        self._compare = compare
        self._broken: dict[str, list[Verdict]] = {}
        self._router = VirtualRouter(
            store, policy, decode, case.start, tongue=tongue, answer=failing(self._broken)
        )
        self._count = 0
        self._events: list[tuple[int, Event]] = []

    def trial(self) -> Trial:
        failures = [Failure(self._case.expected[0], said, ()) for said in self._failing_in_vain()]
        given = deque(self._case.given)
        for expected in self._case.expected:
            while given and given[0].at <= expected.at:
                self._happen(given.popleft())
            self._router.run_until(self._case.start + expected.at)
            failures += self._judge(expected)
        fired = frozenset(rule.name for rule in self._policy.rules if self._alerts(rule.name))
        events = tuple(event for _, event in self._events)
        return Trial(self._case, tuple(failures), tuple(self._router.told()), events, fired)

    # what is given

    def _happen(self, given: Given | Failing) -> None:
        self._router.move_to(self._case.start + given.at)
        if isinstance(given, Failing):
            answer = f"the test says: {given.outcome.value}"
            script = self._broken.setdefault(given.channel, [])
            script += [Verdict(given.outcome, answer)] * given.times
            return
        receipts = self._router.take([self._envelope(given, number) for number in range(given.times)])
        first = [receipts[0].id]
        found = self._router.store.read(lambda unit: unit.events_of(first))
        self._events += [(given.at, event) for event in found]

    def _envelope(self, given: Given, number: int) -> Envelope:
        self._count += 1
        body = json.dumps(body_of(given, number)).encode()
        return Envelope(given.source, body, self._router.clock.at, position=str(self._count))

    def _failing_in_vain(self) -> Iterator[str]:
        names = dict.fromkeys(one.channel for one in self._case.given if isinstance(one, Failing))
        yield from (self._unknown(name) for name in names if name not in self._policy.channels)

    def _unknown(self, channel: str) -> str:
        known = ", ".join(self._policy.channels) or "none"
        return f"no rule tells a channel named {channel}; known: {known}"

    # what is expected

    def _judge(self, expected: Expected) -> Iterator[Failure]:
        said = list(self._on_channel(expected)) if expected.channel else []
        said += self._of_alerts(expected) if expected.alerts else []
        if said:
            why = tuple(self._why(expected))
            yield from (Failure(expected, one, why if one is said[-1] else ()) for one in said)

    def _on_channel(self, expected: Expected) -> Iterator[str]:
        name = expected.channel
        if name not in self._policy.channels:
            yield self._unknown(name)
            return
        told = [one for one in self._router.told() if one.channel == name]
        if expected.count is not None and len(told) != expected.count:
            yield f"expected {_messages(expected.count)} on {name}, got {len(told)}"
        texts = (expected.reason, expected.title_contains, expected.body_contains, expected.snapshot)
        if any(texts) and not told:
            yield f"expected a message on {name}, got none"
        elif told:
            yield from self._of_text(expected, told[-1])

    def _of_text(self, expected: Expected, told: Telling) -> Iterator[str]:
        if expected.reason and told.reason.value != expected.reason:
            yield f"expected the reason {expected.reason}, got {told.reason.value}"
        for part, text, what in (
            (expected.title_contains, told.message.title, "title"),
            (expected.body_contains, told.message.body, "text"),
        ):
            if part not in text:
                yield f"expected a {what} with {part!r}, got {text!r}"
        if expected.snapshot:
            said = self._compare(expected.snapshot, f"{told.message.title}\n\n{told.message.body}\n")
            if said:
                yield said

    def _of_alerts(self, expected: Expected) -> Iterator[str]:
        if self._policy.rule(expected.rule) is None:
            yield f"no rule is named {expected.rule}"
            return
        alerts = self._alerts(expected.rule)
        if expected.alerts == "none":
            if alerts:
                yield f"expected no alert of {expected.rule}, got {_counted(alerts)}"
        elif not alerts or any(alert.state.value != expected.alerts for alert in alerts):
            yield f"expected all alerts of {expected.rule} {expected.alerts}, got {_counted(alerts)}"

    # why

    def _why(self, expected: Expected) -> Iterator[str]:
        told = [one for one in self._router.told() if expected.channel in ("", one.channel)]
        yield f"told until then: {'' if told else 'nothing'}"
        if len(told) > SHOWN:
            yield f"        … {len(told) - SHOWN} before"
        yield from (f"  {self._line(one)}" for one in told[-SHOWN:])
        rules = [rule for rule in self._policy.rules if self._is_asked(rule, expected)]
        for rule in rules:
            yield from self._alerts_in_words(rule)
        names = {rule.name for rule in rules}
        for at, event in self._events[-SHOWN:]:
            for said in explain_rules(event, self._policy, lambda rule: rule.name in names):
                yield f"{brief(at)} {event.kind or 'event'}: {said.rule}: {said.reason}"
            if any(map(reads_job, rules)) and (note := about_job(event)):
                yield f"{brief(at)} {event.kind}: {note}"

    def _line(self, told: Telling) -> str:
        since = brief(told.at - self._case.start)
        return f"{since:>6}  {told.channel}  {told.reason.value}  {told.message.title}"

    def _is_asked(self, rule: Rule, expected: Expected) -> bool:
        if not expected.channel:
            return rule.name == expected.rule
        return expected.channel in {*rule.to, *(name for step in rule.escalate for name in step.to)}

    def _alerts_in_words(self, rule: Rule) -> Iterator[str]:
        alerts = self._alerts(rule.name)
        yield f"alerts of {rule.name}: {_counted(alerts)}"
        muted = dict.fromkeys(alert.muted_by for alert in alerts if alert.muted_by)
        yield from (f"  muted: {reason}" for reason in list(muted)[:SHOWN])

    # what came

    def _alerts(self, rule: str) -> list[Alert]:
        return self._router.store.read(lambda unit: unit.list_alerts(rule=rule, limit=MOST))


def _messages(count: int) -> str:
    return f"{count} message{'s' if count != 1 else ''}"


def _counted(alerts: list[Alert]) -> str:
    if not alerts:
        return "none"
    states = [alert.state.value for alert in alerts]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
