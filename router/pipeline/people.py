"""What people do to alerts: acknowledge, resolve."""

from collections.abc import Collection

from router.core.policy import Policy
from router.pipeline.working_set import book_of, close_book
from router.ports import Store, Unit

#: Alerts in one transaction.
BATCH = 500


def acknowledge(unit: Unit, policy: Policy, ids: Collection[str], now: int, by: str) -> list[str]:
    """Acknowledges the open alerts of these ids; returns their ids."""
    unit.serialise()
    chosen = {alert.id: alert for alert in unit.alerts(ids) if alert.is_open}
    book = book_of(unit, list(chosen.values()), policy, now)
    for alert in chosen.values():
        book.acknowledge(alert, by)
    close_book(unit, book)
    return sorted(chosen)


def acknowledge_beside(store: Store, policy: Policy, ids: Collection[str], now: int, by: str) -> list[str]:
    """Acknowledges the open alerts of these ids and what fires in a group with one; returns all the ids."""

    def first(unit: Unit) -> tuple[list[str], list[str]]:
        taken = acknowledge(unit, policy, ids, now, by)
        return taken, [group.id for group in unit.groups_of(taken)]

    taken, groups = store.write(first)
    beside = [one for group in groups for one in acknowledge_group(store, policy, group, now, by)]
    return sorted({*taken, *beside})


def acknowledge_group(store: Store, policy: Policy, group_id: str, now: int, by: str) -> list[str]:
    """Acknowledges what fires in a group and beside it, in every channel; returns the alerts' ids.

    What somebody has acknowledged before stays theirs: doing it twice changes nothing. Ten thousand alerts
    would hold up all else if they were one transaction, so it is many.
    """

    def some(unit: Unit) -> list[str]:
        unit.serialise()
        firing = unit.firing_beside(group_id, BATCH)
        return acknowledge(unit, policy, [alert.id for alert in firing], now, by)

    taken: list[str] = []
    while done := store.write(some):
        taken += done
    return taken


def resolve(unit: Unit, policy: Policy, ids: Collection[str], now: int, by: str) -> list[str]:
    """Ends the alerts of these ids that have not ended, as an event would; returns their ids."""
    unit.serialise()
    chosen = {alert.id: alert for alert in unit.alerts(ids) if alert.ended_at is None}
    book = book_of(unit, list(chosen.values()), policy, now)
    for alert in chosen.values():
        book.finish(alert, f"resolved by {by}")
    close_book(unit, book)
    return sorted(chosen)
