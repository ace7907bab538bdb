"""``alerts``: what was found wrong; seen, or ended, by a person."""

import getpass
from collections.abc import Sequence

import typer

from router.cli.output import CONFIG, FORM, Form, harmless, on_one_line, print_json, say, table, when
from router.core.alert import Alert, AlertState
from router.errors import RouterError
from router.web.shapes import alert_json, delivery_json, group_json

group = typer.Typer(help="The alerts: list, show, acknowledge, resolve.", no_args_is_help=True)

BY = typer.Option("", help="Who does it; you, if nothing is said.", metavar="NAME")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.add_typer(group, name="alerts")


@group.command("list")
def list_alerts(
    rule: str | None = typer.Option(None, help="Only those of this rule."),
    state: AlertState | None = typer.Option(None, help="Only those that stand so."),
    limit: int = typer.Option(50, min=1, help="How many, the newest first."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Alerts, the one that matched last first."""
    from router.cli.files import store_of

    with store_of(config) as (_, store):
        found = store.read(lambda unit: unit.list_alerts(rule=rule, state=state, limit=limit))
    if output is Form.JSON:
        print_json({"alerts": [alert_json(alert) for alert in found]})
    else:
        alert_table(found, "No alerts.")


def alert_table(found: Sequence[Alert], empty: str) -> None:
    """A line for each alert."""
    rows = [
        (a.id, when(a.opened_at), a.rule, a.severity, a.state, str(a.count), a.key, _standing(a))
        for a in found
    ]
    table(("ID", "OPENED", "RULE", "SEVERITY", "STATE", "EVENTS", "KEY", "WHY"), rows, empty)


@group.command()
def show(alert_id: str, config: str = CONFIG, output: Form = FORM) -> None:
    """One alert: its key, its times, its groups and what was sent of them."""
    from router.cli.files import store_of

    with store_of(config) as (_, store):
        found = store.read(lambda unit: unit.alerts([alert_id]))
        groups = store.read(lambda unit: unit.groups_of([alert_id]))
        sent = store.read(lambda unit: unit.deliveries(group_ids=[one.id for one in groups], limit=20))
    if not found:
        raise RouterError("not-found", f"no alert has the id {alert_id}", "`alerts list` shows ids")
    alert = found[0]
    if output is Form.JSON:
        more = {
            "groups": [group_json(one) for one in groups],
            "deliveries": [delivery_json(one) for one in sent],
        }
        print_json({"alerts": [{**alert_json(alert), **more}]})
        return
    say(f"{alert.id}  {on_one_line(alert.rule)}  {alert.severity}  {alert.state}\n")
    for name, value in _facts(alert):
        say(f"{name:<14}{on_one_line(value)}")
    say()
    rows = [(one.id, one.channel, str(one.told), when(one.due_at), when(one.ended_at)) for one in groups]
    table(("GROUP", "CHANNEL", "TOLD", "DUE", "ENDED"), rows, "It is in no group.")
    say()
    rows = [(one.id, when(one.created_at), one.target, one.state) for one in sent]
    table(("DELIVERY", "WRITTEN", "TARGET", "STATE"), rows, "Nothing was sent.")


@group.command()
def ack(
    ids: list[str] = typer.Argument(help="Alerts that fire."),
    whole: bool = typer.Option(False, "--group", help="All alerts that are told together with them too."),
    by: str = BY,
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Take alerts as seen: they are not repeated and do not escalate."""
    from router.app import SystemClock
    from router.cli.files import store_of
    from router.pipeline.people import acknowledge, acknowledge_beside

    now, who = SystemClock().now(), by or getpass.getuser()
    with store_of(config) as (settings, store):
        if whole:
            changed = acknowledge_beside(store, settings.policy, ids, now, who)
        else:
            changed = store.write(lambda unit: acknowledge(unit, settings.policy, ids, now, who))
    _said(changed, ids, "acknowledged", output)


@group.command()
def resolve(
    ids: list[str] = typer.Argument(help="Alerts that have not ended."),
    by: str = BY,
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """End alerts; who did it is on record, and who was told of them hears of the end."""
    from router.app import SystemClock
    from router.cli.files import store_of
    from router.pipeline import people

    now, who = SystemClock().now(), by or getpass.getuser()
    with store_of(config) as (settings, store):
        changed = store.write(lambda unit: people.resolve(unit, settings.policy, ids, now, who))
    _said(changed, ids, "resolved", output)


def _said(changed: Sequence[str], asked: Sequence[str], done: str, output: Form) -> None:
    if output is Form.JSON:
        print_json({"alerts": [{"id": one} for one in changed]})
        return
    untouched = sorted(set(asked) - set(changed))
    rest = f" Not open: {harmless(', '.join(untouched))}" if untouched else ""
    say(f"{len(changed)} {done}.{rest}")


def _standing(alert: Alert) -> str:
    if alert.acknowledged_by:
        return f"by {alert.acknowledged_by} until {when(alert.acknowledged_until)}"
    return alert.end_reason or alert.muted_by or alert.cause


def _facts(alert: Alert) -> list[tuple[str, str]]:
    seen = f"{alert.acknowledged_by} until {when(alert.acknowledged_until)}" if alert.acknowledged_by else ""
    labels = ", ".join(f"{name}={value}" for name, value in alert.labels.items())
    facts = (
        ("key", alert.key),
        ("labels", labels),
        ("cause", alert.cause),
        ("events", f"{alert.count}, the newest {alert.event_id}"),
        ("opened", when(alert.opened_at)),
        ("fired", when(alert.fired_at)),
        ("acknowledged", seen),
        ("muted", alert.muted_by),
        ("ended", f"{when(alert.ended_at)}  {alert.end_reason}".strip()),
    )
    return [(name, value) for name, value in facts if value]
