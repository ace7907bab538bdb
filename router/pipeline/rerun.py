"""Rerun: recorded events through the engine again, each at the time of its receipt, on a virtual clock."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from router.core import absence, drill
from router.core.event import Envelope
from router.core.mute.silence import Silence
from router.core.policy import Policy
from router.core.telling import Telling
from router.errors import RouterError
from router.pipeline.contexts import known_before
from router.pipeline.ingest import Decode
from router.pipeline.tongue import Tongue
from router.pipeline.virtual import Answer, VirtualRouter, accept
from router.ports import EventRecord, Job, Store, Unit

T = TypeVar("T")


def not_too_many(found: list[T], most: int) -> list[T]:
    """The same.

    Raises:
        RouterError: ``usage``: there are more events than that.
    """
    if len(found) > most:
        raise RouterError("usage", f"the store has more than {most:,} events since then", "Name less time")
    return found


def from_outside(records: Iterable[EventRecord]) -> list[Envelope]:
    """What was received, without what the router made itself: it comes of itself, or tries the way."""
    own = (absence.SOURCE, drill.NAME)
    return [one.envelope for one in records if one.envelope.source not in own]


class Recorded(NamedTuple):
    """What the store has of a time.

    Args:
        since: when it begins; later than was asked for where the store is younger.
        envelopes: without the router's own events, see :func:`from_outside`.
        jobs: what had been heard of the events' jobs before.
    """

    since: int
    envelopes: list[Envelope]
    silences: list[Silence]
    jobs: list[Job]


def recorded(store: Store, since: int, limit: int) -> Recorded:
    """What came since then.

    Raises:
        RouterError: ``usage``: there are more events than the limit.
    """

    def work(unit: Unit) -> Recorded:
        records = not_too_many(unit.events(since=since, limit=limit + 1), limit)
        is_younger = bool(records) and not unit.events(before=since, limit=1)
        begins = records[0].envelope.received_at if is_younger else since
        jobs = known_before(one.event for one in records)
        return Recorded(begins, from_outside(records), unit.silences(since), jobs)

    return store.read(work)


def rerun(
    envelopes: Iterable[Envelope],
    policy: Policy,
    decode: Decode,
    store: Store,
    tongue: Tongue,
    since: int,
    until: int,
    silences: Sequence[Silence] = (),
    jobs: Sequence[Job] = (),
    progress: Callable[[int], None] = lambda _: None,
    answer: Answer = accept,
) -> list[Telling]:
    """What would have been told, had channels answered so and nobody acknowledged.

    Args:
        envelopes: in the order of their receipt; what came together is taken together.
        store: new.
        since: when the clock begins; ``until`` when it ends. Microseconds UTC.
        silences: as they were made.
        jobs: what had been heard of them before.
        progress: called with the number of events that have been taken.
        answer: of every channel; without it they accept everything.
    """
    router = VirtualRouter(store, policy, decode, since, tongue=tongue, answer=answer)
    store.write(lambda unit: unit.put_silences(silences))
    store.write(lambda unit: unit.put_jobs(jobs, since))
    taken = 0
    for together in _moments(envelopes):
        router.move_to(together[0].received_at)
        router.take(together)
        taken += len(together)
        progress(taken)
    router.run_until(until)
    return router.told()


def _moments(envelopes: Iterable[Envelope]) -> Iterable[list[Envelope]]:
    some: list[Envelope] = []
    for one in envelopes:
        if some and one.received_at != some[0].received_at:
            yield some
            some = []
        some.append(one)
    if some:
        yield some
