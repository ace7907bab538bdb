"""``deliveries``: the outbox and the dead letters."""

import getpass

import typer

from router.cli.output import CONFIG, FORM, Form, print_json, say, table, when
from router.core.delivery import Delivery, State
from router.errors import RouterError
from router.web.shapes import attempt_json, delivery_json

group = typer.Typer(help="The outbox and the dead letters: list, show, retry, drop.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.add_typer(group, name="deliveries")


@group.command("list")
def list_deliveries(
    state: State | None = typer.Option(None, help="Only those that stand so."),
    channel: str | None = typer.Option(None, help="Only those of this channel."),
    event: str | None = typer.Option(None, help="Only those that this event caused."),
    limit: int = typer.Option(50, help="How many, the newest first."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Deliveries, the newest first."""
    from router.cli.files import store_of

    with store_of(config) as (_, store):
        found = store.read(
            lambda unit: unit.deliveries(state=state, channel=channel, event_id=event, limit=limit)
        )
    if output is Form.JSON:
        print_json({"deliveries": [delivery_json(delivery) for delivery in found]})
        return
    rows = [
        (d.id, when(d.created_at), d.target, d.severity, d.state, str(d.attempts), _standing(d))
        for d in found
    ]
    table(("ID", "WRITTEN", "TARGET", "SEVERITY", "STATE", "ATTEMPTS", "WHY"), rows, "No deliveries.")


@group.command()
def show(delivery_id: str, config: str = CONFIG, output: Form = FORM) -> None:
    """One delivery: its text and every attempt with the provider's answer."""
    from router.cli.files import store_of
    from router.core.message import Message

    with store_of(config) as (_, store):
        found = store.read(lambda unit: unit.deliveries(ids=[delivery_id]))
        attempts = store.read(lambda unit: unit.attempts([delivery_id]))
    if not found:
        raise RouterError("not-found", f"no delivery has the id {delivery_id}", "`deliveries list` shows ids")
    message = Message.from_json(found[0].content)
    if output is Form.JSON:
        tried = [attempt_json(attempt) for attempt in attempts]
        text = {"title": message.title, "body": message.body}
        print_json({"deliveries": [{**delivery_json(found[0]), "text": text, "tried": tried}]})
        return
    from router.cli.output import harmless

    say(f"{found[0].id}  {found[0].target}  {found[0].state}: {harmless(_standing(found[0]))}\n")
    say(harmless(f"{message.title}\n{message.body}".strip()) + "\n")
    rows = [
        (str(a.number), when(a.started_at), a.verdict.outcome, str(a.verdict.status or ""), a.verdict.answer)
        for a in attempts
    ]
    table(("ATTEMPT", "STARTED", "VERDICT", "STATUS", "ANSWER"), rows, "Not tried yet.")


_SINCE = typer.Option(None, help="All that were given up in the last 90s, 15m, 2h, 1d …")


@group.command()
def retry(
    ids: list[str] = typer.Argument(None, help="Dead deliveries."),
    channel: str | None = typer.Option(None, help="All dead deliveries of this channel."),
    since: str | None = _SINCE,
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Make dead deliveries due again: some, all of a channel, all of a time."""
    _change("retry", ids or [], channel, since, config, output)


@group.command()
def drop(
    ids: list[str] = typer.Argument(None, help="Deliveries that are not being sent."),
    channel: str | None = typer.Option(None, help="All dead deliveries of this channel."),
    since: str | None = _SINCE,
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """End deliveries for good; who did it is on record."""
    _change("drop", ids or [], channel, since, config, output)


def _change(
    verb: str, ids: list[str], channel: str | None, since: str | None, config: str, output: Form
) -> None:
    from router.app import SystemClock
    from router.cli.files import store_of
    from router.config.units import duration
    from router.pipeline import people

    if bool(ids) == bool(channel or since):
        raise RouterError("usage", "name deliveries by id, or all dead ones with --channel, --since or both")
    now, by = SystemClock().now(), getpass.getuser()
    change = people.retry if verb == "retry" else people.drop
    dead = people.DeadLetters(channel or "", now - duration(since) if since else 0)
    with store_of(config) as (_, store):
        if ids:
            changed = store.write(lambda unit: change(unit, ids, now, by))
        else:
            changed = people.change_dead(store, change, dead, now, by)
    if output is Form.JSON:
        print_json({"deliveries": [{"id": one} for one in changed]})
        return
    untouched = sorted(set(ids) - set(changed))
    done = "due again" if verb == "retry" else "dropped"
    say(f"{len(changed)} {done}." + (f" Not in a state for it: {', '.join(untouched)}" if untouched else ""))


def _standing(delivery: Delivery) -> str:
    return delivery.reason or ("due " + when(delivery.due_at))
