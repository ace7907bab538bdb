"""The engine's own steps on a virtual clock: for tests of rules, and for days that have passed.

Everything is the running router's: intake, alerts, groups, timers, mutes, texts, deliveries. Only the
clock is moved by the caller, and channels answer as they are told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from router import telemetry
from router.core import delivery as deliveries
from router.core.delivery import SECOND, Delivery, Outcome, Verdict
from router.core.event import Envelope
from router.core.group import Group
from router.core.message import Message
from router.core.policy import Policy
from router.core.telling import Telling
from router.core.text.kinds import KINDS
from router.pipeline import absences
from router.pipeline.advance import Advance
from router.pipeline.claims import Ended, Place, claim, learn, take_back_probes
from router.pipeline.deliver import LEASE
from router.pipeline.digesting import Sending, accepted, alone, together
from router.pipeline.dispatch import Dispatch
from router.pipeline.fallbacks import tell_fallbacks
from router.pipeline.ingest import BATCH, Decode, take_in
from router.pipeline.maintain import Maintain
from router.pipeline.second_look import withdraw
from router.pipeline.tongue import Tongue
from router.ports import Attempt, NotificationRecord, Receipt, Store, Unit

#: Deliveries that a target takes at once where all are accepted; else one, which says how the next will do.
ROOM = 100
#: A claim's owner.
OWNER = "virtual"
#: How often it is looked whether a message has waited too long behind a failing one.
TAKE_OVER_EVERY = 30 * SECOND

#: What a channel answers to an attempt at a time, microseconds UTC.
Answer = Callable[[Delivery, int], Verdict]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a channel accepted, and when."""

    at: int
    delivery: Delivery


class VirtualClock:
    """Stands where it was put. Microseconds UTC."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        """Where it stands."""
        return self.at


def accept(_: Delivery, __: int) -> Verdict:
    """The answer of a channel where nothing is wrong."""
    return Verdict(Outcome.ACCEPTED, "accepted", 200)


class VirtualRouter:
    """A router without loops, sources and providers.

    Args:
        store: new, or one that a router has left.
        start: where the clock begins, microseconds UTC.
        answer: of every channel.
    """

    def __init__(
        self,
        store: Store,
        policy: Policy,
        decode: Decode,
        start: int,
        *,
        tongue: Tongue | None = None,
        answer: Answer = accept,
    ) -> None:
        self.clock = VirtualClock(start)
        self.store = store
        self.sent: list[Sent] = []
        self._looked_at = start
        self._policy = policy
        self._decode = decode
        self._answer = answer
        pairs = [(target, plan) for plan in policy.channels.values() for target in plan.targets]
        self._targets = {target.name: plan for target, plan in pairs}
        free = ROOM if answer is accept else 1
        self._places = [
            Place(target.name, plan.rate_of(target), free, free, True, _folds(target.kind))
            for target, plan in pairs
        ]
        self._again: Mapping[str, int] = {}
        metrics = telemetry.Metrics()
        speaks = self._tongue = tongue or Tongue()
        self._dispatch = Dispatch(store, self._in_force, lambda: speaks, self.clock, metrics, lambda _: None)
        self._advance = Advance(
            store, self._in_force, self.clock, metrics, lambda: (), self._dispatch.recheck
        )
        self._maintain = Maintain(
            store, self._in_force, lambda: 0, lambda: (), self.clock, metrics, lambda _: None
        )
        store.write(self._begin)

    def _in_force(self) -> Policy:
        return self._policy

    def _begin(self, unit: Unit) -> None:
        unit.keep_policy(self._policy.hash, self._policy.text, self.clock.at)
        absences.install(unit, self._policy, self.clock.at)

    # events

    def take(self, envelopes: Sequence[Envelope]) -> list[Receipt]:
        """Takes messages one by one at this moment; what is due is told after each."""
        pairs = [(envelope, self._decode(envelope)) for envelope in envelopes]
        receipts: list[Receipt] = []
        room = 1
        while len(receipts) < len(pairs):
            some = pairs[len(receipts) : len(receipts) + room]
            taken = self.store.write(
                lambda unit, some=some: take_in(unit, some, self._policy, self.clock.at, until_due=True)
            )
            receipts += taken.receipts
            self.settle()
            # Most batches end where they began, or nowhere.
            room = 1 if len(taken.receipts) < len(some) else min(BATCH, room * 4)
        return receipts

    # time

    def move_to(self, at: int) -> None:
        """Moves the clock there; what is due before happens at its own time, what is due then not yet."""
        while (moment := self._next()) is not None and moment < at:
            self.clock.at = max(moment, self.clock.at)
            if self._look_at() <= self.clock.at:
                self._take_over()
            self.settle()
        self.clock.at = max(at, self.clock.at)

    def run_until(self, at: int) -> None:
        """The same, and what is due then happens too."""
        self.move_to(at)
        self._take_over()
        self.settle()

    def settle(self) -> None:
        """All that is due now happens."""
        while self._advance.step() or self._dispatch.step() or self._deliver():
            pass

    # what came

    def told(self) -> list[Telling]:
        """The first acceptance of each notification on its channel, in their order."""
        first: dict[tuple[str, str], Sent] = {}
        for one in self.sent:
            first.setdefault((one.delivery.notification_id, one.delivery.channel), one)
        return self.store.read(lambda unit: _tellings(unit, list(first.values())))

    def _next(self) -> int | None:
        def moments(unit: Unit) -> list[int | None]:
            later = [at for at in self._again.values() if at > self.clock.at]
            # Somebody may wait behind a failing one. A look is not lost where an event comes at its moment.
            waits = unit.next_due(list(self._targets))
            return [unit.next_change(()), *later, self._look_at() if waits else None]

        return min((at for at in self.store.read(moments) if at is not None), default=None)

    def _look_at(self) -> int:
        return self._looked_at + TAKE_OVER_EVERY - self._looked_at % TAKE_OVER_EVERY

    # deliveries

    def _take_over(self) -> None:
        self._looked_at = self.clock.at
        states = self.store.read(lambda unit: unit.targets(list(self._targets)))
        left_alone = {name: one.breaker.answer for name, one in states.items() if one.breaker.pauses}
        self._maintain.take_over(left_alone)
        self._maintain.give_up(left_alone)
        self._maintain.tell_overdue()

    def _deliver(self) -> int:
        return self.store.write(self._send)

    def _send(self, unit: Unit) -> int:
        now = self.clock.at
        due = unit.next_due(list(self._targets))
        if min(due.values(), default=now + 1) > now:
            self._again = due
            return 0
        token = f"{OWNER}:{now}"
        claims = claim(unit, self._places, token, now, now + LEASE)
        self._again = claims.again
        claimed = [*claims.deliveries, *(one for crowd in claims.crowds for one in crowd.deliveries)]
        again = [one for one in claimed if one.attempts > 1]
        withdrawn = withdraw(unit, self._policy, again, now) if again else []
        take_back_probes(unit, {one.target for one in withdrawn})
        gone = {one.id for one in withdrawn}
        sendings = alone([one for one in claims.deliveries if one.id not in gone])
        for crowd in claims.crowds:
            left = [one for one in crowd.deliveries if one.id not in gone]
            sendings += together(left, crowd.messages, self._tongue)
        for sending in sendings:
            self._settle(unit, sending, token)
        return len(claimed)

    def _settle(self, unit: Unit, sending: Sending, token: str) -> None:
        now, plan = self.clock.at, self._targets[sending.first.target]
        verdict = self._answer(sending.first, now)
        settled = [
            deliveries.settle(one, verdict, now, plan.patience, deliveries.jitter_of(one))
            for one in sending.deliveries
        ]
        ended = accepted(sending, settled)
        if verdict.outcome is Outcome.ACCEPTED:
            self.sent.append(Sent(now, ended[0]))
        learn(unit, [Ended(sending.first.target, verdict, now, now)])
        unit.settle_deliveries(ended, [token] * len(ended))
        unit.add_attempts([Attempt(one.id, one.attempts, now, now, verdict) for one in sending.deliveries])
        tell_fallbacks(unit, [(after, plan) for after in ended], now)


def _folds(kind: str) -> bool:
    return KINDS.get(kind, KINDS["plain"]).folds


def _tellings(unit: Unit, sent: Sequence[Sent]) -> list[Telling]:
    notified = {one.id: one for one in unit.notifications([one.delivery.notification_id for one in sent])}
    groups = {one.id: one for one in unit.groups([one.delivery.group_id for one in sent])}
    return [
        _telling(one, notified[one.delivery.notification_id], groups[one.delivery.group_id]) for one in sent
    ]


def _telling(sent: Sent, notified: NotificationRecord, group: Group) -> Telling:
    message = Message.from_json(sent.delivery.content)
    rule = str(message.data.get("rule", ""))
    return Telling(
        sent.at, sent.delivery.channel, sent.delivery.kind, rule, notified.reason, group.key, message
    )


def failing(times: Mapping[str, list[Verdict]]) -> Answer:
    """Channels that answer with these verdicts first, then accept; what was used is taken out."""

    def answer(delivery: Delivery, now: int) -> Verdict:
        script = times.get(delivery.channel)
        return script.pop(0) if script else accept(delivery, now)

    return answer
