"""``silences``: what people hold back for a while."""

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from router.cli.clauses import filter_of
from router.cli.output import CONFIG, FORM, Form, print_json, say, table, when
from router.core.alert import Alert
from router.core.mute.silence import made, state
from router.errors import RouterError
from router.web.shapes import alert_json, silence_json

if TYPE_CHECKING:
    from router.config import Config

group = typer.Typer(help="Silences: list, add, expire.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.add_typer(group, name="silences")


@group.command("list")
def list_silences(
    past: bool = typer.Option(False, "--all", help="Those that are over, too."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Silences in the order in which they were made."""
    from router.app import SystemClock
    from router.cli.files import store_of

    now = SystemClock().now()
    with store_of(config) as (_, store):
        found = store.read(lambda unit: unit.silences(0 if past else now))
    if output is Form.JSON:
        print_json({"silences": [silence_json(one, now) for one in found]})
        return
    rows = [
        (s.id, state(s, now), when(s.starts_at), when(s.over_at), s.author, s.comment, s.matcher.text)
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
    output: Form = FORM,
) -> None:
    """Hold alerts back for a while."""
    from router.app import SystemClock
    from router.cli.files import store_of
    from router.pipeline import people

    now, pattern = SystemClock().now(), filter_of("the matcher", matcher)
    starts_at = _time("--start", start) if start else now
    ends_at = _end(starts_at, end, lasts)
    with store_of(config) as (settings, store):
        within = _interval(settings, interval) if interval else ()
        reason = comment or ("dry run" if dry_run else "")
        silence = made(pattern, starts_at, ends_at, by or getpass.getuser(), reason, now, within)
        if dry_run:
            _show_matches(*store.read(lambda unit: people.picked_by(unit, silence, now)), output)
            return
        store.write(lambda unit: people.silence(unit, silence, now))
    if output is Form.JSON:
        print_json({"silences": [silence_json(silence, now)]})
    else:
        say(f"{silence.id} is {state(silence, now)} until {when(silence.over_at)} UTC.")


@group.command()
def expire(silence_id: str, config: str = CONFIG, output: Form = FORM) -> None:
    """End a silence now; what it held back is judged again."""
    from router.app import SystemClock
    from router.cli.files import store_of
    from router.pipeline import people

    now = SystemClock().now()
    with store_of(config) as (_, store):
        ended, judged = store.write(lambda unit: people.expire(unit, silence_id, now, getpass.getuser()))
    if output is Form.JSON:
        print_json({"silences": [silence_json(ended, now)], "judged_again": judged})
    else:
        say(f"{ended.id} is expired. Alerts judged again: {judged}.")


def _time(option: str, text: str) -> int:
    from router.core.times import parsed

    time = parsed(text)
    if time is None:
        expected = "expected a time such as 2026-11-01T08:00+08:00 (without an offset it is UTC)"
        raise RouterError("usage", f"{option}: {expected}, got {text!r}")
    return time


def _end(starts_at: int, end: str, lasts: str) -> int:
    from router.config import duration

    if bool(end) == bool(lasts):
        raise RouterError("usage", "say how long with --for, or until when with --end")
    return _time("--end", end) if end else starts_at + duration(lasts)


def _interval(settings: "Config", name: str) -> Any:
    intervals = settings.policy.intervals
    if name not in intervals:
        known = ", ".join(sorted(intervals)) or "none"
        raise RouterError("usage", f"no entry of time_intervals is named {name!r}; there are: {known}")
    return intervals[name]


def _show_matches(being_open: Sequence[Alert], ended: Sequence[Alert], output: Form) -> None:
    from router.cli.alerts import alert_table

    if output is Form.JSON:
        open_json, ended_json = [alert_json(a) for a in being_open], [alert_json(a) for a in ended]
        print_json({"open": open_json, "last_day": ended_json})
        return
    say(f"Open alerts that it matches: {len(being_open)}")
    alert_table(being_open, "None.")
    say(f"\nOf the last day, ended since: {len(ended)}")
    alert_table(ended, "None.")
    say("\nA dry run: nothing was silenced.")
