"""The working set of a transaction: the alerts and groups that something touches, loaded and written back."""

from collections.abc import Iterable, Sequence

from router.core.alert import Alert
from router.core.book import Book, Wanted
from router.core.policy import Policy
from router.ports import Unit


def open_book(unit: Unit, wanted: Wanted, policy: Policy, now: int) -> Book:
    """A book with everything that is wanted, and the groups of its alerts."""
    book = Book(policy, now, wanted.places)
    found = unit.open_alerts(wanted.slots, wanted.anchors) if wanted.slots or wanted.anchors else []
    slots = wanted.groups | _to_join(book, [alert for alert in found if not alert.is_open])
    groups = unit.open_groups(slots) if slots else []
    ends = unit.ends(wanted.ends) if wanted.ends else {}
    book.load(found, groups, ends)
    _load_groups(unit, book, found)
    return book


def book_of(unit: Unit, alerts: Sequence[Alert], policy: Policy, now: int) -> Book:
    """A book with these alerts, their groups, and those that they may come to join."""
    book = Book(policy, now)
    slots = _to_join(book, alerts)
    book.load(alerts, unit.open_groups(slots) if slots else [], {})
    _load_groups(unit, book, alerts)
    return book


def _to_join(book: Book, alerts: Iterable[Alert]) -> set[str]:
    """Where the groups are that alerts may come to join; their own key says it, not the newest event's."""
    return {slot for alert in alerts for slot in book.group_slots(alert, _channels(alert, book.policy))}


def _channels(alert: Alert, policy: Policy) -> list[str]:
    rule = policy.rule(alert.rule)
    return [*rule.to, *(name for step in rule.escalate for name in step.to)] if rule else []


def _load_groups(unit: Unit, book: Book, alerts: Iterable[Alert]) -> None:
    """The groups of alerts, and the storms that tell them."""
    for ids in (
        {seat.group_id for alert in alerts for seat in alert.seats},
        {group.storm_id for group in book.groups.values() if group.storm_id},
    ):
        missing = ids - book.groups.keys()
        if missing:
            book.load([], unit.groups(missing), {})
    storms = {group.storm_id for group in book.groups.values() if group.storm_id} - book.groups.keys()
    if storms:
        book.load([], unit.groups(storms), {})


def close_book(unit: Unit, book: Book) -> None:
    """Writes what changed."""
    unit.put_alerts([book.alerts[one] for one in book.changed_alerts])
    unit.put_groups([book.groups[one] for one in book.changed_groups])
    unit.join_groups(book.members)
    unit.put_ends({name: book.ends[name] for name in book.changed_ends}, book.now)
