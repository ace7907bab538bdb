"""``silences``: what people hold back for a while."""

from typing import Any

import typer

from router.cli.api import SERVER, TOKEN, api_of, id_of, whole_id
from router.cli.clauses import filter_of
from router.cli.output import CONFIG, FORM, Form, harmless, moment, print_json, say, table, user, warn
from router.core.times import iso
from router.errors import RouterError
from router.pipeline.people import DAY

group = typer.Typer(help="Silences: list, add, expire.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.add_typer(group, name="silences")


@group.command("list")
def list_silences(
    past: bool = typer.Option(False, "--all", help="Those that are over, too."),
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Silences in the order in which they were made."""
    with api_of(config, server, token, to_look=True) as api:
        found = api.get("/v1/silences", all=str(past).lower())["silences"]
    if output is Form.JSON:
        print_json({"silences": found})
        return
    rows = [
        (
            s["id"],
            f"{s['state']}, recurs" if s["recurs"] else s["state"],
            moment(s["starts_at"]),
            moment(s["ends_at"]),
            s["author"],
            s["comment"],
            s["matcher"],
        )
        for s in found
    ]
    table(("ID", "STATE", "STARTS", "ENDS", "BY", "COMMENT", "MATCHER"), rows, "No silences.")


@group.command()
def add(
    matcher: str = typer.Argument(help="A filter over an alert and its event: rule == 'job-failed'."),
    comment: str = typer.Option("", help="Why."),
    lasts: str = typer.Option("", "--for", help="How long: 2h, 30m.", metavar="DURATION"),
    start: str = typer.Option("", help="From when; now, if nothing is said.", metavar="TIME"),
    end: str = typer.Option("", help="Until when, in place of --for.", metavar="TIME"),
    by: str = typer.Option("", help="Who; you, if nothing is said.", metavar="NAME"),
    interval: str = typer.Option("", help="Only within this entry of time_intervals.", metavar="NAME"),
    dry_run: bool = typer.Option(False, help="Make none; show the alerts that it matches."),
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Hold alerts back for a while."""
    from router.app import SystemClock

    # A terminal can point at what is wrong with it, and knows what its options are called.
    filter_of("the matcher", matcher)
    if not (lasts or end):
        tomorrow = f"{iso(SystemClock().now() + DAY)[:16]}Z"
        raise RouterError("usage", "it needs an end", f"Say --for 2h, or --end {tomorrow}")
    if not (comment.strip() or dry_run):
        raise RouterError(
            "usage", "why is it to be held back? Others will ask", "Say --comment 'the disks are being moved'"
        )
    asked = {
        "matcher": matcher,
        "comment": comment,
        "lasts": lasts,
        "starts_at": start,
        "ends_at": end,
        "interval": interval,
        "by": by or user(),
    }
    with api_of(config, server, token, to_look=dry_run) as api:
        if dry_run:
            _show_matches(api.post("/v1/silences/preview", **asked), output)
            return
        made = api.post("/v1/silences", **asked)
    silence = made["silence"]
    _warn(made["warnings"])
    if output is Form.JSON:
        print_json({"silences": [silence]})
    else:
        within = f", within {interval} only" if silence["recurs"] else ""
        say(
            f"{silence['id']} is {silence['state']} until {moment(silence['ends_at'])} UTC{harmless(within)}."
        )


@group.command()
def expire(
    silence_id: str,
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """End a silence now; what it held back is judged again."""
    with api_of(config, server, token) as api:
        try:
            silence_id = id_of(whole_id(api.ids, "s", silence_id))
            done = api.post(f"/v1/silences/{silence_id}/expire", by=user())
        except RouterError as error:
            if error.code != "not-found":
                raise
            warn(harmless(str(error)))
            raise typer.Exit(1) from error
    if output is Form.JSON:
        print_json({"silences": [done["silence"]], "judged_again": done["judged_again"]})
    else:
        say(f"{done['silence']['id']} is expired. Alerts judged again: {done['judged_again']}.")


def _warn(warnings: list[str]) -> None:
    for one in warnings:
        warn(harmless(f"Warning: the matcher: {one}"))


def _show_matches(found: dict[str, Any], output: Form) -> None:
    from router.cli.alerts import alert_table

    _warn(found["warnings"])
    if output is Form.JSON:
        print_json(found)
        return
    for title, name in (
        ("Open alerts that it matches", "open"),
        ("\nOf the last day, ended since", "last_day"),
    ):
        say(f"{title}: {found[name + '_number']}")
        alert_table(found[name], "None.")
        if (left := found[name + "_number"] - len(found[name])) > 0:
            say(f"… and {left} more")
    if not found["whole"]:
        say("\nOnly 2,000 alerts were looked at, the open ones first, the newest of each: there may be more.")
    say("\nA dry run: nothing was silenced.")
