"""Advance: what time does: holds run out, alerts close and escalate, something never came."""

from collections.abc import Callable, Collection, Iterator, Sequence
from heapq import heapify, heappop, heappush

from router import telemetry
from router.core.alert import Alert, Step
from router.core.book import Book
from router.core.policy import Policy
from router.failpoints import failpoint
from router.pipeline import absences
from router.pipeline.newer import ours
from router.pipeline.working_set import book_of, close_book
from router.ports import Clock, Store, Unit

#: Alerts that time changes in one transaction.
BATCH = 500


def _is_in_force(policy: Policy, name: str) -> bool:
    rule = policy.rule(name)
    return rule is not None and rule.mode != "off"


def _in_order(
    book: Book, due: Sequence[Alert], judge: Callable[[Sequence[Alert]], None]
) -> Iterator[tuple[str, Step]]:
    """What time does to alerts, moment by moment: an alert may have several behind one another.

    Args:
        judge: mutes what may not be told now.
    """
    last = book.now if len(due) < BATCH else due[-1].due_at or 0
    waiting = [(alert.due_at or 0, alert.id) for alert in due]
    heapify(waiting)
    while waiting:
        moment = [heappop(waiting)]
        while waiting and waiting[0][0] == moment[0][0]:
            moment.append(heappop(waiting))
        # Asked before any of them closes: alerts of one moment have no order.
        acting = [one for _, one in moment if not book.is_told_first(book.alerts[one])]
        escalating = {one for one in acting if book.is_escalating(book.alerts[one])}
        judge([book.alerts[one] for one in acting if one in escalating])
        for alert_id in acting:
            step = None
            # What was muted before its step comes to it later: it may close, or be told, before.
            if alert_id not in escalating or book.alerts[alert_id].due_at == moment[0][0]:
                step = book.time_out(book.alerts[alert_id])
                if step is None:
                    continue
                yield alert_id, step
            next_at = book.alerts[alert_id].due_at
            if next_at is not None and next_at <= last and step is not Step.RECHECK:
                heappush(waiting, (next_at, alert_id))


class Advance:
    """The step that lets time act on alerts: holds and expectations run out, alerts close and escalate.

    Args:
        waiting_for: sources that have not caught up with what they hold.
        recheck: judges again what mutes alerts.
    """

    def __init__(
        self,
        store: Store,
        policy: Callable[[], Policy],
        clock: Clock,
        metrics: telemetry.Metrics,
        waiting_for: Callable[[], Collection[str]],
        recheck: Callable[[Unit, Book, Sequence[Alert]], None],
    ) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._waiting_for = waiting_for
        self._recheck = recheck
        #: Whether the last step could do something: of several replicas one at a time may.
        self.had_turn = True

    def retire(self) -> int:
        """Ends a batch of alerts whose rules are not in force any more, in silence; returns how many."""
        policy, now = self._policy(), self._clock.now()

        def work(unit: Unit) -> int:
            unit.serialise()
            gone = [name for name in unit.rules_of_alerts() if not _is_in_force(policy, name)]
            alerts = unit.open_alerts_of(gone[0], BATCH) if gone else []
            book = book_of(unit, alerts, policy, now)
            for alert in alerts:
                book.finish(alert, "its rule is not in force any more", quiet=True)
            close_book(unit, book)
            failpoint("advance.retired")
            return len(alerts)

        retired = self._store.write(work)
        failpoint("advance.retire_committed")
        return retired

    def review(self) -> int:
        """Lets the rules in force say anew when something becomes of alerts that others opened."""
        policy, now = self._policy(), self._clock.now()

        def work(unit: Unit) -> int:
            unit.serialise()
            reviewed = unit.review_alerts(policy.hash, now)
            failpoint("advance.reviewed")
            return reviewed

        reviewed = self._store.write(work)
        failpoint("advance.review_committed")
        return reviewed

    def step(self) -> int:
        """Advances the alerts that are due now, a batch at most; returns how many."""
        policy, now, waiting_for = self._policy(), self._clock.now(), self._waiting_for()

        def work(unit: Unit) -> list[tuple[str, Step]] | None:
            if not unit.take_turn():
                return None
            unit.serialise()
            # Before an alert closes that says already that nothing came: a further tick keeps it open.
            missing = absences.judge(unit, policy, now, waiting_for) if policy.expects_arrivals else 0
            if missing:
                return [("", Step.MISS)] * missing
            found = unit.due_alerts(now, BATCH, waiting_for)
            due = ours(unit, policy, found, lambda alert: _is_in_force(policy, alert.rule), now)
            if not due:
                return []
            book = book_of(unit, due, policy, now)
            failpoint("advance.loaded")
            steps = list(_in_order(book, due, lambda alerts: self._recheck(unit, book, alerts)))
            self._recheck(unit, book, [book.alerts[one] for one, step in steps if step is Step.RECHECK])
            close_book(unit, book)
            failpoint("advance.written")
            return [(book.alerts[one].rule, step) for one, step in steps]

        done = self._store.write(work)
        failpoint("advance.committed")
        self.had_turn = done is not None
        for rule, step in done or ():
            self._metrics.advanced.labels(step.value).inc()
            if step is Step.HEAL:
                self._metrics.healed.labels(rule).inc()
        return len(done or ())
