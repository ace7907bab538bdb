"""What the loops tell of an event's way, for those who collect traces."""

from collections.abc import Callable, Collection, Sequence

from router import telemetry
from router.core.delivery import Delivery, Outcome, Verdict
from router.ports import EventRecord, NotificationRecord, Store, Unit
from router.traces import MOST_LINKS, Origin, Stretch, Traces

#: The header of an envelope by which a sender says of what trace its event is.
TRACEPARENT = "traceparent"


class Tracing:
    """Spans from what is on record. A fault in it changes nothing of what the loops do."""

    def __init__(self, store: Store, traces: Traces) -> None:
        self._store = store
        self._traces = traces

    def received(self, records: Sequence[EventRecord], ended: int) -> None:
        """Events were committed at this time."""

        def trace() -> None:
            for one in records:
                facts = {"event": one.event.id, "source": one.event.source, "outcome": one.outcome}
                facts["rules"] = ",".join(rule for rule, _ in one.matches)
                self._traces.receive(_origin(one), Stretch(one.event.received_at, ended), facts)

        _quietly(trace)

    def told(self, tellings: Sequence[tuple[NotificationRecord, Sequence[str]]], took: Stretch) -> None:
        """Notifications were written; with the ids of the newest events of their alerts."""

        def trace() -> None:
            wanted = {one.event_id for one, _ in tellings} | {id_ for _, ids in tellings for id_ in ids}
            origins = self._store.read(lambda unit: _origins(unit, wanted))
            for one, ids in tellings:
                facts = {"notification": one.id, "channel": one.channel, "reason": one.reason.value}
                others = [origins[id_] for id_ in ids if id_ in origins and id_ != one.event_id]
                origin = origins.get(one.event_id, Origin(one.event_id))
                self._traces.tell(origin, one.id, others, took, facts)

        _quietly(trace)

    def tried(self, deliveries: Sequence[Delivery], verdict: Verdict, took: Stretch) -> None:
        """An attempt to send these as one message has ended and is on record."""

        def trace() -> None:
            first = deliveries[0]
            few = [one.notification_id for one in deliveries[: MOST_LINKS + 1]]
            tellings = self._store.read(lambda unit: _tellings(unit, few))
            facts: dict[str, str | int] = {"delivery": first.id, "target": first.target}
            facts |= {
                "attempt": first.attempts,
                "verdict": verdict.outcome.value,
                "messages": len(deliveries),
            }
            failed = "" if verdict.outcome is Outcome.ACCEPTED else verdict.outcome.value
            if tellings:
                self._traces.deliver(
                    tellings, f"{first.id} {first.attempts} {took.began}", took, facts, failed
                )

        _quietly(trace)


def _origins(unit: Unit, ids: Collection[str]) -> dict[str, Origin]:
    return {one.event.id: _origin(one) for one in unit.event_records(ids)}


def _tellings(unit: Unit, ids: Sequence[str]) -> list[tuple[Origin, str]]:
    """The origin and the id of each notification that is on record, in this order."""
    events = {one.id: one.event_id for one in unit.notifications(ids)}
    origins = _origins(unit, set(events.values()))
    known = [one for one in dict.fromkeys(ids) if one in events]
    return [(origins.get(events[one], Origin(events[one])), one) for one in known]


def _origin(record: EventRecord) -> Origin:
    return Origin(record.event.id, record.envelope.headers.get(TRACEPARENT, ""))


def _quietly(trace: Callable[[], None]) -> None:
    try:
        trace()
    except Exception as error:  # noqa: BLE001  who looks on must not stop what goes on
        telemetry.log("traces.problem", "warning", reason=repr(error))
