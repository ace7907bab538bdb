"""``events``: the catalogue, and what could not be decoded."""

import typer

from router.cli.output import CONFIG, FORM, Form, print_json, say, table, when
from router.web.shapes import set_aside_json


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(events)


def events(
    name: str = typer.Argument("", help="An event of the catalogue, such as OnInstanceFailed."),
    schema: bool = typer.Option(False, "--schema", help="Its JSON Schema instead of a sample."),
    undecodable: bool = typer.Option(False, "--undecodable", help="Messages that were set aside instead."),
    limit: int = typer.Option(50, help="How many of those that were set aside."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """The events that are known: names, samples, fields and types.

    With --undecodable: the messages that could not be decoded, whole, with the
    reason. Send them through again with `alert-router replay --undecodable`
    once the reason is gone.
    """
    if undecodable:
        _set_aside(config, limit, output)
    elif name:
        _one(name, schema, output)
    else:
        _all(output)


def _all(output: Form) -> None:
    from router.core.catalogue import EVENTS

    if output is Form.JSON:
        print_json({"events": [{"name": kind.name, "category": kind.category} for kind in EVENTS.values()]})
        return
    rows = [
        (kind.name, kind.category, ", ".join(field.name for field in kind.fields.values()))
        for kind in EVENTS.values()
    ]
    table(("EVENT", "CATEGORY", "FIELDS"), rows, "")


def _one(name: str, schema: bool, output: Form) -> None:
    import difflib

    from router.core.catalogue import EVENTS
    from router.errors import RouterError

    if name not in EVENTS:
        near = difflib.get_close_matches(name, EVENTS, 1)
        remedy = f"Did you mean {near[0]}?" if near else "`alert-router events` lists them"
        raise RouterError("not-found", f"no event is named {name}", remedy)
    kind = EVENTS[name]
    if schema:
        print_json(kind.schema())
    elif output is Form.JSON:
        print_json({"events": [{"name": kind.name, "category": kind.category, "sample": kind.sample()}]})
    else:
        print_json(kind.sample())


def _set_aside(config: str, limit: int, output: Form) -> None:
    from router.cli.files import store_of

    with store_of(config) as (_, store):
        messages = store.read(lambda unit: unit.set_aside_messages(limit=limit))
    if output is Form.JSON:
        print_json({"undecodable": [set_aside_json(message) for message in messages]})
        return
    rows = [
        (
            message.id,
            when(message.undecodable.envelope.received_at),
            message.undecodable.envelope.source,
            message.undecodable.reason,
            message.undecodable.envelope.body[:60].decode("utf-8", "backslashreplace"),
            when(message.replayed_at),
        )
        for message in messages
    ]
    table(
        ("ID", "RECEIVED", "SOURCE", "REASON", "BEGINS WITH", "REPLAYED"), rows, "No message was set aside."
    )
    if rows:
        say("\nThe whole of each: -o json. Through the rules again: alert-router replay --undecodable --send")
