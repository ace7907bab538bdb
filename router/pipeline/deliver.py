"""Deliver: claims under a lease, sends, and settles what came of it.

A send starts only after its claim is committed. What came of it is written under the claim's
token; while the store cannot write it, it is kept here, and this process never sends it again.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router import telemetry
from router.core import delivery as deliveries
from router.core.breaker import Breaker
from router.core.delivery import SECOND, Delivery, Outcome, Patience, State, Verdict
from router.core.policy import ChannelPlan, Policy
from router.errors import RouterError
from router.failpoints import failpoint
from router.pipeline.claims import Claims, Ended, Place, claim, learn, take_back_probes
from router.pipeline.digesting import Sending, accepted, alone, together
from router.pipeline.fallbacks import hold_groups, tell_fallbacks
from router.pipeline.lane import Lane
from router.pipeline.second_look import withdraw
from router.pipeline.threads import threaded
from router.pipeline.tongue import Tongue
from router.pipeline.tracing import Tracing
from router.ports import Attempt, Channel, Clock, Store, Unit
from router.traces import Stretch

#: How long a claim holds at least. Longer than any send (its timeout and what the store may need), so that
#: a lease that runs out means a sender that is gone.
LEASE = 60 * SECOND
#: What is left of a claim when a send has taken all of its time.
AFTER_TIMEOUT = 48 * SECOND
#: Deliveries that are looked at again in one transaction.
LOOKS = 200
#: Seconds that what has ended waits for what is about to, so that one transaction settles both, and how much
#: of it at most: a process that is killed leaves all of it in doubt.
GATHERED_FOR = 0.03
MOST_GATHERED = 8
#: How long the loop sleeps when nothing is known to be due.
LONGEST_WAIT = 5 * SECOND


#: By target its breaker before and after what was learnt.
Learnt = Mapping[str, tuple[Breaker, Breaker]]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came of a claim.

    Args:
        verdict: None where nothing was tried: it is given back.
        began: whether its lane began it, and waits to hear that it is settled.
    """

    lane: Lane
    sending: Sending
    verdict: Verdict | None
    started_at: int
    ended_at: int
    began: bool = False

    @property
    def attempts(self) -> list[Attempt]:
        """As they are kept: one of each delivery."""
        if self.verdict is None:
            return []
        return [
            Attempt(one.id, one.attempts, self.started_at, self.ended_at, self.verdict)
            for one in self.sending.deliveries
        ]


class Deliver:
    """The loop that sends, for all targets.

    Args:
        owner: names this process; every claim's token starts with it.
        policy: in force.
        told: called after a commit that made groups or alerts due.
        tongue: of digests.
        tracing: hears of each attempt, if somebody collects traces.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        policy: Callable[[], Policy],
        clock: Clock,
        metrics: telemetry.Metrics,
        told: Callable[[], None],
        tongue: Callable[[], Tongue] = Tongue,
        tracing: Tracing | None = None,
    ) -> None:
        self._store = store
        self._owner = owner
        self._tongue = tongue
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._told = told
        self._tracing = tracing
        self._lanes: dict[str, Lane] = {}
        self._hot: set[str] = set()
        self._due: dict[str, int] = {}
        self._moved: frozenset[str] = frozenset()
        self._done: list[_Sent] = []
        self._in_hand: set[str] = set()
        self._stopping = False
        self._changed = threading.Condition()
        self._settle_wanted = threading.Condition()

    # lanes

    def use(self, channels: Mapping[str, tuple[Channel, ChannelPlan]], moved: Collection[str] = ()) -> None:
        """Sends through these channels from now on, by target name; what is in flight ends as it began.

        Args:
            moved: targets that have another address now: that the old one failed does not count.
        """
        lanes = {
            target: Lane(target, channel, plan, self._send) for target, (channel, plan) in channels.items()
        }
        with self._changed:
            old, self._lanes = self._lanes, lanes
            for target in old.keys() - lanes.keys():
                self._metrics.target_broken.remove(target)
                self._metrics.target_open.remove(target)
            for target, lane in lanes.items():
                if target in old and target not in moved:
                    lane.breaker = old[target].breaker
                    lane.has_accepted = old[target].has_accepted
                self._show_breaker(target, lane.breaker)
            self._moved |= frozenset(moved)
            self._hot = set(lanes)
            self._changed.notify()
        for lane in old.values():
            lane.close()

    def wake(self, targets: frozenset[str]) -> None:
        """These targets have deliveries that are due."""
        with self._changed:
            self._hot |= targets
            self._changed.notify()

    def claimed(self, deliveries: Sequence[Delivery], now: int) -> list[Delivery]:
        """Those that their targets take at once, as they are when they are claimed; the others as they are.

        For deliveries that are not written yet; hand them to :meth:`written` after the commit.
        """
        with self._changed:
            lanes = {} if self._stopping else dict(self._lanes)
        room = {name: lanes[name].at_once() for name in {one.target for one in deliveries} if name in lanes}
        token = self._token()

        def at_once(one: Delivery) -> Delivery:
            if one.state is not State.PENDING or room.get(one.target, 0) < 1:
                return one
            room[one.target] -= 1
            until = _lease_until(now, lanes[one.target].plan.timeout)
            return replace(one, state=State.SENDING, token=token, lease_until=until, attempts=1)

        return [at_once(one) for one in deliveries]

    def written(self, deliveries: Sequence[Delivery]) -> None:
        """These are in the store: what is claimed is sent, the other targets have something due."""
        ours = [one for one in deliveries if one.state is State.SENDING]
        if ours:
            failpoint("deliver.handed_over")
        now = self._clock.now()
        with self._changed:
            # A target that has just left the configuration: its claim runs out.
            ours = [one for one in ours if one.target in self._lanes]
            self._in_hand |= {one.id for one in ours}
            for sending in alone(ours):
                self._take(self._lanes[sending.first.target], sending, now)
        if waiting := frozenset(one.target for one in deliveries if one.state is State.PENDING):
            self.wake(waiting)

    def _token(self) -> str:
        return f"{self._owner}:{secrets.token_hex(8)}"

    def stop_claiming(self) -> None:
        """Claims nothing more; what is in flight goes on."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
            lanes = list(self._lanes.values())
        for lane in lanes:
            self._give_back(lane, lane.take_back())

    @property
    def again(self) -> dict[str, int]:
        """When each target is to be looked at again, as far as that is known."""
        with self._changed:
            return dict(self._due)

    @property
    def in_hand(self) -> frozenset[str]:
        """Ids that this process has claimed and not yet settled: nobody else's to rescue."""
        with self._changed:
            return frozenset(self._in_hand)

    # claim

    def wait(self) -> None:
        """Returns when a target may have something due."""
        with self._changed:
            if self._hot or self._stopping:
                return
            now = self._clock.now()
            due = min(self._due.values(), default=now + LONGEST_WAIT)
            self._changed.wait(max(0, min(due - now, LONGEST_WAIT)) / SECOND)
            if not self._hot:
                # Due as we know it, or else everything: a person may have retried a dead letter.
                now = self._clock.now()
                self._hot = {target for target, at in self._due.items() if at <= now} or set(self._lanes)

    def step(self) -> int:
        """Claims what is due where there is room, and hands it to the lanes; returns how many."""
        with self._changed:
            if self._stopping:
                return 0
            lanes = {target: self._lanes[target] for target in self._hot if target in self._lanes}
            places = [place for lane in lanes.values() if (place := lane.place()).free > 0]
            for lane in lanes.values():
                # Until it is known: what is settled meanwhile may let something through.
                lane.has_more = True
            self._hot = set()
        if not places:
            return 0
        now = self._clock.now()
        slowest = max(lanes[place.target].plan.timeout for place in places)
        claims = self._claim(places, now, _lease_until(now, slowest))
        lanes = {place.target: lanes[place.target] for place in places}
        claimed = [*claims.deliveries, *(one for crowd in claims.crowds for one in crowd.deliveries)]
        again = [one for one in claimed if one.attempts > 1]
        looks = (self._withdraw(again[at : at + LOOKS], lanes, now) for at in range(0, len(again), LOOKS))
        withdrawn = frozenset[str]().union(*looks)
        self._hand_out(self._sendings(claims, withdrawn), claims, lanes, now)
        self.wake(frozenset(delivery.target for delivery in claimed if delivery.id in withdrawn))
        return len(claimed)

    def _sendings(self, claims: Claims, withdrawn: Collection[str]) -> list[Sending]:
        """What is left of the claims, as it is sent."""
        sendings = alone([one for one in claims.deliveries if one.id not in withdrawn])
        for crowd in claims.crowds:
            left = [one for one in crowd.deliveries if one.id not in withdrawn]
            sendings += together(left, crowd.messages, self._tongue())
        return sendings

    def _claim(self, places: Sequence[Place], now: int, lease_until: int) -> Claims:
        token, moved = self._token(), self._moved

        def work(unit: Unit) -> Claims:
            claims = threaded(unit, claim(unit, places, token, now, lease_until, moved=moved))
            failpoint("deliver.claimed")
            return claims

        try:
            claims = self._store.write(work)
        except Exception:
            self.wake(frozenset(place.target for place in places))
            raise
        failpoint("deliver.claim_committed")
        with self._changed:
            self._moved -= frozenset(claims.states)
        return claims

    def _withdraw(self, again: Sequence[Delivery], lanes: Mapping[str, Lane], now: int) -> frozenset[str]:
        """Ids of those that are not to be sent again now: their reason is gone."""
        if not again:
            return frozenset()
        policy = self._policy()

        def work(unit: Unit) -> list[Delivery]:
            settled = withdraw(unit, policy, again, now)
            take_back_probes(unit, {one.target for one in settled})
            return settled

        try:
            withdrawn = self._store.write(work)
            failpoint("deliver.withdraw_committed")
        except RouterError as error:
            # Nobody knows what was committed: that nothing was sent is written under the claim, or not.
            with self._changed:
                self._in_hand |= {delivery.id for delivery in again}
            for sending in alone(again):
                self._not_sent(lanes[sending.first.target], sending, error, now)
            return frozenset(delivery.id for delivery in again)
        except Exception as error:  # noqa: BLE001  what cannot be judged is sent: it was due once
            telemetry.log("delivery.not_judged", "warning", count=len(again), error=repr(error))
            return frozenset()
        for delivery in withdrawn:
            observe_dropped(self._metrics, delivery)
        if withdrawn:
            self._told()
        return frozenset(delivery.id for delivery in withdrawn)

    def _hand_out(
        self, sendings: Sequence[Sending], claims: Claims, lanes: Mapping[str, Lane], now: int
    ) -> None:
        with self._changed:
            self._in_hand |= {delivery.id for sending in sendings for delivery in sending.deliveries}
            for sending in sendings:
                # The lanes may have been replaced while the claim was committed.
                target = sending.first.target
                self._take(self._lanes.get(target, lanes[target]), sending, now)
            for target in lanes:
                self._due.pop(target, None)
                if target in self._lanes:
                    self._lanes[target].has_more = target in claims.left
                    self._lanes[target].breaker = claims.states[target].breaker
                    self._show_breaker(target, self._lanes[target].breaker)
            self._due |= claims.again

    def _take(self, lane: Lane, sending: Sending, now: int) -> None:
        try:
            lane.take(sending)
        except RuntimeError as error:
            self._not_sent(lane, sending, error, now)

    def _not_sent(self, lane: Lane, sending: Sending, error: Exception, now: int) -> None:
        verdict = Verdict(Outcome.UNREACHABLE, f"nothing was sent: {error}")
        self._finish(_Sent(lane, sending, verdict, now, now))

    # send: in the lanes' threads

    def _send(self, lane: Lane, sending: Sending) -> None:
        failpoint("deliver.sending")
        started = self._clock.now()
        if started >= (sending.first.lease_until or started + 1):
            # We stood still: it may be somebody else's by now.
            self._finish(_Sent(lane, sending, None, started, started, began=True))
            return
        try:
            verdict = lane.channel.send(sending.message, sending.delivery)
        except Exception as error:  # noqa: BLE001  a channel never raises; if it does, nobody knows what was sent
            verdict = Verdict(Outcome.UNKNOWN, f"the channel failed: {type(error).__name__}")
        failpoint("deliver.sent")
        ended = self._clock.now()
        self._finish(_Sent(lane, sending, verdict, started, ended, began=True))
        self._give_back(lane, lane.learn(verdict.outcome, ended - started))

    def _give_back(self, lane: Lane, unsent: Sequence[Sending]) -> None:
        now = self._clock.now()
        for sending in unsent:
            self._finish(_Sent(lane, sending, None, now, now))

    def _finish(self, sent: _Sent) -> None:
        with self._settle_wanted:
            self._done.append(sent)
            if len(self._done) in (1, MOST_GATHERED) or sent.lane.is_full:
                self._settle_wanted.notify()

    # settle

    def wait_done(self, seconds: float) -> None:
        """Returns when an attempt has ended, or after that time."""
        with self._settle_wanted:
            if not self._done:
                self._settle_wanted.wait(seconds)

    def settle_gathered(self) -> int:
        """As :meth:`settle`, after a moment for more to end, where more is in hand."""
        in_hand = self.in_flight
        with self._settle_wanted:
            ended = sum(len(sent.sending.deliveries) for sent in self._done)
            if 0 < ended < in_hand:
                self._settle_wanted.wait_for(self._gathered, GATHERED_FOR)
        return self.settle()

    def _gathered(self) -> bool:
        return len(self._done) >= MOST_GATHERED or any(sent.lane.is_full for sent in self._done)

    def settle(self) -> int:
        """Writes what came of the attempts that have ended; returns how many there were."""
        with self._settle_wanted:
            done = list(self._done)
        if not done:
            return 0
        pairs = [(sent, after) for sent in done for after in self._settled(sent)]
        tokens = [one.token or "" for sent in done for one in sent.sending.deliveries]
        news = self._news(done)
        # A probe among what is given back would keep others from being sent.
        unsent = {one.lane.target for one in done if one.verdict is None and one.lane.breaker.pauses}

        def work(unit: Unit) -> tuple[set[str], bool, Learnt]:
            hold_groups(unit, [(after, sent.lane.plan) for sent, after in pairs])
            if unsent:
                take_back_probes(unit, unsent)
            learnt = learn(unit, news) if news else {}
            ours = set(unit.settle_deliveries([after for _, after in pairs], tokens))
            unit.add_attempts([attempt for sent in done for attempt in sent.attempts])
            ended = [(after, sent.lane.plan) for sent, after in pairs if after.id in ours]
            told = tell_fallbacks(unit, ended, self._clock.now())
            failpoint("deliver.settled")
            return ours, told, learnt

        ours, told, learnt = self._store.write(work)
        failpoint("deliver.settle_committed")
        self._after_settling(done, learnt, {after.target for _, after in pairs if after.ended_at is None})
        if told:
            self._told()
        for sent in done:
            if sent.verdict is None:
                continue
            self._observe_send(sent.sending, sent.verdict)
            if self._tracing:
                took = Stretch(sent.started_at, sent.ended_at)
                self._tracing.tried(sent.sending.deliveries, sent.verdict, took)
        for sent, after in pairs:
            if sent.verdict is not None:
                self._observe(sent, after, fenced=after.id not in ours)
        return len(done)

    def _settled(self, sent: _Sent) -> list[Delivery]:
        if sent.verdict is None:
            return [deliveries.given_back(one) for one in sent.sending.deliveries]
        patience = sent.lane.plan.patience
        settled = [
            deliveries.settle(one, sent.verdict, sent.ended_at, patience, deliveries.jitter_of(one))
            for one in sent.sending.deliveries
        ]
        return accepted(sent.sending, settled)

    def _news(self, done: Sequence[_Sent]) -> list[Ended]:
        """Attempts that may say something of their targets: most are accepted where all was well before."""
        ended = [
            Ended(sent.lane.target, sent.verdict, sent.started_at, sent.ended_at)
            for sent in done
            if sent.verdict is not None
        ]
        troubled = {sent.lane.target for sent in done if sent.lane.breaker != Breaker()}
        odd = troubled | {one.target for one in ended if one.verdict.outcome is not Outcome.ACCEPTED}
        return [one for one in ended if one.target in odd]

    def _after_settling(self, done: Sequence[_Sent], learnt: Learnt, unfinished: Collection[str]) -> None:
        """Looks for more, except for targets of which all was accepted or given up and no more was due."""
        with self._settle_wanted:
            self._done = self._done[len(done) :]
        for lane, began in Counter(sent.lane for sent in done if sent.began).items():
            lane.settled(began)
        with self._changed:
            self._in_hand -= {one.id for sent in done for one in sent.sending.deliveries}
            settled = {self._lanes.get(sent.lane.target, sent.lane) for sent in done}
            self._hot |= {lane.target for lane in settled if lane.has_more}.union(unfinished)
            for target, (_, after) in learnt.items():
                if target in self._lanes:
                    self._lanes[target].breaker = after
            if self._hot:
                self._changed.notify()
        for target, (before, after) in learnt.items():
            self._observe_target(target, before, after)

    def standing(self) -> dict[str, Breaker]:
        """What the latest attempts say of each target."""
        with self._changed:
            return {target: lane.breaker for target, lane in self._lanes.items()}

    def proved(self) -> set[str]:
        """Targets that have accepted a message since the start."""
        with self._changed:
            return {target for target, lane in self._lanes.items() if lane.has_accepted}

    def left_alone(self) -> dict[str, str]:
        """Targets that failed so often in a row that only probes are sent, with their latest answers."""
        return {target: breaker.answer for target, breaker in self.standing().items() if breaker.pauses}

    def _observe_target(self, target: str, before: Breaker, after: Breaker) -> None:
        self._show_breaker(target, after)
        said = {"target": target, "answer": after.broken or after.answer}
        if after.broken and not before.broken:
            telemetry.log("target.broken", "error", **said)
        if after.pauses and not before.pauses:
            telemetry.log("target.left_alone", "warning", **said)
        if (before.pauses or before.broken) and not (after.pauses or after.broken):
            telemetry.log("target.recovered", target=target)

    def _show_breaker(self, target: str, breaker: Breaker) -> None:
        if target not in self._lanes:
            return  # What was sent to it before it left the configuration ends only now.
        self._metrics.target_broken.labels(target).set(1 if breaker.broken else 0)
        self._metrics.target_open.labels(target).set(1 if breaker.pauses else 0)

    @property
    def in_flight(self) -> int:
        """Sends that have begun and are not settled."""
        return len(self.in_hand)

    def _observe_send(self, sending: Sending, verdict: Verdict) -> None:
        first, count = sending.first, len(sending.deliveries)
        self._metrics.attempts.labels(first.channel, verdict.outcome).inc()
        if count > 1 and verdict.outcome is Outcome.ACCEPTED:
            telemetry.log("delivery.digest", channel=first.channel, delivery=first.id, count=count)

    def _observe(self, sent: _Sent, after: Delivery, *, fenced: bool) -> None:
        metrics = self._metrics
        said: dict[str, Any] = {"channel": after.channel, "delivery": after.id, "answer": after.answer}
        if fenced:
            metrics.fenced.inc()
            telemetry.log("delivery.fenced", "warning", **said)
            return
        if after.state is State.SENT:
            metrics.latency.labels(after.channel).observe((sent.ended_at - after.created_at) / SECOND)
        if after.ended_at is not None:
            observe_ended(metrics, after)
        else:
            telemetry.log("delivery.waiting", "warning", attempts=after.attempts, **said)


def _lease_until(now: int, timeout: int) -> int:
    return now + max(LEASE, timeout + AFTER_TIMEOUT)


def observe_ended(metrics: telemetry.Metrics, delivery: Delivery) -> None:
    """Counts and logs a delivery that was accepted or given up."""
    metrics.ended.labels(delivery.channel, delivery.state).inc()
    said = {"channel": delivery.channel, "delivery": delivery.id, "answer": delivery.answer}
    if delivery.state is State.DEAD:
        telemetry.log("delivery.dead", "error", reason=delivery.reason, **said)
    else:
        telemetry.log("delivery.sent", "debug", **said)


def observe_dropped(metrics: telemetry.Metrics, delivery: Delivery) -> None:
    """Counts and logs a delivery that the router dropped; nothing for any other."""
    if delivery.state is State.DROPPED:
        metrics.ended.labels(delivery.channel, delivery.state).inc()
        said = {"channel": delivery.channel, "delivery": delivery.id, "reason": delivery.reason}
        telemetry.log("delivery.dropped", **said)


def patience_of(plans: Mapping[str, ChannelPlan], delivery: Delivery) -> Patience:
    """How long the delivery's channel is tried; the default when the channel is gone."""
    plan = plans.get(delivery.channel)
    return plan.patience if plan else Patience()
