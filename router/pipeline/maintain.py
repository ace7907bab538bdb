"""Maintain: gives back claims whose sender is gone, and deletes what is old."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from router import telemetry
from router.core import delivery as deliveries
from router.core.delivery import SECOND, Delivery, Outcome, State, Verdict
from router.core.policy import ChannelPlan, Policy
from router.failpoints import failpoint
from router.pipeline import absences
from router.pipeline.claims import take_back_probes
from router.pipeline.deliver import observe_dropped, observe_ended, patience_of
from router.pipeline.fallbacks import tell_fallbacks, tell_instead
from router.pipeline.newer import since
from router.pipeline.second_look import still_true
from router.ports import Attempt, Clock, Store, Unit

#: Claims in one transaction, and records deleted in one transaction.
BATCH = 500
#: How long a message waits behind a failing one of its group.
PATIENCE = 120 * SECOND
#: So far clocks of replicas may differ; one that goes back farther has been set.
SET_BACK = 10 * SECOND
#: Identities of messages, ends and jobs are remembered at least this long, and while events are kept.
REMEMBER = 16 * 24 * 3600 * SECOND


class Maintain:
    """The loop that tidies up.

    Args:
        retention: how long ended records are kept, in microseconds.
        in_hand: ids that this process is sending or settling: never rescued.
        rescued: called after a commit that made deliveries or groups due.
    """

    def __init__(
        self,
        store: Store,
        policy: Callable[[], Policy],
        retention: Callable[[], int],
        in_hand: Callable[[], Collection[str]],
        clock: Clock,
        metrics: telemetry.Metrics,
        rescued: Callable[[frozenset[str]], None],
    ) -> None:
        self._store = store
        self._policy = policy
        self._retention = retention
        self._in_hand = in_hand
        self._clock = clock
        self._metrics = metrics
        self._rescued = rescued

    def beat(self) -> None:
        """Writes that a router lives, and finds a clock that has been set back since it was last written."""
        now = self._clock.now()

        def work(unit: Unit) -> tuple[int, frozenset[str]]:
            last = unit.last_beat()
            unit.beat(now)
            back = 0 if last is None else last - now
            hastened = unit.hasten(now) if back > SET_BACK else frozenset[str]()
            failpoint("maintain.beaten")
            return back, hastened

        back, targets = self._store.write(work)
        failpoint("maintain.beat_committed")
        if back > SET_BACK:
            telemetry.log("clock.set_back", "warning", seconds=back // SECOND)
            self._rescued(targets)

    def rescue(self) -> int:
        """Gives back claims whose lease ran out; returns how many."""
        now = self._clock.now()
        return self._give_back(lambda unit: unit.expired_claims(now, BATCH), now)

    def rescue_others(self, owner: str) -> int:
        """Gives back every claim that is not this process's: for a start on a store that is ours alone."""
        now = self._clock.now()
        return self._give_back(lambda unit: unit.claims_not_of(owner, BATCH), now)

    def _give_back(self, find: Callable[[Unit], list[Delivery]], now: int) -> int:
        plans = self._policy().channels

        def work(unit: Unit) -> list[Delivery]:
            unit.serialise()
            busy = set(self._in_hand())
            lost = [delivery for delivery in find(unit) if delivery.id not in busy]
            given = [deliveries.rescued(delivery, now, patience_of(plans, delivery)) for delivery in lost]
            ours = set(unit.settle_deliveries(given, [delivery.token or "" for delivery in lost]))
            unit.add_attempts([_lost(delivery, now) for delivery in lost if delivery.id in ours])
            gone = [
                (delivery, plans.get(delivery.channel) or ChannelPlan(delivery.channel, ()))
                for delivery in given
                if delivery.id in ours
            ]
            tell_fallbacks(unit, gone, now)
            # Or a target that is left alone waited for a probe that nobody sends any more.
            take_back_probes(unit, {delivery.target for delivery, _ in gone})
            failpoint("maintain.rescued")
            return [delivery for delivery, _ in gone]

        given = self._store.write(work)
        failpoint("maintain.rescue_committed")
        for delivery in given:
            telemetry.log("delivery.rescued", "warning", channel=delivery.channel, delivery=delivery.id)
        if given:
            self._rescued(frozenset(delivery.target for delivery in given))
        return len(given)

    def take_over(self, left_alone: Collection[str] = ()) -> int:
        """Lets messages that wait behind a failing one of their group take its place; returns how many.

        Args:
            left_alone: targets where one that was never tried is as good as failing.
        """
        now = self._clock.now()

        def work(unit: Unit) -> int:
            pairs = unit.overtaken(now - PATIENCE, BATCH, left_alone)
            unit.replace_deliveries(pairs, now)
            failpoint("maintain.replaced")
            return len(pairs)

        replaced = self._store.write(work)
        failpoint("maintain.replace_committed")
        if replaced:
            telemetry.log("delivery.replaced", "warning", count=replaced)
            self._rescued(frozenset())
        return replaced

    def tell_overdue(self) -> int:
        """Tells the fallback of what is not delivered in ``fallback_after``; returns how many there were.

        What ended, or was acknowledged or muted meanwhile, is dropped.
        """
        now, policy = self._clock.now(), self._policy()

        def work(unit: Unit) -> tuple[int, list[Delivery]]:
            unit.serialise()
            overdue = unit.overdue(now, BATCH, list(policy.channels))
            late, dropped = still_true(unit, policy, overdue, now)
            plans = [(one, policy.channels.get(one.channel)) for one in late]
            told = tell_instead(unit, [(one, p.fallback) for one, p in plans if p and p.fallback], now)
            failpoint("maintain.overdue")
            return told, dropped

        told, dropped = self._store.write(work)
        failpoint("maintain.overdue_committed")
        for delivery in dropped:
            observe_dropped(self._metrics, delivery)
        if told:
            telemetry.log("delivery.overdue", "warning", count=told)
            self._rescued(frozenset())
        return told

    def give_up(self, left_alone: Mapping[str, str]) -> int:
        """Ends what is too old for targets that are left alone, and tells their fallback; returns how many.

        An attempt would end it, but it may be long until each gets one.

        Args:
            left_alone: by target, its latest answer.
        """
        now, plans = self._clock.now(), self._policy().channels
        of = {target.name: plan for plan in plans.values() for target in plan.targets}
        waiting = [(target, of[target]) for target in left_alone if target in of]

        def work(unit: Unit) -> list[Delivery]:
            unit.serialise()
            ended: list[tuple[Delivery, ChannelPlan]] = []
            token = f"given up:{now}"
            for target, plan in waiting:
                before = now - plan.patience.give_up_after
                old = unit.claim_deliveries(now, {target: BATCH}, token, now, made_before=before)
                untried = [_untried(one, left_alone[target]) for one in old]
                ended += [(deliveries.given_up(one, now, plan.patience), plan) for one in untried]
            unit.settle_deliveries([one for one, _ in ended], [token] * len(ended))
            tell_fallbacks(unit, ended, now)
            failpoint("maintain.given_up")
            return [one for one, _ in ended]

        ended = self._store.write(work) if waiting else []
        failpoint("maintain.give_up_committed")
        for one in ended:
            observe_ended(self._metrics, one)
        if ended:
            self._rescued(frozenset())
        return len(ended)

    def bury_strays(self) -> int:
        """Ends what is due to targets that left the configuration, and tells their fallback."""
        now, policy = self._clock.now(), self._policy()
        plans = policy.channels
        known = {target.name for plan in plans.values() for target in plan.targets}

        def work(unit: Unit) -> list[Delivery]:
            strays = dict.fromkeys(unit.open_targets() - known, BATCH)
            if not strays:
                return []
            unit.serialise()
            token = f"gone:{now}"
            claimed = unit.claim_deliveries(since(unit, policy, now), strays, token, now)
            buried = [_buried(delivery, now) for delivery in claimed]
            unit.settle_deliveries(buried, [token] * len(buried))
            default = [(delivery, plans.get(delivery.channel)) for delivery in buried]
            tell_fallbacks(unit, [(d, plan or ChannelPlan(d.channel, ())) for d, plan in default], now)
            failpoint("maintain.buried")
            return buried

        buried = self._store.write(work)
        failpoint("maintain.bury_committed")
        for one in buried:
            observe_ended(self._metrics, one)
        if buried:
            self._rescued(frozenset())
        return len(buried)

    def prune(self) -> int:
        """Deletes a batch of ended records that are older than the retention; returns how many."""
        now, retention, policy = self._clock.now(), self._retention(), self._policy()

        def work(unit: Unit) -> int:
            absences.remember(unit, policy, now)
            deleted = unit.prune(now - retention, now - max(REMEMBER, retention), BATCH)
            failpoint("maintain.pruned")
            return deleted

        deleted = self._store.write(work)
        failpoint("maintain.prune_committed")
        if deleted:
            telemetry.log("maintain.pruned", deleted=deleted)
        return deleted

    def measure(self) -> None:
        """Reads the outbox's depth and age into the metrics; of a great one that takes a second."""
        now, outbox = self._clock.now(), self._store.look(lambda unit: unit.outbox())
        for state in ("pending", "sending", "waiting"):
            self._metrics.outbox.labels(state).set(outbox.get(state, (0, 0))[0])
        oldest = min((made for _, made in outbox.values()), default=now)
        self._metrics.oldest.set(max(0, now - oldest) / SECOND)


def _untried(delivery: Delivery, answer: str) -> Delivery:
    """As it was before it was claimed; what its target answers to others stands for its own answer."""
    free = replace(delivery, attempts=delivery.attempts - 1, token=None, lease_until=None)
    return replace(free, answer=delivery.answer or answer)


def _buried(delivery: Delivery, now: int) -> Delivery:
    return replace(
        delivery,
        state=State.DEAD,
        token=None,
        lease_until=None,
        attempts=delivery.attempts - 1,
        ended_at=now,
        reason=f"the target {delivery.target} is not in the configuration any more",
    )


def _lost(delivery: Delivery, now: int) -> Attempt:
    verdict = Verdict(Outcome.UNKNOWN, "the process that was sending it ended before the answer")
    return Attempt(delivery.id, delivery.attempts, now, now, verdict)
