"""Job context: what was last heard of a job, joined to the events of its tasks and instances."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from router.core.catalogue import EVENTS, JOB
from router.core.event import Event
from router.core.filter.clauses import shown
from router.core.key import fields_of
from router.core.rule import Rule
from router.ports import Job, Unit

_OF_JOBS = frozenset(name for name, kind in EVENTS.items() if kind.key == ("JobId",))
_OF_PARTS = frozenset(name for name, kind in EVENTS.items() if kind.has_job)


class Contexts:
    """The jobs that a batch is about, changed in the order of its events.

    Args:
        jobs: as the store knows them, by id.
    """

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._jobs = dict(jobs)
        #: What was heard of jobs, in its order.
        self.heard: list[Job] = []

    @classmethod
    def load(cls, unit: Unit, events: Iterable[Event]) -> "Contexts":
        """Reads what the store knows of the jobs of these events."""
        ids = {job for event in events if (job := _job_of(event))}
        return cls({job.id: job for job in unit.jobs(ids)} if ids else {})

    def joined(self, event: Event) -> Event:
        """The event as filters see it; a job's own event becomes what was last heard of it."""
        job = _job_of(event)
        if job and event.kind in _OF_JOBS:
            known = self._jobs.get(job)
            if known is None or known.at <= event.at:
                self._jobs[job] = Job(job, event.data, event.at)
                self.heard.append(self._jobs[job])
            return event
        return self.read(event)

    def read(self, event: Event) -> Event:
        """A task's or an instance's event with its job, or null; any other event as it is."""
        if event.kind not in _OF_PARTS:
            return event
        known = self._jobs.get(_job_of(event))
        return replace(event, data={**event.data, JOB: dict(known.data) if known else None})

    def save(self, unit: Unit, now: int, heard: int) -> None:
        """Writes what has changed with the first so many that were heard."""
        newest = {job.id: job for job in self.heard[:heard]}
        if newest:
            unit.put_jobs(list(newest.values()), now)


def known_before(events: Iterable[Event]) -> list[Job]:
    """What was known of jobs before these events, as they were judged, came in this order."""
    first: dict[str, Job | None] = {}
    for event in events:
        job = _job_of(event)
        if job and event.kind in _OF_JOBS | _OF_PARTS:
            data = event.data.get(JOB) if event.kind in _OF_PARTS else None
            # When it was heard is not on record: whatever is heard now is newer.
            first.setdefault(job, Job(job, data, 0) if data else None)
    return [job for job in first.values() if job]


def is_of_part(event: Event) -> bool:
    """Whether filters see ``Job`` in the event: it is about a task or an instance."""
    return event.kind in _OF_PARTS


def reads_job(rule: Rule) -> bool:
    """Whether the filter of a rule asks for it."""
    return rule.when is not None and JOB in fields_of(rule.when.ast)


def as_if_it_came(event: Event, unit: Unit) -> Event:
    """An event that is only asked about, with what the store knows of its job, as if it came now."""
    return Contexts.load(unit, [event]).read(event)


def about_job(event: Event, sent: Event | None = None) -> str:
    """Why the ``Job`` that filters see is null, or is not the one that was sent; empty where neither is so.

    Args:
        sent: the event as it was given, where it has been joined to its job since.
    """
    if not is_of_part(event):
        return ""
    unknown = _unknown(event) if event.data.get(JOB) is None else ""
    given = sent.data.get(JOB) if sent else None
    if given is None or given == event.data.get(JOB):
        return unknown and f"Job is null: {unknown}"
    joined = "the router joins what it last heard of the job"
    return f"The event's own Job is not used: {joined}{'. It is null: ' if unknown else ''}{unknown}"


def _unknown(event: Event) -> str:
    job = _job_of(event)
    if not job:
        return "the event has no JobId"
    return f"nothing is known of {shown(job)}; an OnJob… event of this JobId brings it, if it comes before"


def _job_of(event: Event) -> str:
    job = event.data.get("JobId")
    return job if isinstance(job, str) else ""
