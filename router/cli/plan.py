"""``plan``: what a change of rules would have done."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from router.cli.output import (
    FORM,
    Form,
    colour,
    counting,
    on_one_line,
    print_json,
    progress,
    say,
    table,
    when,
)
from router.cli.tellings import telling_json
from router.core.plan import NAMES, Condition, Move, Plan, Row, compare, difference
from router.core.times import span
from router.errors import RouterError
from router.web.shapes import iso

if TYPE_CHECKING:
    from router.config import Config
    from router.core.telling import Telling
    from router.pipeline.rerun import Recorded

#: Events of the store in one plan.
MOST = 1_000_000
#: Changes that are listed in a terminal.
SHOWN = 20
#: Seconds; what was recorded in less is no day.
_DAY = 86_400
_UNITS = (" d", " h", " min", " s")
_COLUMNS = ("BEFORE", "AFTER", "ADDED", "REMOVED", "MOVED", "CHANGED")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(plan)


def plan(
    config: Path = typer.Option(
        ..., "-c", "--config", help="The changed router.yaml; its store has the events."
    ),
    against: Path = typer.Option(..., "--against", metavar="OLD", help="The router.yaml as it was."),
    since: str = typer.Option("7d", help="Over the events of the last 90s, 15m, 2h, 1d …"),
    fail_if: str = typer.Option(
        "", "--fail-if", metavar="CONDITION", help="Such as 'removed > 0 || per_day > 50': exit status 1."
    ),
    output: Form = FORM,
) -> None:
    """Which notifications a change of rules would have added, removed, moved and changed.

    Both configurations take the recorded events, each at the time of its
    receipt, through the engine of `run` on a virtual clock. Nothing is sent or
    written. Channels accept everything, silences stand as they were made, and
    nobody acknowledges.

    A condition is JMESPath over added, removed, moved, changed (told alike
    with another text), kept, before, after and per_day.
    """
    from router.app import SystemClock, load_config
    from router.cli.files import store_of
    from router.config import duration
    from router.pipeline.rerun import recorded

    condition = Condition(fail_if) if fail_if else None
    until = SystemClock().now()
    start = until - duration(since)
    old = load_config(against)
    with store_of(str(config)) as (new, store):
        past = recorded(store, start, MOST)
        if not past.envelopes:
            said = f"the store has no event of the last {since}"
            raise RouterError("not-found", said, "Name a longer --since")
        unknown = store.read(lambda unit: unit.open_at(past.since))
    told = [_told(one, past, until, what) for one, what in ((old, "old"), (new, "new"))]
    found = compare(told[0], told[1], past.since, until)
    refused = condition is not None and condition.holds(found)
    if output is Form.JSON:
        print_json(_json(found, len(past.envelopes), unknown, refused=refused))
    else:
        _say(found, len(past.envelopes), unknown)
        if refused:
            say(colour(f"\nRefused: {fail_if}", "red"))
    if refused:
        raise typer.Exit(1)


def _told(config: "Config", past: "Recorded", until: int, what: str) -> "list[Telling]":
    from router.decoders import decode
    from router.pipeline.rerun import rerun
    from router.pipeline.tongue import Tongue
    from router.storage.memory import MemoryStore

    show = counting(f"events through the {what} rules", len(past.envelopes))
    tongue = Tongue(config.settings.timezone, config.settings.language)
    since, envelopes, silences, jobs = past
    try:
        store = MemoryStore()
        return rerun(envelopes, config.policy, decode, store, tongue, since, until, silences, jobs, show)
    finally:
        progress("")


# text


def _roughly(count: float) -> str:
    """As people read it: a decimal where it counts."""
    return f"{count:,.0f}" if count >= 10 or count == int(count) else f"{count:.1f}"


def _say(found: Plan, events: int, unknown: int) -> None:
    numbers = found.numbers
    said = ", ".join(f"{numbers[name]:,} {name}" for name in NAMES[:5])
    say(colour(f"{events:,} events since {when(found.since)} UTC: {said}.", "bold"))
    lasted = (found.until - found.since) / 1_000_000
    reckoned = f" (reckoned from {span(lasted, _UNITS)})" if lasted < _DAY else ""
    per_day = f"{_roughly(numbers['per_day'])} a day{reckoned}"
    say(f"{len(found.old):,} notifications before, {len(found.new):,} after: {per_day}.")
    if unknown:
        say(f"{unknown:,} {'alert was' if unknown == 1 else 'alerts were'} open before: known to neither.")
    if not (found.added or found.removed or found.moved or found.changed):
        say("Nothing changes.")
        return
    _table("RULE", [(row.name, row) for row in found.by_rule()])
    _table("CHANNEL", [(row.name, row) for row in found.by_channel()])
    _table("HOUR", [(when(at)[:-3], row) for at, row in found.by_hour()])
    changes = _changes(found)
    if changes:
        say()
    for at, line in changes[:SHOWN]:
        say(f"{when(at)}  {line}")
    if len(changes) > SHOWN:
        say(f"… and {len(changes) - SHOWN:,} more: -o json has them all")
    _say_changed(found.changed)


def _say_changed(changed: Sequence[Move]) -> None:
    """How many texts of each rule and channel differ, and the first one's difference."""
    first: dict[tuple[str, str], Move] = {}
    for one in changed:
        first.setdefault((one.new.rule, one.new.channel), one)
    counts = Counter((one.new.rule, one.new.channel) for one in changed)
    for place, number in counts.most_common(SHOWN):
        one, lines = first[place], difference(first[place])
        say(f"\n{number:,} changed: {place[1]}  {place[0]}, such as {when(one.new.at)}")
        for line in lines[:SHOWN]:
            say(colour(f"  {line[0]} {on_one_line(line[1:])}", "red" if line[0] == "-" else "green"))
        if len(lines) > SHOWN:
            say(f"  … and {len(lines) - SHOWN:,} more lines")
    if len(counts) > SHOWN:
        say(f"\n… and {len(counts) - SHOWN:,} more rules and channels: -o json has them all")


def _table(name: str, rows: list[tuple[str, Row]]) -> None:
    say()
    table((name, *_COLUMNS), [[shown, *(f"{n:,}" for n in row[1:])] for shown, row in rows[:SHOWN]], "")
    if len(rows) > SHOWN:
        say(f"… and {len(rows) - SHOWN:,} more")


def _changes(found: Plan) -> list[tuple[int, str]]:
    lines = [(one.at, colour("+ ", "green") + _line(one)) for one in found.added]
    lines += [(one.at, colour("- ", "red") + _line(one)) for one in found.removed]
    lines += [(move.old.at, colour("~ ", "yellow") + _moved(move)) for move in found.moved]
    return sorted(lines, key=lambda line: line[0])


def _line(one: "Telling") -> str:
    return f"{one.channel}  {one.rule}  {one.reason.value}  {on_one_line(one.message.title)}"


def _moved(move: Move) -> str:
    old, new = move
    changes = [
        f"{before} → {after}"
        for before, after in (
            (old.channel, new.channel),
            (old.rule, new.rule),
            (when(old.at), when(new.at)),
        )
        if before != after
    ]
    return f"{_line(old)}  ({', '.join(changes) or 'within the second'})"


# programs


def _json(found: Plan, events: int, unknown: int, *, refused: bool) -> dict[str, Any]:
    return {
        "since": iso(found.since),
        "until": iso(found.until),
        "events": events,
        "open_before": unknown,
        **found.numbers,
        "refused": refused,
        "rules": [row._asdict() for row in found.by_rule()],
        "channels": [row._asdict() for row in found.by_channel()],
        "hours": [row._asdict() | {"name": iso(at)} for at, row in found.by_hour()],
        "changes": {
            "added": [telling_json(one) for one in found.added],
            "removed": [telling_json(one) for one in found.removed],
            "moved": [_pair(one) for one in found.moved],
            "changed": [_pair(one) for one in found.changed],
        },
    }


def _pair(one: Move) -> dict[str, Any]:
    return {"old": telling_json(one.old), "new": telling_json(one.new)}
