"""``deliveries``: the outbox and the dead letters."""

import typer

from router.cli.api import AT_ONCE, SERVER, TOKEN, Api, Outcome, api_of, id_of, whole_id
from router.cli.output import (
    CONFIG,
    FORM,
    Form,
    message_text,
    moment,
    on_one_line,
    print_json,
    say,
    table,
    user,
)
from router.core.delivery import State
from router.errors import RouterError
from router.web.shapes import DeliveryJson

#: In these a message is tried by itself, at a time.
_WAITS = (State.PENDING, State.WAITING)

group = typer.Typer(help="The outbox and the dead letters: list, show, retry, drop.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.add_typer(group, name="deliveries")


@group.command("list")
def list_deliveries(
    state: State | None = typer.Option(None, help="Only those that stand so."),
    channel: str | None = typer.Option(None, help="Only those of this channel."),
    event: str | None = typer.Option(None, help="Only those that this event caused."),
    limit: int = typer.Option(50, min=1, help="How many, the newest first."),
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Deliveries, the newest first."""
    with api_of(config, server, token, to_look=True) as api:
        asked = {"state": state, "channel": channel, "event": event}
        found = api.listed("/v1/deliveries", "deliveries", limit, **asked)
    if output is Form.JSON:
        print_json({"deliveries": found})
        return
    rows = [
        (
            d["id"],
            moment(d["created_at"]),
            d["target"],
            d["severity"],
            d["state"],
            str(d["attempts"]),
            moment(d["due_at"]) if d["state"] in _WAITS else "",
            d["reason"],
        )
        for d in found
    ]
    columns = ("ID", "WRITTEN", "TARGET", "SEVERITY", "STATE", "ATTEMPTS", "NEXT ATTEMPT", "WHY")
    table(columns, rows, "No deliveries.")


@group.command()
def show(
    delivery_id: str,
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """One delivery: its text and every attempt with the provider's answer."""
    with api_of(config, server, token, to_look=True) as api:
        found = api.get(f"/v1/deliveries/{id_of(whole_id(api.ids, 'd', delivery_id))}")
    delivery, text, tried = found["delivery"], found["text"], found["tried"]
    if output is Form.JSON:
        print_json({"deliveries": [{**delivery, "text": text, "tried": tried}]})
        return
    standing = on_one_line(_standing(delivery))
    say(f"{delivery['id']}  {on_one_line(delivery['target'])}  {delivery['state']}: {standing}\n")
    say(message_text(text["title"], text["body"]) + "\n")
    rows = [
        (str(a["number"]), moment(a["started_at"]), a["verdict"], str(a["status"] or ""), a["answer"])
        for a in tried
    ]
    table(("ATTEMPT", "STARTED", "VERDICT", "STATUS", "ANSWER"), rows, "Not tried yet.")


_SINCE = typer.Option(None, help="All that were given up in the last 90s, 15m, 2h, 1d …")


@group.command()
def retry(
    ids: list[str] = typer.Argument(None, help="Dead deliveries."),
    channel: str | None = typer.Option(None, help="All dead deliveries of this channel."),
    since: str | None = _SINCE,
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Make dead deliveries due again: some, all of a channel, all of a time."""
    _change("retry", ids or [], {"channel": channel, "since": since}, (config, server, token), output)


@group.command()
def drop(
    ids: list[str] = typer.Argument(None, help="Deliveries that are not being sent."),
    channel: str | None = typer.Option(None, help="All dead deliveries of this channel."),
    since: str | None = _SINCE,
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """End deliveries for good; who did it is on record."""
    _change("drop", ids or [], {"channel": channel, "since": since}, (config, server, token), output)


def _change(
    verb: str, ids: list[str], dead: dict[str, str | None], asked: tuple[str, str, str], output: Form
) -> None:
    every = {name: value for name, value in dead.items() if value}
    if bool(ids) == bool(every):
        raise RouterError("usage", "name deliveries by id, or all dead ones with --channel, --since or both")
    path, by = f"/v1/deliveries/{verb}", user()
    with api_of(*asked) as api:
        outcome = api.changed(path, [whole_id(api.ids, "d", one) for one in ids], by=by)
        if every:
            outcome.add(api.post(path, **every, by=by))
        beside = _waiting(api, dead["channel"], outcome) if verb == "retry" and dead["channel"] else ""
    if output is Form.JSON:
        print_json({"deliveries": [{"id": one} for one in outcome.changed]})
    else:
        done, untouched = "due again" if verb == "retry" else "dropped", outcome.untouched()
        rest = f" Not in a state for it: {untouched}." if untouched else ""
        say(f"{len(outcome.changed)} {done}.{rest}{beside}")
    outcome.end("deliveries")


def _waiting(api: Api, channel: str, outcome: Outcome) -> str:
    """How many of a channel wait by themselves, and until when the first does."""
    found = api.listed("/v1/deliveries", "deliveries", AT_ONCE, state=State.WAITING, channel=channel)
    due = sorted(moment(one["due_at"]) for one in found if one["id"] not in outcome.changed)
    if not due:
        return ""
    count = f"{len(due):,} waits" if len(due) == 1 else f"{len(due):,} wait"
    return f" {count} already, next attempt at {due[0]} UTC."


def _standing(delivery: DeliveryJson) -> str:
    return delivery["reason"] or ("due " + moment(delivery["due_at"]))
