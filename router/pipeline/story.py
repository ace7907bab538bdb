"""The story of a job: what came of it, how it failed, and what was told to whom."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from router.core.alert import Alert
from router.core.cause import cause_of
from router.core.delivery import Delivery
from router.core.event import Event
from router.ports import EventRecord, Job, Page, Unit

#: Of one job at most so many are read, the newest.
MOST_EVENTS = 500
MOST_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class Story:
    """What the store knows of a job.

    Args:
        job: what was last heard of it; None if no event of its own came, only of its instances.
        events: the newest first.
        is_whole: whether these are all.
        alerts: those that the events opened or went on with, the newest match first.
        deliveries: of their groups, written since the first of the events came; the newest first.
    """

    job_id: str
    job: Job | None
    events: Sequence[EventRecord]
    is_whole: bool
    alerts: Sequence[Alert]
    deliveries: Sequence[Delivery]

    @property
    def name(self) -> str:
        """The job's name; empty where no event says it."""
        told = [self.job.data] if self.job else []
        names = (data.get("JobName") for data in (*told, *(one.event.data for one in self.events)))
        return next((name for name in names if isinstance(name, str) and name), "")

    @property
    def state(self) -> str:
        """Where the job stood when it was last heard of; empty where no event says it."""
        state = self.job.data.get("State") if self.job else None
        return state if isinstance(state, str) else ""

    @property
    def causes(self) -> list[tuple[str, int]]:
        """How often it failed in which way, the most frequent first."""
        failures = (one.event for one in self.events if has_failed(one.event))
        counted = Counter(cause_of(event) or event.kind for event in failures)
        return sorted(counted.items(), key=lambda one: (-one[1], one[0]))


def has_failed(event: Event) -> bool:
    """Whether an event says that the job, or a part of it, failed."""
    return event.data.get("State") == "Failed"


def story_of(job_id: str, unit: Unit) -> Story:
    """Reads the story of a job; one that nothing is known of has no events and no job."""
    page = unit.page_of_events(None, MOST_EVENTS, job=job_id) if job_id else Page[EventRecord]([], None)
    alert_ids = {alert for record in page.found for _, alert in record.matches}
    alerts = sorted(unit.alerts(alert_ids), key=lambda one: (-one.received_at, one.id))
    job = next(iter(unit.jobs([job_id])), None)
    told = _told(unit, alert_ids, page.found[-1].event.received_at) if page.found else []
    return Story(job_id, job, page.found, page.next is None, alerts, told)


def _told(unit: Unit, alert_ids: set[str], since: int) -> list[Delivery]:
    own = unit.groups_of(alert_ids)
    groups = {group.id for group in own} | {group.storm_id for group in own if group.storm_id}
    written = unit.deliveries(group_ids=groups, limit=MOST_MESSAGES) if groups else []
    return [one for one in written if one.created_at >= since]
