"""What the pipeline asks of the world: a clock, a store, channels, sources. Adapters implement it.

Every implementation of a port passes the same suite in ``tests/contract``.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from router.core.alert import Alert, AlertState
from router.core.breaker import Breaker
from router.core.delivery import Delivery, State, Thread, Verdict
from router.core.event import Envelope, Event, Undecodable
from router.core.group import Group, Reason
from router.core.link import LinkKeys
from router.core.message import Message
from router.core.mute.silence import Silence

T = TypeVar("T")


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> int:
        """Microseconds UTC."""
        ...


EventOutcome = Literal["routed", "unmatched", "suppressed", "duplicate", "undecodable"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one envelope; a source acknowledges when it has it.

    Args:
        id: the event's id, or that of the message that was set aside.
        outcome: ``duplicate`` changed nothing.
        reason: why, in words.
    """

    id: str
    outcome: EventOutcome
    reason: str = ""


class Intake(Protocol):
    """The door of the pipeline, for sources."""

    def submit(self, envelopes: Sequence[Envelope]) -> "Future[list[Receipt]]":
        """Takes envelopes that belong together: one commit, one receipt each, in their order.

        The future fails with a ``RouterError`` of code ``store-unavailable`` when nothing was
        committed; then the source must not acknowledge.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request for a source.

    Args:
        target: path and query exactly as received.
        headers: names in lower case; a repeated name has its values joined by ``,``.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    received_at: int


class HttpSource(Protocol):
    """A source that is posted to.

    Args:
        name: as configured.
        path: where it listens.
        accepted_status: the answer when everything was committed (204 for MNS, else 200).
        signed: each request is proved by its signature, so that no token is asked for.
        most_bytes: of a request's body.
    """

    name: str
    path: str
    accepted_status: int
    signed: bool
    most_bytes: int

    async def receive(self, request: Request) -> list[Envelope]:
        """The envelopes in a request.

        Raises:
            RouterError: ``bad-request`` (400), ``forbidden`` (403): nothing is stored.
        """
        ...


class PullSource(Protocol):
    """A source that fetches: it runs in a thread of its own until it is told to stop.

    Args:
        ends_within: seconds in which it ends when it is told to; a stop waits no longer for it.
    """

    name: str
    ends_within: float

    def run(self, intake: Intake, stopping: Callable[[float], bool]) -> None:
        """Receives until ``stopping(seconds)``, which waits that long at most, returns true."""
        ...

    def problem(self) -> str:
        """What keeps it from receiving and what to do, in words; empty when all is well."""
        ...

    def caught_up(self) -> bool:
        """Whether all that waited for it, at its start or after a trouble, was received and committed."""
        ...


class Channel(Protocol):
    """One target at one provider."""

    kind: str
    concurrency: int
    """How many sends it takes at once."""

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        """Sends once, within the channel's timeout, and says what came of it. Never raises.

        ``delivery.id`` is the idempotency key; ``delivery.may_repeat`` is said in the text.
        """
        ...

    def close(self) -> None:
        """Gives connections back."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A message that was received before: its event, and every source it came from."""

    identity: str
    event_id: str
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event as it is kept, with the envelope it came in and what became of it.

    Args:
        matches: (rule, alert id) of every rule that matched.
        failures: (rule, error) of every filter that failed.
        number: orders those that one process received in the same microsecond.
    """

    event: Event
    envelope: Envelope
    policy: str
    outcome: EventOutcome
    reason: str
    matches: tuple[tuple[str, str], ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """A notification as it is kept."""

    id: str
    group_id: str
    channel: str
    reason: Reason
    severity: str
    created_at: int
    policy: str
    event_id: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a provider and its verdict. Times are microseconds UTC."""

    delivery_id: str
    number: int
    started_at: int
    ended_at: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class TargetState:
    """What all who send to a target know of it.

    Args:
        name: ``channel/number``.
        tokens: what was left in its bucket at the moment ``tokens_at`` (microseconds UTC); None where nothing
            was counted yet.
    """

    name: str
    tokens: float | None = None
    tokens_at: int = 0
    breaker: Breaker = field(default_factory=Breaker)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many open alerts of one rule stand alike.

    Args:
        state: ``firing`` or ``acknowledged``.
        events: how many events matched for them.
        since: when the first of them fired.
        by: who acknowledged them last, if somebody did; and until when that holds for the last of them.
    """

    rule: str
    severity: str
    state: AlertState
    alerts: int
    events: int
    since: int
    by: str
    until: int


@dataclass(frozen=True, slots=True)
class Job:
    """What was last heard of a job: its newest job event, and when that was."""

    id: str
    data: Mapping[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """An undecodable message as it is kept."""

    id: str
    undecodable: Undecodable
    replayed_at: int | None = None


Urgency = Literal["critical", "others"]
"""Which deliveries of a target: what is critical waits for no others."""

Feed = Literal["events", "set-aside", "ended deliveries"]
"""What comes into the store with a time of its own: by receipt, or by its end."""


class Mark(NamedTuple):
    """Where something stands in a feed: its time, and its id among those of the same time."""

    at: int
    id: str


class Page(NamedTuple, Generic[T]):
    """A page of what was found, the newest first.

    Args:
        next: behind what the next page begins; None when there is nothing further. A page may be short
            though more follows: what few match is not looked for in all records at once.
    """

    found: list[T]
    next: Mark | None


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did, for those who ask later.

    Args:
        by: who, as they say or as their token says; for a reload also what asked for it, for a log-in that
            failed from where it came.
        what: ``acknowledge``, ``resolve``, ``silence``, ``expire``, ``retry``, ``drop``, ``replay``,
            ``reload``, ``fail to reload``, ``rotate keys``, ``log in``, ``fail to log in``, ``log out``.
        subject: the id of what it was done to, or of the first of them; where there is none, words.
        number: how many it was done to.
    """

    id: str
    at: int
    by: str
    what: str
    subject: str
    number: int = 1


Counting = Literal[
    "rules", "failures", "event names", "jobs", "sources", "set-aside",
    "alerts", "rules told", "channels told", "deliveries",
    "hours of events", "hours of alerts", "hours of deliveries",
]  # fmt: skip
"""What :meth:`Unit.counts` counts, and by which name."""


#: Alerts that a new silence is tried on: those that fire or are acknowledged, those that have ended.
AlertsSeen = Literal["open", "ended"]


class Counted(NamedTuple):
    """How often one thing came, by what became of it, and when last."""

    name: str
    what: str
    number: int
    last: int


@dataclass(frozen=True, slots=True)
class Timer:
    """A moment at which something is judged that no alert waits for.

    Args:
        subject: a rule's name.
    """

    id: str
    kind: str
    subject: str
    due_at: int
    data: Mapping[str, Any]


class Unit(Protocol):
    """One transaction. Every verb takes a batch; all of them are committed together, or none."""

    # ingest

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

    # dispatch

    def due_alerts(self, now: int, limit: int, waiting_for: Collection[str]) -> list[Alert]:
        """Alerts that time changes, the longest due first.

        Args:
            waiting_for: sources that have not caught up: their pending alerts are left out.
        """
        ...

    def due_groups(self, now: int, limit: int) -> list[Group]:
        """Groups that are due, the longest due first."""
        ...

    def next_change(self, waiting_for: Collection[str]) -> int | None:
        """When the first alert or group is due; None when none is."""
        ...

    def timers(self, kind: str) -> list[Timer]:
        """All timers of a kind."""
        ...

    def put_timers(self, timers: Sequence[Timer]) -> None:
        """Adds or replaces timers."""
        ...

    def drop_timers(self, ids: Collection[str]) -> None:
        """Deletes timers."""
        ...

    def silences(self, over_after: int) -> list[Silence]:
        """Silences that are over after that time, in the order in which they were made."""
        ...

    def put_silences(self, silences: Sequence[Silence]) -> None:
        """Adds or replaces silences."""
        ...

    def recheck_muted(self, muted_by: str, now: int) -> int:
        """Lets open alerts whose mute begins with these words be judged now; returns how many."""
        ...

    def review_alerts(self, policy: str, now: int) -> int:
        """Makes open alerts due now that another policy than the one of this hash opened; returns how many.

        Those that are muted are judged again; what opened in shadow stays as it is.
        """
        ...

    def rules_of_alerts(self) -> set[str]:
        """Names of the rules that have open alerts."""
        ...

    def alerts(self, ids: Collection[str]) -> list[Alert]:
        """Alerts by id, in no order."""
        ...

    def standings(self, group_id: str) -> list[Standing]:
        """How the open alerts of a group stand, counted; see :meth:`firing_beside` for which these are."""
        ...

    def firing_beside(self, group_id: str, limit: int) -> list[Alert]:
        """Alerts that fire, muted or not, by id: those of a group, or of the groups that it tells together,
        and of all groups on any channel that share an open alert with them."""
        ...

    def firing_members(self, group_id: str, limit: int, *, after: str = "") -> list[Alert]:
        """Alerts of a group, or of the groups that it tells together, that fire unmuted, by id."""
        ...

    def members(
        self, group_id: str, *, after: str = "", limit: int = 500, newest: bool = False
    ) -> list[Alert]:
        """Alerts of a group that have not ended, by id; what opened later has a greater one, to the second.

        Args:
            after: an id: only those beyond it, in the order that is asked for.
            newest: the greatest id first.
        """
        ...

    def events_of(self, ids: Collection[str]) -> list[Event]:
        """Events by id, in no order, without their envelopes."""
        ...

    def storm(self, channel: str, now: int) -> Group | None:
        """The storm of a channel that takes in groups at this time."""
        ...

    def told_since(self, channel: str, after: int) -> int:
        """How many notifications a channel had after that time, without those of ``acknowledged``."""
        ...

    def add_notifications(self, records: Sequence[NotificationRecord]) -> None:
        """Keeps notifications."""
        ...

    def add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Writes deliveries to the outbox."""
        ...

    # deliver

    def targets(self, names: Collection[str], hold: Collection[str] = ()) -> dict[str, TargetState]:
        """What is known of targets; every name has an answer.

        Args:
            hold: those of them that no other replica looks at in this way before the commit.
        """
        ...

    def put_targets(self, states: Sequence[TargetState]) -> None:
        """Replaces what is known of targets."""
        ...

    def claim_deliveries(
        self,
        now: int,
        room: Mapping[str, int],
        token: str,
        lease_until: int,
        made_before: int | None = None,
        *,
        which: Urgency | None = None,
        newest: Collection[str] = (),
    ) -> list[Delivery]:
        """Due deliveries, made ``sending`` under the token, one attempt counted; not committed yet.

        Args:
            room: how many at most for each target.
            made_before: only those that are older.
            newest: targets of which the newest are taken, not the oldest.
        """
        ...

    def threads(self, group_ids: Collection[str]) -> dict[tuple[str, str], Thread]:
        """Below which message later ones stand, by group and target: the newest that has a reference."""
        ...

    def count_due(self, now: int, most: Mapping[str, int], which: Urgency) -> dict[str, int]:
        """How many deliveries of each target could be claimed; counted up to so many."""
        ...

    def settle_deliveries(self, deliveries: Sequence[Delivery], tokens: Sequence[str]) -> list[str]:
        """Writes the outcomes of those still ``sending`` under their token; returns their ids."""
        ...

    def groups(self, ids: Collection[str]) -> list[Group]:
        """Groups by id, in no order."""
        ...

    def notifications(self, ids: Collection[str]) -> list[NotificationRecord]:
        """Notifications by id, in no order."""
        ...

    def copy_members(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Lets groups have the same alerts as others: (from group id, to group id)."""
        ...

    def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Keeps attempts."""
        ...

    def next_due(self, targets: Collection[str], after: int = 0) -> dict[str, int]:
        """For each target that has open deliveries which are due after that time: when the first is."""
        ...

    # maintain

    def open_targets(self) -> set[str]:
        """Targets that have deliveries which are pending or waiting."""
        ...

    def overtaken(self, before: int, limit: int, left_alone: Collection[str] = ()) -> list[tuple[str, str]]:
        """Deliveries that failed or cannot be tried, each with the newest later one of its group and target.

        Args:
            before: the later one was written by then.
            left_alone: targets to which nothing is sent now.
        """
        ...

    def replace_deliveries(self, pairs: Sequence[tuple[str, str]], now: int) -> None:
        """Ends deliveries that are waiting: (id, id of the one that has its content, overdue with it)."""
        ...

    def overdue(self, now: int, limit: int) -> list[Delivery]:
        """Unfinished deliveries that are overdue, the longest first; each is given once, to one process."""
        ...

    def outbox(self) -> dict[str, tuple[int, int]]:
        """Deliveries that have not ended, by state: how many, and when the oldest was made."""
        ...

    def expired_claims(self, now: int, limit: int) -> list[Delivery]:
        """Deliveries ``sending`` under a lease that has run out."""
        ...

    def claims_not_of(self, owner: str, limit: int) -> list[Delivery]:
        """Deliveries ``sending`` under a token that does not start with the owner's name."""
        ...

    def prune(self, before: int, identities_before: int, limit: int) -> int:
        """Deletes ended records older than that; returns how many. Open ones stay."""
        ...

    # policy

    def last_beat(self) -> int | None:
        """When a router last wrote the time; None on a new store."""
        ...

    def beat(self, now: int) -> None:
        """Writes the time: a real write that shows that the store can be written."""
        ...

    def hasten(self, now: int) -> frozenset[str]:
        """Makes due now what was made after now, by a clock that has been set back, and would wait that long.

        Deliveries that wait for an attempt, and groups for anything but a reminder; returns the targets.
        """
        ...

    def keep_policy(self, policy_hash: str, text: str, now: int) -> None:
        """Keeps a policy's canonical text by its hash; once."""
        ...

    def link_keys(self) -> LinkKeys | None:
        """The keys that sign the links of messages; None before the first start with a public address."""
        ...

    def put_link_keys(self, keys: LinkKeys) -> None:
        """Replaces them."""
        ...

    # people

    def retry_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        """Makes dead deliveries due again; returns the ids of those that were dead."""
        ...

    def drop_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        """Ends open and dead deliveries that are not being sent; returns their ids."""
        ...

    def dead_letters(self, since: int, before: int, limit: int, channel: str = "") -> list[str]:
        """Ids of deliveries that were given up in that time (of a channel), those that were written first."""
        ...

    def add_deed(self, deed: Deed) -> None:
        """Keeps what a person did."""
        ...

    def mark_replayed(self, ids: Collection[str], now: int) -> None:
        """Notes that messages which were set aside were sent through again."""
        ...

    # reading

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
        """Groups that have not ended, the most severe first, of those the newest; and how many there are."""
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


#: Stands for groups and alerts in what routers tell one another; no target has this name.
GROUPS = ""


class Store(Protocol):
    """Where everything is kept. Safe to call from any thread."""

    @property
    def shared(self) -> bool:
        """Whether other routers may run on it at the same time."""
        ...

    @property
    def writes(self) -> int:
        """How often :meth:`write` has committed here: whoever looks again where it grew, sees what is new."""
        ...

    def write(self, work: Callable[[Unit], T]) -> T:
        """Runs the work in one transaction and commits it before returning.

        Raises:
            RouterError: ``store-unavailable``: nothing of it may be taken as committed. A call
                ends within the store's deadline (5 s), whatever the disk or the server does.
        """
        ...

    def read(self, work: Callable[[Unit], T]) -> T:
        """Runs the work in a transaction that changes nothing. Raises as :meth:`write`."""
        ...

    def look(self, work: Callable[[Unit], T]) -> T:
        """As :meth:`read`, for people who look: however long it takes, no read of the loops waits for it."""
        ...

    def listen(self, woken: Callable[[frozenset[str]], None], begun: Callable[[], None]) -> None:
        """From now on hears, on a shared store, of what other routers have made due.

        Args:
            woken: called with what they gave to :meth:`wake_others`, from a thread of the store's.
            begun: called from there when it begins to hear, also again after its connection was lost: what
                they gave before that is not known.
        """
        ...

    def wake_others(self, due: Collection[str]) -> None:
        """Tells the other routers on a shared store what a commit has made due; returns at once.

        It may be lost: whoever waits for it also looks by itself from time to time.

        Args:
            due: targets with deliveries, or :data:`GROUPS` for groups and alerts.
        """
        ...

    def close(self) -> None:
        """Waits for what runs, and closes."""
        ...
