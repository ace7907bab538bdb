"""``explain``: every rule's verdict on one event, with its reason, and what would be sent."""

from typing import TYPE_CHECKING, Any

import typer

from router.cli.output import CONFIG, FORM, Form, harmless, iso, print_json, say, table
from router.core.filter.clauses import shown
from router.errors import RouterError

if TYPE_CHECKING:
    from router.core.event import Event
    from router.core.filter.clauses import Clause
    from router.pipeline.explain import Explanation


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(explain)


def explain(
    event: str = typer.Argument(
        "-", metavar="[EVENT.json]", help="A file with one event, - for standard input."
    ),
    event_id: str = typer.Option("", "--id", help="An event of the store instead."),
    source: str = typer.Option("", help="As if it came from this source (for rules with `from`)."),
    clauses: bool = typer.Option(False, "--clauses", help="Each filter part by part, with its values here."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Say for every rule whether it matches the event and why, and show what would be sent."""
    from router.app import SystemClock, load_config
    from router.cli.files import read_event
    from router.pipeline.dispatch import Tongue
    from router.pipeline.explain import explain as explain_event

    settings = load_config(config)
    happened = _stored(config, event_id) if event_id else read_event(event, source)
    tongue = Tongue(settings.settings.timezone, settings.settings.language)
    explanation = explain_event(happened, settings.policy, tongue, SystemClock().now())
    if output is Form.JSON:
        print_json(as_json(explanation))
    else:
        _print(explanation, clauses)


def _stored(config: str, event_id: str) -> "Event":
    from router.cli.files import store_of

    with store_of(config) as (_, store):
        record = store.read(lambda unit: unit.event(event_id))
    if record is None:
        raise RouterError("not-found", f"no event in the store has the id {event_id}")
    return record.event


def as_json(explanation: "Explanation") -> dict[str, Any]:
    """The explanation as programs read it."""
    event = explanation.event
    return {
        "event": {"id": event.id, "source": event.source, "time": iso(event.at), "data": dict(event.data)},
        "rules": [
            {
                "rule": said.rule,
                "verdict": said.verdict,
                "reason": said.reason,
                "clauses": _clause_json(said.clauses) if said.clauses else None,
            }
            for said in explanation.rules
        ],
        "messages": [
            {
                "rule": told.rule,
                "channel": told.channel,
                "target": told.target,
                "kind": told.kind,
                "title": told.message.title,
                "body": told.message.body,
            }
            for told in explanation.told
        ],
    }


def _clause_json(clause: "Clause") -> dict[str, Any]:
    return {
        "clause": clause.text,
        "joint": clause.joint,
        "held": clause.held,
        "values": dict(clause.values),
        "error": clause.error,
        "hint": clause.hint,
        "parts": [_clause_json(part) for part in clause.parts],
    }


def _tree(clause: "Clause", depth: int = 0) -> list[str]:
    """The clauses below one another, each with a mark: it held, it did not, it failed, it was not reached."""
    mark = "!" if clause.error else {True: "✓", False: "✗", None: "·"}[clause.held]
    values = ", ".join(f"{name} = {shown(value)}" for name, value in clause.values)
    joint = {"and": "all of", "or": "one of", "not": "not"}.get(clause.joint, "")
    said = joint or clause.text
    lines = [
        f"{'   ' * depth}{mark} {said}" + (f"   ({values})" if values and clause.held is not None else "")
    ]
    return lines + [line for part in clause.parts for line in _tree(part, depth + 1)]


def _print(explanation: "Explanation", clauses: bool) -> None:
    event = explanation.event
    say(f"{event.kind or 'event'} {event.id}  ({iso(event.at)})\n")
    rows = [(said.rule, said.verdict, said.reason) for said in explanation.rules]
    table(("RULE", "VERDICT", "WHY"), rows, "There are no rules.")
    if clauses:
        for said in explanation.rules:
            if said.clauses:
                say(f"\n{said.rule}")
                say(harmless("\n".join(_tree(said.clauses, 1))))
    if not explanation.told:
        say("\nNobody is told.")
    for told in explanation.told:
        say(f"\n--- {told.target} ({told.kind}), by {told.rule}")
        say(harmless(f"{told.message.title}\n{told.message.body}".strip()))
