"""``explain``: every rule's verdict on one event, with its reason, and what would be sent."""

from typing import TYPE_CHECKING, Any

import typer

from router.cli.clauses import tree
from router.cli.output import CONFIG, FORM, SOURCE, Form, harmless, on_one_line, print_json, say, table
from router.web.shapes import explanation_json, iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from router.pipeline.explain import Explanation

#: Characters of an event's name that are shown.
_LONGEST = 80


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(explain)


def explain(
    event: str = typer.Argument(
        "-", metavar="[EVENT.json]", help="A file with one event, - for standard input."
    ),
    event_id: str = typer.Option("", "--id", help="An event of the store instead."),
    source: str = SOURCE,
    clauses: bool = typer.Option(False, "--clauses", help="Each filter part by part, with its values here."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Say for every rule whether it matches the event and why, and show what would be sent."""
    from router.app import SystemClock
    from router.cli.files import posted_event, refuse_both, store_of, stored_event
    from router.pipeline.dispatch import Tongue
    from router.pipeline.explain import explain as explain_event

    if event_id:
        refuse_both("--source", source, "--id", event_id)
        with store_of(config) as (settings, store):
            happened = store.read(lambda unit: stored_event(unit, event_id)).event
    else:
        settings, happened = posted_event(config, event, source)
    tongue = Tongue(settings.settings.timezone, settings.settings.language)
    explanation = explain_event(happened, settings.policy, tongue, SystemClock().now())
    if output is Form.JSON:
        print_json(explanation_json(explanation))
    else:
        _print(explanation, clauses)


def _print(explanation: "Explanation", clauses: bool) -> None:
    event = explanation.event
    say(f"{on_one_line(event.kind[:_LONGEST]) or 'event'} {event.id}  ({iso(event.at)})\n")
    rows = [(said.rule, said.verdict, said.reason) for said in explanation.rules]
    table(("RULE", "VERDICT", "WHY"), rows, "There are no rules.")
    matched = [said for said in explanation.rules if said.key is not None]
    if matched:
        say()
        keys = [
            (said.rule, _listed(said.key, "this event"), _listed(said.group, "alone")) for said in matched
        ]
        table(("MATCHED", "ONE ALERT FOR", "TOLD TOGETHER FOR"), keys, "")
    if clauses:
        for said in explanation.rules:
            if said.clauses:
                say("\n".join([f"\n{said.rule}", *tree(said.clauses, 1)]))
    if not explanation.told:
        say("\nNobody is told.")
    for told in explanation.told:
        say(f"\n--- {told.target} ({told.kind}), by {told.rule}")
        say(harmless(f"{told.message.title}\n{told.message.body}".strip()))


def _listed(values: "Mapping[str, Any] | None", none: str) -> str:
    """A key's expressions with their values."""
    from router.core.filter.clauses import shown

    return ", ".join(f"{part} {shown(value)}" for part, value in (values or {}).items()) or none
