"""What people do, on record with who did it; and what is done to alerts, silences and deliveries."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from router.core.alert import Alert, AlertState
from router.core.mute.silence import Silence, expired
from router.core.policy import Policy
from router.core.times import iso
from router.errors import RouterError
from router.pipeline.incidents import opened_again
from router.pipeline.working_set import book_of, close_book
from router.ports import AlertsSeen, Deed, Store, Unit

#: Alerts, or dead letters, in one transaction.
BATCH = 500
DAY = 86_400 * 1_000_000
#: Alerts that are looked at before a silence is made: first those that are open, the newest of each.
LOOKED_AT = 2_000


def acknowledge(unit: Unit, policy: Policy, ids: Collection[str], now: int, by: str) -> list[str]:
    """Acknowledges the open alerts of these ids; returns their ids."""
    unit.serialise()
    chosen = {alert.id: alert for alert in unit.alerts(ids) if alert.is_open}
    book = book_of(unit, list(chosen.values()), policy, now)
    for alert in chosen.values():
        book.acknowledge(alert, by)
    close_book(unit, book)
    return _noted(unit, now, by, "acknowledge", sorted(chosen))


def acknowledge_beside(
    store: Store, policy: Policy, ids: Collection[str], now: int, by: str, most: int | None = None
) -> tuple[list[str], bool]:
    """Acknowledges the open alerts of these ids and what fires in a group with one.

    Args:
        most: it stops after about so many of those beside them; who asks again has the rest.

    Returns:
        All the ids, and whether more may be left.
    """

    def first(unit: Unit) -> tuple[list[str], list[str]]:
        found = [alert for alert in unit.alerts(ids) if alert.is_open]
        others = [one.id for one in found if one.state is AlertState.FIRING or one.acknowledged_by != by]
        acknowledge(unit, policy, others, now, by)
        known = [one.id for one in found]
        return known, [group.id for group in unit.groups_of(known)]

    taken, groups = store.write(first)
    beside: list[str] = []
    for group in groups:
        beside += acknowledge_group(store, policy, group, now, by, most and most - len(beside))
        if most and len(beside) >= most:
            return sorted({*taken, *beside}), True
    return sorted({*taken, *beside}), False


def acknowledge_group(
    store: Store, policy: Policy, group_id: str, now: int, by: str, most: int | None = None
) -> list[str]:
    """Acknowledges what fires in a group and beside it, in every channel; returns the alerts' ids.

    What somebody has acknowledged before stays theirs: doing it twice changes nothing. Ten thousand alerts
    would hold up all else if they were one transaction, so it is many.

    Args:
        most: no further transaction is begun after so many.
    """

    def some(unit: Unit) -> list[str]:
        unit.serialise()
        firing = unit.firing_beside(group_id, BATCH)
        return acknowledge(unit, policy, [alert.id for alert in firing], now, by)

    taken: list[str] = []
    while (most is None or len(taken) < most) and (done := store.write(some)):
        taken += done
    return taken


def resolve(unit: Unit, policy: Policy, ids: Collection[str], now: int, by: str) -> list[str]:
    """Ends the alerts of these ids that have not ended, as an event would; returns their ids."""
    unit.serialise()
    chosen = {alert.id: alert for alert in unit.alerts(ids) if alert.ended_at is None}
    book = book_of(unit, list(chosen.values()), policy, now)
    book.finish_together([(alert, f"resolved by {by}") for alert in chosen.values()])
    close_book(unit, book)
    return _noted(unit, now, by, "resolve", sorted(chosen))


def resolve_group(store: Store, policy: Policy, group_id: str, now: int, by: str) -> list[str]:
    """Ends the alerts of a group that have not ended, so many at a time; returns their ids."""

    def some(unit: Unit) -> list[str]:
        unit.serialise()
        return resolve(unit, policy, [alert.id for alert in unit.members(group_id, limit=BATCH)], now, by)

    ended: list[str] = []
    while done := store.write(some):
        ended += done
    return ended


def silence(unit: Unit, made: Silence, now: int) -> None:
    """Lets a silence begin to hold."""
    unit.put_silences([made])
    _noted(unit, now, made.author, "silence", [made.id])


class Picked(NamedTuple):
    """What a silence's filter picks of the open alerts, and of those of the last day that have ended.

    Args:
        being_open: the newest of them, as is ``ended``.
        is_whole: all were looked at, not only ``LOOKED_AT``.
    """

    open_number: int
    being_open: list[Alert]
    ended_number: int
    ended: list[Alert]
    is_whole: bool


def picked_by(unit: Unit, silence: Silence, now: int, most: int) -> Picked:
    """What a silence would mute now, and would have muted in the last day; so many alerts of each."""

    def picked(which: AlertsSeen, since: int, look_at: int) -> tuple[int, list[Alert], int]:
        ids: list[str] = []
        looked_at = 0
        for alert_id, document in unit.alert_documents(which, since, look_at):
            looked_at += 1
            if silence.matcher.holds(document):
                ids.append(alert_id)
        alerts = {alert.id: alert for alert in unit.alerts(ids[:most])}
        return len(ids), [alerts[alert_id] for alert_id in ids[:most]], look_at - looked_at

    open_number, being_open, left = picked("open", 0, LOOKED_AT)
    ended_number, ended, left = picked("ended", now - DAY, left)
    return Picked(open_number, being_open, ended_number, ended, is_whole=left > 0)


def expire(unit: Unit, silence_id: str, now: int, by: str) -> tuple[Silence, int]:
    """Ends a silence; returns it, and how many alerts are judged again because of that.

    Raises:
        RouterError: ``not-found``: none has this id, or it was over already.
    """
    unit.serialise()
    found = next((one for one in unit.silences(0) if one.id == silence_id), None)
    if found is None:
        raise RouterError("not-found", f"no silence has the id {silence_id}", "`silences list` shows ids")
    if found.over_at <= now:
        raise RouterError("not-found", f"silence {silence_id} is over since {iso(found.over_at)}")
    ended = expired(found, now)
    unit.put_silences([ended])
    _noted(unit, now, by, "expire", [ended.id])
    return ended, unit.recheck_muted(f"silenced by {ended.id} ", now)


def retry(unit: Unit, ids: Collection[str], now: int, by: str) -> list[str]:
    """Makes dead deliveries due again; returns the ids of those that were dead."""
    unit.serialise()
    retried = unit.retry_deliveries(ids, now, by)
    opened_again(unit, retried, now)
    return _noted(unit, now, by, "retry", retried)


def drop(unit: Unit, ids: Collection[str], now: int, by: str) -> list[str]:
    """Ends deliveries that are not being sent; returns their ids."""
    return _noted(unit, now, by, "drop", unit.drop_deliveries(ids, now, by))


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """All that were given up at a time or later.

    Args:
        channel: only of this one; empty for all.
        since: microseconds UTC.
    """

    channel: str = ""
    since: int = 0


#: :func:`retry` or :func:`drop`.
Change = Callable[[Unit, Collection[str], int, str], list[str]]


def change_dead(store: Store, change: Change, which: DeadLetters, now: int, by: str) -> list[str]:
    """Retries or drops dead letters that were given up until now; returns their ids.

    So many transactions as it takes: a hundred thousand would hold up all else if they were one.
    """

    def some(unit: Unit) -> list[str]:
        # Each transaction is later than the one before it: what it retries stands behind.
        at = now + len(changed)
        return change(unit, unit.dead_letters(which.since, now, BATCH, which.channel), at, by)

    changed: list[str] = []
    while done := store.write(some):
        changed += done
    return changed


def _noted(unit: Unit, now: int, by: str, what: str, ids: list[str]) -> list[str]:
    """What was done to these, on record."""
    if ids:
        note(unit, now, by, what, ids[0], len(ids))
    return ids


def note(unit: Unit, now: int, by: str, what: str, subject: str, number: int = 1) -> None:
    """Puts on record what was done; see :class:`router.ports.Deed`."""
    unit.add_deed(Deed(f"p-{secrets.token_hex(12)}", now, by, what, subject, number))
