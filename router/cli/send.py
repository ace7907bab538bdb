"""``send``: a test message to a channel, with the provider's answer."""

import secrets
from typing import Any

import typer

from router.cli.output import CONFIG, FORM, Form, harmless, print_json, say
from router.core.delivery import Delivery, Outcome, Verdict
from router.errors import RouterError


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(send)


def send(
    channel: str = typer.Argument(help="A channel of router.yaml."),
    text: str = typer.Option("This is a test of alert-router. Nothing is wrong.", help="What to say."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Send a test message to every target of a channel and show what the provider answered.

    Exit status 1 when a target did not accept it.
    """
    from router.app import SystemClock, channels_of, load_config
    from router.core.message import Message

    settings = load_config(config)
    plan = settings.policy.channels.get(channel)
    if plan is None:
        known = ", ".join(sorted(settings.policy.channels))
        raise RouterError("not-found", f"no channel is named {channel}", f"There are: {known}")
    channels = channels_of(settings, SystemClock())
    title = "Test of alert-router"
    data: dict[str, Any] = {
        "version": 1,
        "reason": "test",
        "channel": channel,
        "text": {"title": title, "body": text},
    }
    message = Message(title=title, body=text, severity="info", data=data)
    verdicts = {
        target.name: channels[target.name][0].send(message, _delivery(target.name, target.kind, channel))
        for target in plan.targets
    }
    for one, _ in channels.values():
        one.close()
    if output is Form.JSON:
        print_json({"deliveries": [_json(name, verdict) for name, verdict in verdicts.items()]})
    for name, verdict in verdicts.items() if output is Form.TEXT else ():
        status = f" ({verdict.status})" if verdict.status else ""
        say(f"{name}: {verdict.word}{status}: {harmless(verdict.answer)}")
    if any(verdict.outcome is not Outcome.ACCEPTED for verdict in verdicts.values()):
        raise typer.Exit(1)


def _delivery(target: str, kind: str, channel: str) -> Delivery:
    return Delivery(
        id=f"d-test-{secrets.token_hex(8)}",
        notification_id="",
        group_id="",
        channel=channel,
        target=target,
        kind=kind,
        severity="info",
        content="",
        created_at=0,
        due_at=0,
    )


def _json(target: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "target": target,
        "verdict": verdict.outcome,
        "status": verdict.status,
        "answer": verdict.answer,
        "broken": verdict.broken,
    }
