"""``alerts``: what was found wrong; seen, or ended, by a person."""

from collections.abc import Sequence

import typer

from router.cli.api import AT_ONCE, SERVER, TOKEN, Api, Outcome, api_of, id_of, whole_id
from router.cli.output import (
    CONFIG,
    FORM,
    Form,
    harmless,
    moment,
    on_one_line,
    print_json,
    progress,
    say,
    table,
    user,
    warn,
)
from router.core.alert import AlertState
from router.core.times import brief, parsed
from router.web.shapes import AlertJson

group = typer.Typer(help="The alerts: list, show, acknowledge, resolve.", no_args_is_help=True)

_MINUTE = 60_000_000

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
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Alerts, the one that matched last first."""
    with api_of(config, server, token, to_look=True) as api:
        found = api.listed("/v1/alerts", "alerts", limit, rule=rule, state=state)
    if output is Form.JSON:
        print_json({"alerts": found})
    else:
        alert_table(found, "No alerts.")


def alert_table(found: Sequence[AlertJson], empty: str) -> None:
    """A line for each alert."""
    rows = [
        (
            a["id"],
            moment(a["opened_at"]),
            a["rule"],
            a["severity"],
            a["state"],
            str(a["count"]),
            a["key"],
            _standing(a),
        )
        for a in found
    ]
    table(("ID", "OPENED", "RULE", "SEVERITY", "STATE", "EVENTS", "KEY", "WHY"), rows, empty)


@group.command()
def show(
    alert_id: str,
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """One alert: its key, its times, its groups and what was sent of them."""
    with api_of(config, server, token, to_look=True) as api:
        found = api.get(f"/v1/alerts/{id_of(whole_id(api.ids, 'a', alert_id))}")
    alert, groups, sent = found["alert"], found["groups"], found["deliveries"]
    if output is Form.JSON:
        print_json({"alerts": [{**alert, "groups": groups, "deliveries": sent}]})
        return
    say(f"{alert['id']}  {on_one_line(alert['rule'])}  {alert['severity']}  {alert['state']}\n")
    for name, value in _facts(alert):
        say(f"{name:<14}{on_one_line(value)}")
    say()
    rows = [
        (one["id"], one["channel"], str(one["told"]), moment(one["due_at"]), moment(one["ended_at"]))
        for one in groups
    ]
    table(("GROUP", "CHANNEL", "TOLD", "DUE", "ENDED"), rows, "It is in no group.")
    say()
    rows = [(one["id"], moment(one["created_at"]), one["target"], one["state"]) for one in sent]
    table(("DELIVERY", "WRITTEN", "TARGET", "STATE"), rows, "Nothing was sent.")


@group.command()
def ack(
    ids: list[str] = typer.Argument(help="Alerts that fire."),
    whole: bool = typer.Option(False, "--group", help="All alerts that are told together with them too."),
    by: str = BY,
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Take alerts as seen: they are not repeated and do not escalate."""
    by = by or user()
    with api_of(config, server, token) as api:
        ids = [whole_id(api.ids, "a", one) for one in ids]
        if whole:
            outcome = _with_their_groups(api, ids, by)
        else:
            outcome = api.changed("/v1/alerts/acknowledge", ids, by=by)
    _said(outcome, "acknowledged", output)


def _with_their_groups(api: Api, ids: list[str], by: str) -> Outcome:
    """A part at a time, so that people see how far it is; what breaks off says what it has done."""
    outcome = Outcome(ids)
    taken = outcome.changed
    waiting = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
    try:
        while waiting:
            said = api.post("/v1/alerts/acknowledge", ids=waiting[0], group=True, by=by, most=AT_ONCE)
            outcome.add(said)
            progress(f"{len(taken):,} acknowledged")
            if not said["more"]:
                del waiting[0]
    finally:
        progress("")
        if waiting and taken:
            warn(f"It broke off: {len(taken):,} are acknowledged, others are not. Give the command again.")
    return outcome


@group.command()
def resolve(
    ids: list[str] = typer.Argument(help="Alerts that have not ended."),
    by: str = BY,
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """End alerts; who did it is on record, and who was told of them hears of the end."""
    with api_of(config, server, token) as api:
        outcome = api.changed(
            "/v1/alerts/resolve", [whole_id(api.ids, "a", one) for one in ids], by=by or user()
        )
    _said(outcome, "resolved", output)


def _said(outcome: Outcome, done: str, output: Form) -> None:
    if output is Form.JSON:
        print_json({"alerts": [{"id": one, **_held(outcome, one)} for one in outcome.changed]})
    else:
        again = [one for one in outcome.changed if outcome.before.get(one) == done]
        new = [one for one in outcome.changed if one not in again]
        said = [f"{len(new)} {done}{_until(outcome, new)}."]
        said += [f"Were {done} already: {harmless(', '.join(again))}."] if again else []
        said += [f"That holds{until} now."] if (until := _until(outcome, again)) else []
        said += [f"Not open: {untouched}."] if (untouched := outcome.untouched()) else []
        say(" ".join(said))
    outcome.end("alerts")


def _held(outcome: Outcome, one: str) -> dict[str, str]:
    return {"acknowledged_until": outcome.until[one]} if one in outcome.until else {}


def _until(outcome: Outcome, ids: Sequence[str]) -> str:
    """Until when what was done to these holds: ``until 2026-11-01 08:00:00 UTC (1h)``; nothing for ever."""
    times = sorted(outcome.until[one] for one in ids if one in outcome.until)
    if not times:
        return ""
    from router.app import SystemClock

    minutes = round(((parsed(times[-1]) or 0) - SystemClock().now()) / _MINUTE)
    said = " to ".join(dict.fromkeys((moment(times[0]), moment(times[-1]))))
    return f" until {said} UTC ({brief(minutes * _MINUTE)})"


def _standing(alert: AlertJson) -> str:
    return _seen(alert, "by ") or alert["end_reason"] or alert["muted_by"] or alert["cause"]


def _seen(alert: AlertJson, before: str = "") -> str:
    by = alert["acknowledged_by"]
    return f"{before}{by} until {moment(alert['acknowledged_until'])}" if by else ""


def _facts(alert: AlertJson) -> list[tuple[str, str]]:
    facts = (
        ("key", alert["key"]),
        ("labels", ", ".join(f"{name}={value}" for name, value in alert["labels"].items())),
        ("cause", alert["cause"]),
        ("events", f"{alert['count']}, the newest {alert['event']}"),
        ("opened", moment(alert["opened_at"])),
        ("fired", moment(alert["fired_at"])),
        ("acknowledged", _seen(alert)),
        ("muted", alert["muted_by"]),
        ("ended", f"{moment(alert['ended_at'])}  {alert['end_reason']}".strip()),
    )
    return [(name, value) for name, value in facts if value]
