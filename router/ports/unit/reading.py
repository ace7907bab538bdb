"""What is shown to people."""

from collections.abc import Collection, Iterator
from typing import Any, Protocol

from router.core.alert import Alert
from router.core.delivery import Delivery, State
from router.core.group import Group
from router.ports.questions import AlertsSeen, Counted, Counting, Feed, Mark, Page
from router.ports.records import Attempt, Deed, EventRecord, SetAside


class ReadingUnit(Protocol):
    """What is shown to people, read in a transaction."""

    def ids_from(self, begin: str, limit: int) -> list[str]:
        """Ids that begin so, in their order: of alerts (``a-``), deliveries, events, silences."""
        ...

    def event(self, event_id: str) -> EventRecord | None:
        """One event, or None."""
        ...

    def events(self, *, since: int = 0, before: int | None = None, limit: int = 100) -> list[EventRecord]:
        """Events by receipt, oldest first; those of one microsecond by their number."""
        ...

    def event_records(self, ids: Collection[str]) -> list[EventRecord]:
        """Events by id, in no order, with what became of them."""
        ...

    def arrived(self, feed: Feed, after: Mark, limit: int) -> list[Mark]:
        """What stands in a feed after a mark, the first ones first."""
        ...

    def newest(self, feed: Feed, limit: int) -> list[Mark]:
        """What stands last in a feed, the last one first."""
        ...

    def page_of_events(
        self,
        before: Mark | None,
        limit: int,
        *,
        name: str = "",
        job: str = "",
        outcome: str = "",
        rule: str = "",
    ) -> Page[EventRecord]:
        """Events by receipt, the newest first; of those with a name, a job, an outcome, matched by a rule."""
        ...

    def page_of_alerts(
        self, before: Mark | None, limit: int, *, rule: str = "", state: str = ""
    ) -> Page[Alert]:
        """Alerts by their last match, the newest first; of a rule, in a state."""
        ...

    def page_of_deliveries(
        self, before: Mark | None, limit: int, *, state: str = "", channel: str = ""
    ) -> Page[Delivery]:
        """Deliveries by when they were written, the newest first; in a state, of a channel."""
        ...

    def groups_now(self, limit: int) -> tuple[list[Group], int]:
        """Groups that have not ended; and how many there are.

        Those that fire first, among them the most severe, of those the newest. Of more than 10,000 of one
        severity the newest are looked at.
        """
        ...

    def page_of_deeds(self, before: Mark | None, limit: int) -> Page[Deed]:
        """What people did, the newest first."""
        ...

    def unfinished(self) -> dict[str, tuple[State, int]]:
        """Deliveries that have not ended: where each stands, and its attempts."""
        ...

    def counts(self, counting: Counting, since: int, before: int) -> list[Counted]:
        """How often what came from a time until before another, in no order.

        By rule: ``rules`` (events that matched), ``failures`` (filters that failed), ``alerts`` (opened
        then; what: ``muted``, ``shadow`` or ``open``), ``rules told`` (notifications of groups in
        which alerts of it were told). By outcome of events: ``event names``, ``jobs`` (those without one
        left out), ``sources``; ``set-aside`` by source. By channel: ``channels told`` (notifications),
        ``deliveries`` (those written then, by their state). By the number of the hour since 1970: ``hours of
        events`` (received), ``hours of alerts`` (opened) and ``hours of deliveries`` (by their state).
        """
        ...

    def last_matches(self) -> dict[str, int]:
        """When each rule that has alerts in the store last matched."""
        ...

    def set_aside_messages(self, *, ids: Collection[str] | None = None, limit: int = 100) -> list[SetAside]:
        """Messages that were set aside, newest first."""
        ...

    def deliveries(
        self,
        *,
        ids: Collection[str] | None = None,
        state: str | None = None,
        channel: str | None = None,
        event_id: str | None = None,
        group_ids: Collection[str] | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Deliveries, newest first."""
        ...

    def list_alerts(
        self, *, rule: str | None = None, state: str | None = None, since: int = 0, limit: int = 100
    ) -> list[Alert]:
        """Alerts that matched last at a time or later, the newest first."""
        ...

    def alert_documents(
        self, which: AlertsSeen, since: int, limit: int
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Alerts by their last match, the newest first.

        Args:
            since: of those that have ended only these, which matched last then or later.

        Returns:
            The id of each, and what a silence's filter sees of it; read as it is asked for.
        """
        ...

    def groups_of(self, alert_ids: Collection[str]) -> list[Group]:
        """Groups that one of these alerts belongs to, the oldest first."""
        ...

    def attempts(self, delivery_ids: Collection[str]) -> list[Attempt]:
        """Attempts of deliveries, in their order."""
        ...

    def books(self) -> dict[str, int]:
        """Counts for ``verify`` by dotted name, as docs/operations.md lists them."""
        ...
