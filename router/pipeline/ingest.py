"""Ingest: envelopes in, one commit for all that wait, then the sources are answered."""

import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from router import telemetry
from router.core.alert import AlertState
from router.core.book import Book, Taken, wanted
from router.core.delivery import SECOND
from router.core.event import ENDS, STANDING, Envelope, Event, Undecodable, digest_id
from router.core.policy import Policy
from router.core.rule import Judgement
from router.errors import RouterError
from router.failpoints import failpoint
from router.pipeline.contexts import Contexts
from router.pipeline.dispatch import Dispatch, Fresh, Round
from router.pipeline.said_again import released
from router.pipeline.tracing import Tracing
from router.pipeline.working_set import close_book, open_book
from router.ports import Clock, EventOutcome, EventRecord, Known, Receipt, SetAside, Store, Unit

#: Envelopes in one transaction: enough that a burst shares its sync. The second at first, and wherever more
#: took longer than the microseconds that whoever settles what was sent meanwhile should wait.
BATCH = 512
SMALL_BATCH = 64
QUICK = SECOND // 10
#: Envelopes that may wait; beyond it a source is told to come back.
MOST_WAITING = 20_000

Decode = Callable[[Envelope], Event | Undecodable]


@dataclass
class _Waiting:
    envelopes: Sequence[Envelope]
    answer: "Future[list[Receipt]]" = field(default_factory=lambda: Future[list[Receipt]]())


@dataclass(slots=True)
class _Judged:
    """An event that is not a mere repetition, and what the rules say of it."""

    envelope: Envelope
    event: Event
    key: str | None
    judgement: Judgement
    before: Known | None
    heard: int


@dataclass
class Effects:
    """What a batch writes, besides alerts and groups, and what its senders are answered.

    Args:
        fresh: what it made due now.
        next_at: when the first of the rest is due.
    """

    events: list[EventRecord] = field(default_factory=list[EventRecord])
    known: dict[str, Known] = field(default_factory=dict[str, Known])
    ended: set[str] = field(default_factory=set[str])
    set_aside: list[SetAside] = field(default_factory=list[SetAside])
    judged: list[tuple[Event, Judgement]] = field(default_factory=list[tuple[Event, Judgement]])
    receipts: list[Receipt] = field(default_factory=list[Receipt])
    fresh: Fresh = field(default_factory=Fresh)
    next_at: int | None = None


class Ingest:
    """The intake of the pipeline, and the loop behind it.

    Args:
        policy: the one in force now; asked once for each batch.
        told: called after a commit with the first moment at which something of it is due.
        dispatch: tells at once, in the same transaction, what is due at once; without it all waits.
        tracing: hears of what was committed, if somebody collects traces.

    ``heard`` has by source when its newest event was received, and how long that was after its publication;
    nothing of those that none came from since the start.
    """

    def __init__(
        self,
        store: Store,
        decode: Decode,
        policy: Callable[[], Policy],
        clock: Clock,
        metrics: telemetry.Metrics,
        told: Callable[[int], None],
        dispatch: Dispatch | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._store = store
        self._decode = decode
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._told = told
        self._dispatch = dispatch
        self._tracing = tracing
        self._taken = 0
        self._batch = SMALL_BATCH
        self._waiting: deque[_Waiting] = deque()
        self._count = 0
        self._changed = threading.Condition()
        self._closed = False
        self.heard: dict[str, tuple[int, int]] = {}

    def submit(self, envelopes: Sequence[Envelope]) -> "Future[list[Receipt]]":
        """See :class:`router.ports.Intake`."""
        request = _Waiting([_placed(envelope) for envelope in envelopes])
        with self._changed:
            if self._closed or self._count + len(envelopes) > MOST_WAITING:
                request.answer.set_exception(_closed() if self._closed else _overloaded())
                return request.answer
            self._waiting.append(request)
            self._count += len(envelopes)
            self._changed.notify()
        return request.answer

    def wait(self, seconds: float) -> None:
        """Returns when something waits, or after that time."""
        with self._changed:
            if not self._waiting and not self._closed:
                self._changed.wait(seconds)

    def close(self) -> None:
        """Takes nothing more; what waits can still be stepped through."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def step(self) -> int:
        """Commits one batch of what waits and answers it; returns how many envelopes it held."""
        requests = self._take()
        if not requests:
            return 0
        failpoint("ingest.received")
        self._ingest(requests)
        return sum(len(request.envelopes) for request in requests)

    def _take(self) -> list[_Waiting]:
        requests: list[_Waiting] = []
        size = 0
        with self._changed:
            while self._waiting and (not requests or size + len(self._waiting[0].envelopes) <= self._batch):
                requests.append(self._waiting.popleft())
                size += len(requests[-1].envelopes)
            self._count -= size
        return requests

    def _ingest(self, requests: list[_Waiting]) -> None:
        try:
            committed = self._commit(requests)
        except RouterError as error:
            _fail(requests, error)
            raise
        except Exception as error:
            if len(requests) == 1:
                _fail(requests, _unexpected(error))
                raise
            # One request must not take the others with it: each gets a transaction of its own.
            for request in requests:
                self._ingest_alone(request)
            return
        self._acknowledge(requests, *committed)

    def _ingest_alone(self, request: _Waiting) -> None:
        try:
            committed = self._commit([request])
        except RouterError as error:
            _fail([request], error)
        except Exception as error:  # noqa: BLE001  its sender is told; the loop goes on
            telemetry.log("router.loop_failed", "error", loop="ingest", error=repr(error))
            _fail([request], _unexpected(error))
        else:
            self._acknowledge([request], *committed)

    def _commit(self, requests: Sequence[_Waiting]) -> tuple[list[Envelope], Effects, Round | None]:
        envelopes = [envelope for request in requests for envelope in request.envelopes]
        policy, now = self._policy(), self._clock.now()
        decoded = [self._decode(envelope) for envelope in envelopes]

        def work(unit: Unit) -> tuple[list[Envelope], Effects, Round | None]:
            effects = take_in(
                unit, list(zip(envelopes, decoded, strict=True)), policy, now, first=self._taken
            )
            failpoint("ingest.written")
            return envelopes, effects, self._tell(unit, effects.fresh, now)

        done = self._store.write(work)
        failpoint("ingest.committed")
        self._taken += len(envelopes)
        took = max(1, self._clock.now() - now)
        self._batch = max(SMALL_BATCH, min(BATCH, len(envelopes) * QUICK // took))
        return done

    def _tell(self, unit: Unit, fresh: Fresh, now: int) -> Round | None:
        if self._dispatch is None or not fresh.groups:
            return None
        return self._dispatch.tell_at_once(unit, fresh, now)

    def _acknowledge(
        self,
        requests: Sequence[_Waiting],
        envelopes: Sequence[Envelope],
        effects: Effects,
        told: Round | None,
    ) -> None:
        _answer(requests, effects.receipts)
        failpoint("ingest.acknowledged")
        if told and self._dispatch:
            self._dispatch.committed(told)
        at_once = told.next_at if told else 0 if effects.fresh.groups else None
        moments = [at for at in (effects.next_at, at_once) if at is not None]
        if moments:
            self._told(min(moments))
        self._observe(envelopes, effects)

    def _observe(self, envelopes: Sequence[Envelope], effects: Effects) -> None:
        metrics = self._metrics
        if self._tracing:
            self._tracing.received(effects.events, self._clock.now())
        received = list(zip(envelopes, effects.receipts, strict=True))
        outcomes = Counter((envelope.source, receipt.outcome) for envelope, receipt in received)
        for names, number in outcomes.items():
            metrics.received.labels(*names).inc(number)
        self._observe_rules(effects)
        for envelope, receipt in received:
            if receipt.outcome == "undecodable":
                telemetry.log(
                    "source.undecodable",
                    "warning",
                    source=envelope.source,
                    id=receipt.id,
                    reason=receipt.reason,
                )
        for source, event in {event.source: event for event, _ in effects.judged}.items():
            lag = event.received_at - event.at
            metrics.lag.labels(source).set(lag / SECOND)
            self.heard[source] = (event.received_at, lag)
        for event, judgement in effects.judged:
            for name in event.odd_fields:
                metrics.odd_fields.labels(name).inc()
            for failure in judgement.failures:
                metrics.filter_errors.labels(failure.rule.name).inc()
                telemetry.log(
                    "filter.failed", "warning", rule=failure.rule.name, event_id=event.id, error=failure.error
                )

    def _observe_rules(self, effects: Effects) -> None:
        matched = Counter(match.rule.name for _, judgement in effects.judged for match in judgement.matches)
        for rule, number in matched.items():
            self._metrics.matched.labels(rule).inc(number)
        healed = (one.rule for one in effects.fresh.alerts.values() if one.state is AlertState.HEALED)
        for rule, number in Counter(healed).items():
            self._metrics.healed.labels(rule).inc(number)


def take_in(
    unit: Unit,
    decoded: Sequence[tuple[Envelope, Event | Undecodable]],
    policy: Policy,
    now: int,
    *,
    until_due: bool = False,
    first: int = 0,
) -> Effects:
    """Messages in their order: judged, taken into alerts and groups, written; not committed yet.

    Args:
        now: the router's clock.
        until_due: take no further message once something is due; there are as many receipts as were taken.
        first: the number of the first message: they are numbered in their order.
    """
    unit.serialise()
    events = [event for _, event in decoded if isinstance(event, Event)]
    keys = (_key(envelope, event) for envelope, event in decoded if isinstance(event, Event))
    seen = unit.known({key for key in keys if key})
    contexts = Contexts.load(unit, events)
    effects = Effects()
    for key in released(unit, policy, _standing(decoded, seen), now):
        del seen[key]
        effects.ended.add(key)
    found = [_judge(effects, *pair, policy, seen, contexts) for pair in decoded]
    failpoint("ingest.matched")
    book = open_book(
        unit, wanted((one.event, one.judgement) for one in found if isinstance(one, _Judged)), policy, now
    )
    heard = 0
    for one in found:
        if until_due and book.is_due:
            break
        if isinstance(one, _Judged):
            heard = one.heard
            number = first + len(effects.receipts)
            effects.receipts.append(_take(effects, book, one, number))
        else:
            effects.receipts.append(one)
    book.time_groups()
    unit.add_events(effects.events)
    unit.forget(effects.ended)
    unit.remember(list(effects.known.values()), now)
    unit.set_aside(effects.set_aside)
    contexts.save(unit, now, heard)
    close_book(unit, book)
    effects.fresh = _fresh(effects, book)
    now_due = {group.id for group in effects.fresh.groups}
    effects.next_at = book.next_at(but=now_due)
    return effects


def _fresh(effects: Effects, book: Book) -> Fresh:
    changed = (book.groups[one] for one in book.changed_groups)
    due = [group for group in changed if group.due_at is not None and group.due_at <= book.now]
    events = {record.event.id: record.event for record in effects.events}
    return Fresh(due, {one: book.alerts[one] for one in book.changed_alerts}, events)


def _judge(
    effects: Effects,
    envelope: Envelope,
    event: Event | Undecodable,
    policy: Policy,
    seen: dict[str, Known],
    contexts: Contexts,
) -> _Judged | Receipt:
    """What the rules say of a message; its receipt if nothing can follow from it."""
    if isinstance(event, Undecodable):
        return _set_aside(effects, event)
    key = _key(envelope, event)
    before = seen.get(key) if key else None
    if before is not None and event.source in before.sources:
        return Receipt(before.event_id, "duplicate", "this message was received before")
    event = contexts.joined(event) if before is None else contexts.read(event)
    judgement = policy.judge(event, before.sources if before else None)
    if key:
        seen[key] = _known(key, event, before)
    seen.pop(envelope.headers.get(ENDS, ""), None)
    return _Judged(envelope, event, key, judgement, before, len(contexts.heard))


def _key(envelope: Envelope, event: Event) -> str | None:
    """What makes a further receipt a double."""
    return event.identity or envelope.headers.get(STANDING)


def _standing(
    decoded: Sequence[tuple[Envelope, Event | Undecodable]], seen: dict[str, Known]
) -> dict[str, Known]:
    """Of what was received before, what is said to stand."""
    said = (envelope.headers.get(STANDING, "") for envelope, _ in decoded)
    return {key: seen[key] for key in said if key in seen}


def _known(key: str, event: Event, before: Known | None) -> Known:
    sources = (before.sources if before else frozenset[str]()) | {event.source}
    return Known(key, before.event_id if before else event.id, sources)


def _set_aside(effects: Effects, undecodable: Undecodable) -> Receipt:
    envelope = undecodable.envelope
    told = envelope.identity or f"{envelope.received_at} {envelope.position}"
    kept = SetAside(digest_id("u", f"{envelope.source}\n{told}"), undecodable)
    effects.set_aside.append(kept)
    return Receipt(kept.id, "undecodable", undecodable.reason)


def _take(effects: Effects, book: Book, one: _Judged, number: int) -> Receipt:
    taken = book.take(one.event, one.judgement)
    effects.judged.append((one.event, one.judgement))
    if one.key:
        effects.known[one.key] = _known(one.key, one.event, one.before)
    if ended := one.envelope.headers.get(ENDS):
        effects.known.pop(ended, None)
        effects.ended.add(ended)
    if one.before is not None:
        return Receipt(one.before.event_id, "duplicate", "this message came from another source before")
    outcome, reason = _outcome(one.judgement, taken)
    failures = tuple((failure.rule.name, failure.error) for failure in one.judgement.failures)
    record = EventRecord(
        one.event, one.envelope, book.policy.hash, outcome, reason, taken.matches, failures, number
    )
    effects.events.append(record)
    return Receipt(one.event.id, outcome, reason)


def _outcome(judgement: Judgement, taken: Taken) -> tuple[EventOutcome, str]:
    told = [
        match.rule.name
        for match in judgement.matches
        if not match.shadow and match.rule.name not in taken.late
    ]
    ends = f"ended {taken.ends} alert{'s' if taken.ends != 1 else ''}" if taken.ends else ""
    if told or ends:
        matched = "matched " + ", ".join(told) if told else ""
        return "routed", "; ".join(filter(None, (ends, matched)))
    return _nothing_told(judgement, taken)


def _nothing_told(judgement: Judgement, taken: Taken) -> tuple[EventOutcome, str]:
    if taken.late:
        return "suppressed", f"older than the end of what it is about: {', '.join(taken.late)}"
    if judgement.matches:
        shadows = ", ".join(match.rule.name for match in judgement.matches)
        return "suppressed", f"matched only rules in shadow: {shadows}"
    if judgement.ended or judgement.met:
        rules = ", ".join(rule.name for rule in (*judgement.ended, *judgement.met))
        return "suppressed", f"it would end an alert of {rules}, and none is open"
    number = len(judgement.failures)
    failed = f"; {number} {'filter' if number == 1 else 'filters'} failed on it" if number else ""
    return "unmatched", f"no rule matched{failed}"


def _placed(envelope: Envelope) -> Envelope:
    """Without an identity each receipt is an event of its own: its position must be its own too."""
    if envelope.identity or envelope.position:
        return envelope
    return replace(envelope, position=secrets.token_hex(8))


def _answer(requests: Sequence[_Waiting], receipts: Sequence[Receipt]) -> None:
    start = 0
    for request in requests:
        end = start + len(request.envelopes)
        request.answer.set_result(list(receipts[start:end]))
        start = end


def _fail(requests: Sequence[_Waiting], error: RouterError) -> None:
    for request in requests:
        request.answer.set_exception(error)


def _closed() -> RouterError:
    return RouterError("stopping", "the router is stopping", "Send it again in a moment")


def _overloaded() -> RouterError:
    return RouterError(
        "overloaded", f"more than {MOST_WAITING} messages wait for the store", "Send it again later"
    )


def _unexpected(error: Exception) -> RouterError:
    return RouterError("internal", f"this message met a fault in the router ({type(error).__name__})")
