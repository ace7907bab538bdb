"""``tail``: events and what becomes of them, as they come."""

import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import typer

from router.cli.output import CONFIG, FORM, Form, warn
from router.errors import RouterError

if TYPE_CHECKING:
    from router.core.policy import Policy
    from router.pipeline.tail import News

#: Seconds between two looks at the store.
PAUSE = 1.0
#: Lines from before that are shown where nothing is said.
LINES = 10


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
    output: Form = FORM,
) -> None:
    """Show events and what becomes of them, as they come: rules, messages, providers' answers.

    Times are UTC. With -o json each line is an object. Ctrl-C ends it.
    """
    from router.app import SystemClock
    from router.cli import live
    from router.cli.clauses import filter_of
    from router.cli.files import store_of
    from router.cli.tail_lines import Lines, show_json
    from router.config import duration
    from router.pipeline.tail import Tail, Wanted

    clock = SystemClock()
    start = clock.now() - duration(since) if since else None
    wanted = Wanted(rule, filter_of("--filter", pattern) if pattern else None)
    most = LINES if lines is None and not since else lines
    show = show_json if output is Form.JSON else Lines().show
    with live.until_told(), store_of(config) as (settings, store):
        _known(rule, settings.policy)
        news = Tail(store, start, wanted)
        watch(lambda: news.new(clock.now()), show, most, live.wait if follow else _at_once)


def watch(
    new: "Callable[[], Iterable[News]]",
    show: "Callable[[News], None]",
    lines: int | None,
    wait: Callable[[float], bool],
) -> None:
    """Shows the last lines of what is there, then what comes, until ``wait(seconds)`` returns true."""
    _show(new() if lines is None else deque(new(), lines), show)
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


def _show(news: "Iterable[News]", show: "Callable[[News], None]") -> None:
    for one in news:
        show(one)
        sys.stdout.flush()


def _at_once(_seconds: float) -> bool:
    return True


def _known(rule: str, policy: "Policy") -> None:
    from router.config.faults import near

    if rule and policy.rule(rule) is None:
        said = near(rule, [one.name for one in (*policy.rules, *policy.own)])
        raise RouterError("not-found", f"no rule is named {rule}", said[:1].upper() + said[1:])
