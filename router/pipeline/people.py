"""What people do to alerts: acknowledge, resolve."""

from collections.abc import Collection, Iterator

from router.core.alert import Alert, AlertState
from router.core.policy import Policy
from router.pipeline.working_set import book_of, close_book
from router.ports import Unit


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


def acknowledge_group(unit: Unit, policy: Policy, group_id: str, now: int, by: str) -> list[Alert]:
    """Acknowledges what fires in a group, see :func:`open_alerts_of`; returns those alerts as they were.

    What somebody has acknowledged before stays theirs: doing it twice changes nothing.
    """
    unit.serialise()
    firing = [alert for alert in open_alerts_of(unit, group_id) if alert.state is AlertState.FIRING]
    acknowledge(unit, policy, [alert.id for alert in firing], now, by)
    return firing


def open_alerts_of(unit: Unit, group_id: str) -> list[Alert]:
    """All open alerts of a group, or of the groups that it tells together, and of their groups elsewhere."""
    ids = {alert.id for one in (group_id, *unit.told_by(group_id)) for alert in _members(unit, one)}
    return list({alert.id: alert for alert in _beside(unit, ids) if alert.is_open}.values())


def _beside(unit: Unit, ids: Collection[str]) -> Iterator[Alert]:
    """All alerts that share a group with one of these, some of them twice."""
    for group in unit.groups_of(ids):
        yield from _members(unit, group.id)


def _members(unit: Unit, group_id: str) -> Iterator[Alert]:
    """The alerts of a group that have not ended, page by page."""
    after = ""
    while page := unit.members(group_id, after=after):
        yield from page
        after = page[-1].id


def resolve(unit: Unit, policy: Policy, ids: Collection[str], now: int, by: str) -> list[str]:
    """Ends the alerts of these ids that have not ended, as an event would; returns their ids."""
    unit.serialise()
    chosen = {alert.id: alert for alert in unit.alerts(ids) if alert.ended_at is None}
    book = book_of(unit, list(chosen.values()), policy, now)
    for alert in chosen.values():
        book.finish(alert, f"resolved by {by}")
    close_book(unit, book)
    return sorted(chosen)
