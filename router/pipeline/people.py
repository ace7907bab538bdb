"""What people do to alerts: acknowledge, resolve."""

from collections.abc import Collection

from router.core.alert import Alert
from router.core.policy import Policy
from router.pipeline.working_set import book_of, close_book
from router.ports import Store, Unit

#: Alerts in one transaction.
BATCH = 500


def acknowledge(
    unit: Unit, policy: Policy, ids: Collection[str], now: int, by: str, *, groups: bool = False
) -> list[str]:
    """Acknowledges the open alerts of these ids; returns their ids.

    Args:
        groups: all open alerts of their groups too, in every channel.
    """
    unit.serialise()
    chosen = {alert.id: alert for alert in unit.alerts(ids) if alert.is_open}
    if groups:
        chosen |= {alert.id: alert for alert in _beside(unit, chosen.keys()) if alert.is_open}
    book = book_of(unit, list(chosen.values()), policy, now)
    for alert in chosen.values():
        book.acknowledge(alert, by)
    close_book(unit, book)
    return sorted(chosen)


def _beside(unit: Unit, ids: Collection[str]) -> list[Alert]:
    """All alerts that share a group with one of these, page by page."""
    found: list[Alert] = []
    for group in unit.groups_of(ids):
        after = ""
        while page := unit.members(group.id, after=after):
            found += page
            after = page[-1].id
    return found


def acknowledge_group(store: Store, policy: Policy, group_id: str, now: int, by: str) -> int:
    """Acknowledges what fires in a group and beside it, in every channel; returns how many alerts that were.

    What somebody has acknowledged before stays theirs: doing it twice changes nothing. Ten thousand alerts
    would hold up all else if they were one transaction, so it is many.
    """

    def some(unit: Unit) -> int:
        unit.serialise()
        firing = unit.firing_beside(group_id, BATCH)
        return len(acknowledge(unit, policy, [alert.id for alert in firing], now, by))

    taken = 0
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
