"""``tail``: events and what becomes of them, as they come."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import typer

from router.cli.api import SERVER, TOKEN, api_of
from router.cli.output import CONFIG, FORM, Form, harmless, warn
from router.core.filter import Filter
from router.errors import RouterError

#: Seconds between two looks at the store.
PAUSE = 1.0


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(tail)


def tail(
    since: str = typer.Option("", help="Begin with what came in the last 90s, 15m, 2h, 1d …"),
    rule: str = typer.Option("", help="Only events that this rule matched, and what was told of them."),
    pattern: str = typer.Option(
        "", "--filter", help="Only events that this filter holds for, and what was told of them."
    ),
    lines: int | None = typer.Option(
        None, "-n", "--lines", min=0, max=1000, help="Begin with so many lines: 10, or all since --since."
    ),
    follow: bool = typer.Option(True, "--follow/--no-follow", help="Go on with what comes."),
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Show events and what becomes of them, as they come: rules, messages, providers' answers.

    Times are UTC. With -o json each line is an object. Ctrl-C ends it.
    """
    from router.cli import live
    from router.cli.clauses import filter_of
    from router.cli.tail_lines import Lines, show_json

    if pattern:
        # A terminal can point at what is wrong with it.
        _warn_of_slips(filter_of("--filter", pattern))
    show = show_json if output is Form.JSON else Lines().show
    with live.until_told(), api_of(config, server, token, to_look=True) as api:
        news = api.news(live.wait, since=since, rule=rule, pattern=pattern, lines=lines, follow=follow)
        watch(news, show, live.wait if follow else _at_once)


def _warn_of_slips(wanted: Filter) -> None:
    """What no event of Batch Compute can meet; events of others may."""
    from router.config.judging import Events
    from router.core.check import judge
    from router.core.rule import Rule

    for one in judge(wanted, Events().kinds_for(Rule("tail", wanted), wanted)):
        if one.level == "error":
            warn(harmless(f"Warning: --filter: {f'{one.message}; {one.advice}'.strip('; ')}"))


def watch(
    new: Callable[[], Iterable[Any]], show: Callable[[Any], None], wait: Callable[[float], bool]
) -> None:
    """Shows what is there, then what comes, until ``wait(seconds)`` returns true."""
    _show(new(), show)
    troubled = False
    while not wait(PAUSE):
        try:
            _show(new(), show)
            troubled = False
        except RouterError as error:
            if error.code != "store-unavailable":
                raise
            if not troubled:
                warn(f"alert-router: {error}. Trying again.")
            troubled = True


def _show(news: Iterable[Any], show: Callable[[Any], None]) -> None:
    for one in news:
        show(one)
        sys.stdout.flush()


def _at_once(_seconds: float) -> bool:
    return True
