"""Alerts that last and groups that gather. What stands here is history: it never changes."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds what alerts and groups remember; alerts of the first version, each told alone, are ended."""
    for column in _alert_columns():
        op.add_column("alerts", column)
    for column in _group_columns():
        op.add_column("groups", column)
    _end_what_was_told_alone()
    op.drop_index("alerts_open", table_name="alerts")
    _partial("alerts_slot", "alerts", ["slot"], "ended_at IS NULL", unique=True)
    _partial("alerts_anchor", "alerts", ["anchor"], "ended_at IS NULL")
    _partial("alerts_due", "alerts", ["due_at", "id"], "due_at IS NOT NULL")
    op.create_index("alerts_ended", "alerts", ["ended_at"], unique=False)
    op.create_index("alerts_rule", "alerts", ["rule", "received_at"], unique=False)
    _partial("groups_slot", "groups", ["slot"], "ended_at IS NULL", unique=True)
    _partial("groups_storm", "groups", ["storm_id"], "storm_id IS NOT NULL")
    op.create_index("groups_ended", "groups", ["ended_at"], unique=False)
    op.create_index("notifications_channel", "notifications", ["channel", "created_at"], unique=False)
    op.create_table(
        "ends",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_index("ends_seen", "ends", ["seen_at"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_index("jobs_seen", "jobs", ["seen_at"], unique=False)


def _alert_columns() -> list[sa.Column[object]]:
    return [
        _text("parts", "[]"),
        _text("group_key", "[]"),
        _text("cause"),
        _text("source"),
        _text("slot"),
        _text("anchor"),
        _text("times", "[]"),
        _time("deadline"),
        _time("due_at"),
        _text("acknowledged_by"),
        _time("acknowledged_until"),
        _count("escalated"),
        _time("escalates_from"),
        _time("recheck_at"),
        _count("shadow"),
        _text("seats", "[]"),
    ]


def _group_columns() -> list[sa.Column[object]]:
    return [
        _text("slot"),
        _count("resolved"),
        _text("tallies", "{}"),
        _text("shown", "[]"),
        _text("causes", "{}"),
        _text("escalation", "[0,0]"),
        _text("covered", "{}"),
        sa.Column("storm_id", sa.Text(), nullable=True),
        _count("is_storm"),
        _time("accepts_until"),
        _count("storm_groups"),
        _count("quiet"),
    ]


def _text(name: str, default: str = "") -> sa.Column[object]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=True)


def _count(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    which = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=which, postgresql_where=which)


def _end_what_was_told_alone() -> None:
    connection = op.get_bind()
    connection.execute(
        sa.text(
            "UPDATE alerts SET state = 'resolved', ended_at = received_at, slot = id, "
            "end_reason = 'it was opened by a version that knew no ends' WHERE ended_at IS NULL"
        )
    )
    members = (
        "SELECT group_id, alert_id FROM group_alerts "
        "WHERE group_id IN (SELECT id FROM groups WHERE due_at IS NOT NULL)"
    )
    shown: dict[str, list[str]] = {}
    for group, alert in connection.execute(sa.text(members)):
        shown.setdefault(group, []).append(alert)
    for group, alerts in shown.items():
        connection.execute(
            sa.text("UPDATE groups SET shown = :shown WHERE id = :id"),
            {"shown": json.dumps(alerts[:10]), "id": group},
        )
    connection.execute(sa.text("UPDATE groups SET slot = id, ended_at = opened_at WHERE ended_at IS NULL"))
