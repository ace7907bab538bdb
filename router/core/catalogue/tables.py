"""The catalogue as a page of Markdown: ``docs/events.md`` is this text."""

from collections.abc import Iterable, Sequence

from router.core.catalogue.events import EVENTS, EventType
from router.core.catalogue.fields import ABOUT_JOB, FIELDS, JOB, Field

_HEAD = """\
# Events

What Batch Compute tells of its clusters and jobs, as filters and templates see it. `alert-router events`
prints the same list, `alert-router events NAME` a documented sample, `--schema` a JSON Schema.

The root of a filter is the event's own JSON, its fields named as the producer names them. Fields that are
not listed here are kept as they came, and an event of another name is an event like any other.

- A **number** is sent as text (`"137"`) and decoded to an integer before a filter sees it; an empty one is
  `null`. A text that is no number stays text, and is counted in `alert_router_odd_fields_total`.
- A **time** is text in ISO 8601, UTC; an empty one is `null`. It is data: an event's own time is when it was
  published.
- An **id** stays text, also where it looks like a number: `InstanceId == '0'`.
- **`Job`** is not sent: the router joins to a task's or an instance's event what it last heard of the job, by
  an `OnJob…` event of the same `JobId` that came before (`Job.JobName`); `null` where it heard nothing.
- A **state** may be a word that is not listed.

This page is generated: `make docs`.
"""


def markdown() -> str:
    """The whole page."""
    return "\n".join([_HEAD, "## The events\n", *_events(), "\n## Their fields\n", *_fields(), ""])


def events_table() -> str:
    """The events alone, a row each."""
    return "\n".join([*_events(), ""])


def in_rules_page(page: str) -> str:
    """The text of docs/rules.md with the table as it is now."""
    before, mark, rest = page.partition("<!-- catalogue -->\n")
    _, end, after = rest.partition("<!-- end of catalogue -->")
    return f"{before}{mark}{events_table()}{end}{after}"


def _events() -> Iterable[str]:
    rows = [
        (
            f"`{event.name}`",
            event.about,
            _words(event.fields["State"].known),
            _words(event.key),
            _words(name for name in _seen(event) if name not in ("Event", "Category", "State", *event.key)),
        )
        for event in EVENTS.values()
    ]
    return _table(("Event", "means", "State", "the thing it is about (`key`)", "further fields"), rows)


def _seen(event: EventType) -> list[str]:
    """The fields that filters see in it."""
    return [*event.fields, *([JOB] if event.has_job else [])]


def _fields() -> Iterable[str]:
    rows = [(f"`{field.name}`", _type(field), field.about, _where(field)) for field in FIELDS.values()]
    having = [event for event in EVENTS.values() if event.has_job]
    rows.append((f"`{JOB}`", "fields or `null`", ABOUT_JOB, ", ".join(_families(having))))
    return _table(("field", "holds", "what it tells", "in"), rows)


def _type(field: Field) -> str:
    return f"{field.type} or `null`" if field.nullable else str(field.type)


def _where(field: Field) -> str:
    having = [event for event in EVENTS.values() if field.name in event.fields]
    return "all" if len(having) == len(EVENTS) else ", ".join(_families(having))


def _families(events: Sequence[EventType]) -> list[str]:
    families = dict.fromkeys(_family(event) for event in events)
    return [f"`{family}`" for family in families]


def _family(event: EventType) -> str:
    """Events that differ in their state alone are listed as one: ``OnJob…``."""
    state = event.fields["State"].known[0]
    is_one_of_five = event.category == "Job" and event.name.endswith(state)
    return f"{event.name.removesuffix(state)}…" if is_one_of_five else event.name


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
