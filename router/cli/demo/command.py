"""The command ``demo``."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from router.cli.output import harmless, say, warn

if TYPE_CHECKING:
    from router.cli.demo.sink import Received
    from router.cli.demo.story import Chapter


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(demo)


def demo(
    once: bool = typer.Option(False, "--once", help="End after the story."),
    mns: bool = typer.Option(
        False, "--mns", help="Over a stand-in of MNS: a topic, a queue and a signed push."
    ),
) -> None:
    """See the whole way on this machine: no settings, no cloud.

    Starts a router with the shipped rules on a temporary store, plays a short
    story with documented Batch Compute events, and shows what Slack, e-mail,
    SMS and DingTalk would have received: real messages, sent through Apprise to
    stand-ins of the providers on this machine.

    Exit status 1 when anything that should have been told was not.
    """
    from router import telemetry
    from router.cli.demo.play import Play, shipped_rules
    from router.cli.demo.ways import ByWebhook, OverMns

    telemetry.set_up_logs(level="error")
    say("A story of one night, told by Batch Compute's own events.")
    if mns:
        say("Each goes to a topic of MNS, and from there in turns by a queue and by a signed push.")
    way = OverMns() if mns else ByWebhook()

    def stay(address: str) -> None:
        _stay(way.hint(address))

    wrong = Play(shipped_rules(), show, way).run(None if once else stay)
    for fault in wrong:
        warn(f"NOT AS IT SHOULD BE: {fault}")
    if wrong:
        sys.exit(1)
    say("\nEverything that should have been told was told, and nothing else.")
    say("Next: write your own first rule. README.md says how in ten minutes.")


def _stay(hint: str) -> None:
    import signal

    say(f"\n{hint}\nCtrl-C ends it.")
    signal.sigwait([signal.SIGINT, signal.SIGTERM])


def show(chapter: "Chapter", received: "Sequence[Received]") -> None:
    """Prints a chapter: framed on a terminal, plain in a pipe."""
    say()
    if sys.stdout.isatty():
        _show_framed(chapter, received)
        return
    say(f"== {chapter.heading}")
    for one in received:
        say(f"\n-- {one.via} {one.to}".rstrip())
        say("\n".join(f"   {line}" for line in harmless(_text(one)).splitlines()))
    if chapter.moral:
        say(f"\n{chapter.moral}" if received else chapter.moral)


def _show_framed(chapter: "Chapter", received: "Sequence[Received]") -> None:
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    console = Console()
    console.print(Text(chapter.heading, style="bold"))
    for one in received:
        console.print(
            Panel(Text(harmless(_text(one))), title=f"{one.via} {one.to}", title_align="left", width=92)
        )
    if chapter.moral:
        console.print(Text(chapter.moral, style="italic"))


def _text(received: "Received") -> str:
    return f"{received.title}\n\n{received.body}" if received.title else received.body
