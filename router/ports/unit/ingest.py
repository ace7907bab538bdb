"""Taking events in."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from router.core.alert import Alert
from router.core.group import Group
from router.ports.questions import Mark
from router.ports.records import EventRecord, Job, Known, SetAside


class IngestUnit(Protocol):
    """What taking events in asks of a transaction."""

    def known(self, identities: Collection[str]) -> dict[str, Known]:
        """Which of these messages were received before."""
        ...

    def remember(self, known: Sequence[Known], now: int) -> None:
        """Adds messages, or the sources of messages, to those received."""
        ...

    def forget(self, identities: Collection[str]) -> None:
        """Takes messages out of those received: what comes like them is news again."""
        ...

    def add_events(self, records: Sequence[EventRecord]) -> None:
        """Keeps events with their envelopes."""
        ...

    def set_aside(self, messages: Sequence[SetAside]) -> None:
        """Keeps messages that could not be decoded, whole."""
        ...

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        """Adds or replaces alerts."""
        ...

    def put_groups(self, groups: Sequence[Group]) -> None:
        """Adds or replaces groups."""
        ...

    def join_groups(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Adds alerts to groups: (group id, alert id)."""
        ...

    def serialise(self) -> None:
        """Waits until no other replica changes alerts or groups, and keeps them out until the commit."""
        ...

    def take_turn(self) -> bool:
        """Whether no other replica is telling what is due; if so, none is until the commit.

        Whoever has no turn has nothing to do: waiting for it would only hold up his claims.
        """
        ...

    def open_alerts(self, slots: Collection[str], anchors: Collection[str]) -> list[Alert]:
        """Alerts that have not ended, by the places of their keys."""
        ...

    def alerts_on(self, events: Collection[str]) -> list[Alert]:
        """Alerts that have not ended, by the newest event of each."""
        ...

    def open_alerts_of(self, rule: str, limit: int = 1000, before: Mark | None = None) -> list[Alert]:
        """Alerts of a rule that have not ended, by their last match, the newest first.

        Args:
            before: only those whose last match, and id, stand before it.
        """
        ...

    def open_at(self, moment: int) -> int:
        """How many alerts that are kept had opened before that time and had not ended."""
        ...

    def open_groups(self, slots: Collection[str]) -> list[Group]:
        """Groups that have not ended, by the places of their keys."""
        ...

    def ends(self, names: Collection[str]) -> dict[str, int]:
        """Times of the newest events that ended alerts, by the names of what they ended."""
        ...

    def put_ends(self, ends: Mapping[str, int], now: int) -> None:
        """Remembers them."""
        ...

    def jobs(self, ids: Collection[str]) -> list[Job]:
        """What was last heard of jobs."""
        ...

    def put_jobs(self, jobs: Sequence[Job], now: int) -> None:
        """Remembers it."""
        ...
