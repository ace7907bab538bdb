"""What events can hold: the catalogue's, and those of a user's JSON Schema, as sets of values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from router.core.catalogue import EVENTS, FIELDS, JOB, EventType, Field, FieldType
from router.core.check.lines import ANY, just
from router.core.check.values import NULL, NUMBER, OBJECT, TEXT, Array, Object, Values, joined

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One type of event.

    Args:
        name: as people know it: ``OnJobFailed``, or a schema's source.
        root: what its events may be.
        words: known words of fields that may hold others too, for "did you mean".
        documented: those of them that this very event is documented with.
    """

    name: str
    root: Values
    words: Mapping[Path, frozenset[str]] = field(default_factory=dict[Path, frozenset[str]])
    documented: Mapping[Path, frozenset[str]] = field(default_factory=dict[Path, frozenset[str]])

    def values_at(self, path: Path) -> Values:
        """What may stand at a chain of fields."""
        found = self.root
        for name in path:
            found = found.get(name)
        return found

    def has(self, path: Path) -> bool | None:
        """Whether its events have such a field; None where nobody can say."""
        found = self.root
        for name in path:
            held = found.object
            if held is None:
                return False
            if name not in held.fields:
                return False if held.closed else None
            found = held.fields[name]
        return True


def as_documented(kind: Kind) -> Kind:
    """The same event where nothing undocumented comes: its State is the one that its name says."""
    root = kind.root
    for path, words in kind.documented.items():
        root = _with(root, path, Values(texts=just(*sorted(words))))
    return replace(kind, root=root)


def without(kind: Kind, paths: Iterable[Path]) -> Values:
    """What its events may be where these fields are null."""
    root = kind.root
    for path in paths:
        root = _with(root, path, NULL)
    return root


def _with(values: Values, path: Path, found: Values) -> Values:
    """The same values with others at a chain of fields."""
    if not path or values.object is None:
        return found
    inner = _with(values.get(path[0]), path[1:], found)
    return values._replace(object=values.object._replace(fields={**values.object.fields, path[0]: inner}))


#: What is true of it is true of any event, whoever sends it.
ANY_EVENT = Kind("any event", Values(object=Object({})))


@lru_cache(8)
def kind_of_alerts(rules: frozenset[str]) -> Kind:
    """What a silence's filter looks at: an alert of one of these rules, with whatever its event holds."""
    severities = Values(texts=just("info", "warning", "critical"))
    fields = {"rule": TEXT, "severity": severities}
    return Kind("alert", Values(object=Object(fields)), {("rule",): rules})


#: What an alert has beside the fields of its event.
OF_ALERTS = frozenset({"rule", "severity", "labels", "key", "event"})
#: What the router says of a whole event.
_OF_EVENT = {"id": TEXT, "source": TEXT, "time": TEXT}


@lru_cache(256)
def as_alert(kind: Kind, rules: frozenset[str]) -> Kind:
    """What a silence's filter looks at: an alert of one of these rules, with an event of this kind."""
    alert = kind_of_alerts(rules)
    held = kind.root.object
    if held is None or alert.root.object is None:
        return alert
    own = {
        **alert.root.object.fields,
        "labels": OBJECT,
        "key": Values(array=Array(None)),
        "event": Values(object=held._replace(fields={**held.fields, **_OF_EVENT})),
    }
    words = {**kind.words, **_in_event(kind.words), **alert.words}
    documented = {**kind.documented, **_in_event(kind.documented)}
    return Kind(kind.name, Values(object=held._replace(fields={**held.fields, **own})), words, documented)


def _in_event(words: Mapping[Path, frozenset[str]]) -> dict[Path, frozenset[str]]:
    return {("event", *path): known for path, known in words.items()}


_OF_TYPE = {
    FieldType.TEXT: TEXT,
    FieldType.ID: TEXT,
    FieldType.STATE: TEXT,
    FieldType.TIME: Values(null=True, texts=ANY),
    FieldType.NUMBER: joined(NUMBER, NULL),
}
#: The events of jobs alone; what the router last heard from them is a task's and an instance's ``Job``.
_JOBS = tuple(event for event in EVENTS.values() if event.key == ("JobId",))


@cache
def catalogue_kinds() -> tuple[Kind, ...]:
    """The 19 events of Batch Compute."""
    job = _job()
    return tuple(_kind(event, job) for event in EVENTS.values())


def _kind(event: EventType, job: Values) -> Kind:
    fields = dict.fromkeys(FIELDS, NULL) | {name: _values(one) for name, one in event.fields.items()}
    fields[JOB] = job if event.has_job else NULL
    words: dict[Path, frozenset[str]] = {("State",): _states(event.category)}
    if event.has_job:
        words[(JOB, "State")] = _states("Job")
    documented = {
        (name,): frozenset(one.known) for name, one in event.fields.items() if one.open and one.known
    }
    return Kind(event.name, Values(object=Object(fields, closed=True)), words, documented)


def _values(one: Field) -> Values:
    return _OF_TYPE[one.type] if one.open else Values(texts=just(*one.known))


def _states(category: str) -> frozenset[str]:
    having = [event for event in EVENTS.values() if event.category == category]
    return frozenset(state for event in having for state in event.fields["State"].known)


def _job() -> Values:
    """What a task's or an instance's event has of its job: any part of what was heard, or null."""
    fields: dict[str, Values] = {}
    for event in _JOBS:
        for name, one in event.fields.items():
            fields[name] = joined(fields.get(name, NULL), _values(one))
    return Values(null=True, object=Object(fields, closed=True))
