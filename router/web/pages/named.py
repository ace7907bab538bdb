"""What alerts and groups are about: jobs by their names, since nobody knows them by their ids."""

from collections.abc import Iterable

from router.core.alert import Alert
from router.core.filter.unparse import text_of
from router.core.group import Group
from router.core.text.values import key_values
from router.ports import EventRecord, Unit


def names_of(unit: Unit, values: Iterable[object]) -> dict[str, str]:
    """The names of those of these values that are ids of jobs, by id; empty where nobody has said a name."""
    ids = {value for value in values if isinstance(value, str) and value}
    return {job.id: _name(job.data.get("JobName")) for job in unit.jobs(ids)} if ids else {}


def in_events(records: Iterable[EventRecord]) -> list[object]:
    """What may be the id of a job in events."""
    return [record.event.data.get("JobId") for record in records]


def in_keys(keys: Iterable[str]) -> list[object]:
    """What may be the id of a job in keys."""
    return [value for key in keys for value in key_values(key)]


def abouts_of(unit: Unit, groups: Iterable[Group]) -> dict[str, str]:
    """What each group is about, by its id: its key, or of one that is told alone that of its alert."""
    alone = {group.id: group.shown[0] for group in groups if key_values(group.key) == list(group.shown)}
    alerts = {alert.id: alert for alert in unit.alerts(set(alone.values()))} if alone else {}
    return {
        group.id: _of_alert(alerts.get(alone[group.id])) if group.id in alone else group.key
        for group in groups
    }


def silencing(key: str, rules: Iterable[str], names: dict[str, str]) -> str:
    """A matcher for what a group is about: its job, else its first rule."""
    job = next((value for value in in_keys([key]) if isinstance(value, str) and value in names), None)
    field, value = ("rule", next(iter(rules), "")) if job is None else ("JobId", job)
    return f"{field} == {text_of({'type': 'literal', 'value': value})}"


def _of_alert(alert: Alert | None) -> str:
    # A key that is the event's id says nothing to anybody.
    return "[]" if alert is None or key_values(alert.key) == [alert.event_id] else alert.key


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""
