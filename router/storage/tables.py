"""The tables. Times are integer microseconds UTC, ids text made by us, lists JSON text."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

#: The schema's revision; the last Alembic revision has the same name.
REVISION = "0013"

metadata = MetaData()

#: The minute of an event's receipt since 1970, written into statements as it stands here, and what those of
#: a minute are ordered by: so that their index is found.
MINUTE = "(received_at / 60000000)"
WITHIN_MINUTE = ("kind", "outcome", "source", "job_id")


def _id() -> "Column[str]":
    return Column("id", Text, primary_key=True)


def _text(name: str, default: str | None = None) -> "Column[str]":
    return Column(name, Text, nullable=False, server_default=default)


def _time(name: str, *, nullable: bool = False) -> "Column[int]":
    return Column(name, BigInteger, nullable=nullable)


def _count(name: str) -> "Column[int]":
    return Column(name, Integer, nullable=False, server_default="0")


def for_postgresql() -> None:
    """Tells PostgreSQL too which rows an index has.

    Not said where the tables are: SQLAlchemy loads a dialect that a table names, 5 % of the time of a start.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]


meta = Table("meta", metadata, Column("name", Text, primary_key=True), _text("value"))

policies = Table(
    "policies", metadata, Column("hash", Text, primary_key=True), _text("text"), _time("loaded_at")
)

events = Table(
    "events",
    metadata,
    _id(),
    Column("identity", Text),
    _text("source"),
    _text("kind"),
    Column("job_id", Text),
    _time("at"),
    _time("received_at"),
    _text("data"),
    Column("body", LargeBinary, nullable=False),
    _text("headers"),
    _text("position"),
    _text("policy"),
    _text("outcome"),
    _text("reason"),
    _text("matches"),
    _text("failures"),
    _text("odd_fields"),
    Column("number", BigInteger, nullable=False, server_default="0"),
    Index("events_received", "received_at", "id"),
    Index("events_job", "job_id", "received_at"),
    # Those of a day are counted by name, source and job without reading or sorting them.
    Index("events_by_minute", text(MINUTE), *WITHIN_MINUTE, "received_at"),
    # Few events match a rule, or make a filter fail: those of a day are counted without the others.
    Index(
        "events_matched",
        "received_at",
        sqlite_where=text("matches <> '[]'"),
    ),
    Index(
        "events_failing",
        "received_at",
        sqlite_where=text("failures <> '[]'"),
    ),
)

identities = Table(
    "identities",
    metadata,
    Column("identity", Text, primary_key=True),
    _text("event_id"),
    _text("sources"),
    _time("seen_at"),
    Index("identities_seen", "seen_at"),
    sqlite_with_rowid=False,
)

undecodable = Table(
    "undecodable",
    metadata,
    _id(),
    _text("source"),
    _time("received_at"),
    Column("body", LargeBinary, nullable=False),
    _text("headers"),
    _text("position"),
    Column("identity", Text),
    _text("reason"),
    _time("replayed_at", nullable=True),
    Index("undecodable_received", "received_at"),
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    _text("rule"),
    _text("key"),
    _text("state"),
    _text("severity"),
    _time("opened_at"),
    _text("event_id"),
    _time("event_at"),
    _time("received_at"),
    _text("policy"),
    _text("labels"),
    _count("count"),
    _time("fired_at", nullable=True),
    _time("ended_at", nullable=True),
    _text("end_reason"),
    _text("muted_by"),
    _text("parts", "[]"),
    _text("group_key", "[]"),
    _text("cause", ""),
    _text("source", ""),
    _text("slot", ""),
    _text("anchor", ""),
    _text("times", "[]"),
    _time("deadline", nullable=True),
    _time("due_at", nullable=True),
    _text("acknowledged_by", ""),
    _time("acknowledged_until", nullable=True),
    _count("escalated"),
    _time("escalates_from", nullable=True),
    _time("recheck_at", nullable=True),
    _count("shadow"),
    _text("seats", "[]"),
    _time("clock_at", nullable=True),
    _time("closes_from", nullable=True),
    Index(
        "alerts_slot",
        "slot",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
    ),
    Index(
        "alerts_anchor",
        "anchor",
        sqlite_where=text("ended_at IS NULL"),
    ),
    Index(
        "alerts_due",
        "due_at",
        "id",
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index("alerts_rule", "rule", "received_at"),
    Index(
        "alerts_ended",
        "ended_at",
        sqlite_where=text("ended_at IS NOT NULL"),
    ),
    Index("alerts_event", "event_id"),
    Index("alerts_received", "received_at"),
)

groups = Table(
    "groups",
    metadata,
    _id(),
    _text("channel"),
    _text("key"),
    _text("severity"),
    _time("opened_at"),
    _text("policy"),
    _time("due_at", nullable=True),
    Column("due_reason", Text),
    _count("alerts"),
    _count("told"),
    _time("told_at", nullable=True),
    _time("ended_at", nullable=True),
    Column("fallback_of", Text),
    _text("slot", ""),
    _count("resolved"),
    _text("tallies", "{}"),
    _text("shown", "[]"),
    _text("causes", "{}"),
    _text("escalation", "[0,0]"),
    _text("covered", "{}"),
    Column("storm_id", Text),
    _count("is_storm"),
    _time("accepts_until", nullable=True),
    _count("storm_groups"),
    _count("quiet"),
    _count("acknowledged"),
    Index(
        "groups_slot",
        "slot",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
    ),
    Index(
        "groups_storm",
        "storm_id",
        sqlite_where=text("storm_id IS NOT NULL"),
    ),
    Index(
        "groups_ended",
        "ended_at",
        sqlite_where=text("ended_at IS NOT NULL"),
    ),
    Index(
        "groups_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index("groups_opened", "opened_at"),
    Index(
        "groups_open",
        "severity",
        "opened_at",
        "id",
        sqlite_where=text("ended_at IS NULL"),
    ),
)

group_alerts = Table(
    "group_alerts",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("alert_id", Text, primary_key=True),
    Index("group_alerts_alert", "alert_id"),
    sqlite_with_rowid=False,
)

ends = Table(
    "ends",
    metadata,
    Column("name", Text, primary_key=True),
    _time("at"),
    _time("seen_at"),
    Index("ends_seen", "seen_at"),
    sqlite_with_rowid=False,
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    _text("data"),
    _time("at"),
    _time("seen_at"),
    Index("jobs_seen", "seen_at"),
)

timers = Table(
    "timers",
    metadata,
    _id(),
    _text("kind"),
    _text("subject"),
    _time("due_at"),
    _text("data"),
    Index("timers_due", "due_at"),
    Index("timers_subject", "subject"),
)

notifications = Table(
    "notifications",
    metadata,
    _id(),
    _text("group_id"),
    _text("channel"),
    _text("reason"),
    _text("severity"),
    _time("created_at"),
    _text("policy"),
    _text("event_id"),
    _text("faults"),
    Index("notifications_created", "created_at"),
    Index("notifications_channel", "channel", "created_at"),
    Index("notifications_event", "event_id"),
    Index("notifications_group", "group_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    _text("notification_id"),
    _text("group_id"),
    _text("channel"),
    _text("target"),
    _text("kind"),
    _text("severity"),
    _text("content"),
    _time("created_at"),
    _time("due_at"),
    _text("state"),
    Column("token", Text),
    _time("lease_until", nullable=True),
    _count("attempts"),
    _count("unknown"),
    _text("reason"),
    _text("answer"),
    Column("status", Integer),
    _time("ended_at", nullable=True),
    Column("replaced_by", Text),
    Column("fallback_of", Text),
    _time("overdue_at", nullable=True),
    Column("reference", Text),
    Index(
        "deliveries_overdue",
        "overdue_at",
        "id",
        sqlite_where=text("overdue_at IS NOT NULL AND ended_at IS NULL"),
    ),
    Index(
        "deliveries_due",
        "target",
        "due_at",
        "id",
        sqlite_where=text("state IN ('pending', 'waiting')"),
    ),
    Index(
        "deliveries_critical",
        "severity",
        "target",
        "due_at",
        "id",
        sqlite_where=text("state IN ('pending', 'waiting') AND severity = 'critical'"),
    ),
    Index(
        "deliveries_claimed",
        "lease_until",
        sqlite_where=text("state = 'sending'"),
    ),
    Index("deliveries_created", "created_at"),
    Index(
        "deliveries_undelivered",
        "state",
        "created_at",
        "id",
        sqlite_where=text("state IN ('dead', 'replaced', 'dropped')"),
    ),
    Index("deliveries_notification", "notification_id"),
    Index(
        "deliveries_unfinished",
        "group_id",
        "target",
        "created_at",
        "id",
        sqlite_where=text("state IN ('pending', 'waiting', 'sending')"),
    ),
    Index(
        "deliveries_ended",
        "ended_at",
        sqlite_where=text("ended_at IS NOT NULL"),
    ),
    Index(
        "deliveries_referred",
        "group_id",
        "target",
        sqlite_where=text("reference IS NOT NULL"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", Text, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    _time("started_at"),
    _time("ended_at"),
    _text("verdict"),
    Column("status", Integer),
    _text("answer"),
)

targets = Table(
    "targets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("tokens", Float),
    _time("tokens_at"),
    _count("failures"),
    _count("pauses"),
    _time("until"),
    _time("at"),
    _text("broken"),
    _text("answer"),
    _time("probed_until"),
)

silences = Table(
    "silences",
    metadata,
    _id(),
    _text("matcher"),
    _time("starts_at"),
    _time("ends_at"),
    _text("author"),
    _text("comment"),
    _time("created_at"),
    Column("interval", Text),
    _time("expired_at", nullable=True),
    Index("silences_ends", "ends_at"),
)

deeds = Table(
    "deeds",
    metadata,
    _id(),
    _time("at"),
    _text("by"),
    _text("what"),
    _text("subject"),
    _count("number"),
    Index("deeds_at", "at", "id"),
)
