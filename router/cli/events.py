"""``events``: the catalogue, and what could not be decoded."""

import typer

from router.cli.api import AT_ONCE, SERVER, TOKEN, api_of
from router.cli.output import CONFIG, FORM, Form, moment, print_json, say, table, warn


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(events)


def events(
    name: str = typer.Argument("", help="An event of the catalogue, such as OnInstanceFailed."),
    schema: bool = typer.Option(False, "--schema", help="Its JSON Schema instead of a sample."),
    undecodable: bool = typer.Option(False, "--undecodable", help="Messages that were set aside instead."),
    limit: int = typer.Option(50, min=1, max=AT_ONCE, help="How many of those that were set aside."),
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """The events that are known: names, samples, fields and types.

    With --undecodable: the messages that could not be decoded, whole, with the
    reason. Send them through again with `alert-router replay --undecodable`
    once the reason is gone.
    """
    if undecodable:
        _set_aside((config, server, token), limit, output)
    elif name:
        _one(name, schema, output)
    else:
        _all(output)


def _all(output: Form) -> None:
    from router.core.catalogue import EVENTS, JOB

    if output is Form.JSON:
        print_json({"events": [{"name": kind.name, "category": kind.category} for kind in EVENTS.values()]})
        return
    rows = [
        (kind.name, kind.category, ", ".join([*kind.fields, *([JOB] if kind.has_job else [])]))
        for kind in EVENTS.values()
    ]
    table(("EVENT", "CATEGORY", "FIELDS"), rows, "")


def _one(name: str, schema: bool, output: Form) -> None:
    import difflib

    from router.core.catalogue import ABOUT_JOB, EVENTS, JOB
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
        if kind.has_job:
            # Not among what is printed: that is often sent.
            warn(f"Filters also see {JOB} ({JOB}.JobName, {JOB}.State, …): {ABOUT_JOB}.")


def _set_aside(asked: tuple[str, str, str], limit: int, output: Form) -> None:
    with api_of(*asked, to_look=True) as api:
        messages = api.get("/v1/undecodable", limit=limit)["undecodable"]
    if output is Form.JSON:
        print_json({"undecodable": messages})
        return
    rows = [
        (
            one["id"],
            moment(one["received_at"]),
            one["source"],
            one["reason"],
            one["body"][:60],
            moment(one["replayed_at"]),
        )
        for one in messages
    ]
    table(
        ("ID", "RECEIVED", "SOURCE", "REASON", "BEGINS WITH", "REPLAYED"), rows, "No message was set aside."
    )
    if rows:
        say("\nThe whole of each: -o json. Through the rules again: alert-router replay --undecodable --send")
