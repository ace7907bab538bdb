"""``explain``: every rule's verdict on one event, with its reason, and what would be sent."""

from typing import Any

import typer

from router.cli.api import SERVER, TOKEN, api_of, id_of, whole_id
from router.cli.clauses import tree
from router.cli.files import posted_event, refuse_both, with_job
from router.cli.output import CONFIG, FORM, SOURCE, Form, message_text, on_one_line, print_json, say, table
from router.web.shapes import ExplanationJson, explanation_json

#: Characters of an event's name that are shown.
_LONGEST = 80


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(explain)


def explain(
    event: str = typer.Argument(
        "-", metavar="EVENT.json", help="A file with one event, - for standard input."
    ),
    event_id: str = typer.Option("", "--id", help="An event of the store instead."),
    source: str = SOURCE,
    clauses: bool = typer.Option(False, "--clauses", help="Each filter part by part, with its values here."),
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Say for every rule whether it matches the event and why, and show what would be sent."""
    if event_id:
        refuse_both("--source", source, "--id", event_id)
        with api_of(config, server, token, to_look=True) as api:
            explanation = api.get(f"/v1/events/{id_of(whole_id(api.ids, 'e', event_id))}")["explanation"]
    else:
        explanation = _posted(config, event, source)
    if output is Form.JSON:
        print_json(explanation)
    else:
        _print(explanation, clauses)


def _posted(config: str, path: str, source: str) -> ExplanationJson:
    from router.app import SystemClock
    from router.pipeline.explain import explain as explain_event
    from router.pipeline.tongue import Tongue

    settings, sent = posted_event(config, path, source)
    tongue = Tongue(settings.settings.timezone, settings.settings.language)
    happened, now = with_job(settings, sent), SystemClock().now()
    return explanation_json(explain_event(happened, settings.policy, tongue, now, sent=sent))


def _print(explanation: ExplanationJson, clauses: bool) -> None:
    event, rules = explanation["event"], explanation["rules"]
    say(f"{on_one_line(event['event'][:_LONGEST]) or 'event'} {event['id']}  ({event['time']})")
    say(on_one_line(explanation["note"]) + "\n" if explanation["note"] else "")
    rows = [(said["rule"], said["verdict"], said["reason"]) for said in rules]
    table(("RULE", "VERDICT", "WHY"), rows, "There are no rules.")
    matched = [said for said in rules if said["key"] is not None]
    if matched:
        say()
        keys = [
            (said["rule"], _listed(said["key"], "this event"), _listed(said["group"], "alone"))
            for said in matched
        ]
        table(("MATCHED", "ONE ALERT FOR", "TOLD TOGETHER FOR"), keys, "")
    if clauses:
        for said in rules:
            if said["clauses"]:
                say("\n".join([f"\n{said['rule']}", *tree(said["clauses"], 1)]))
    if not explanation["messages"]:
        say("\nNobody is told.")
    for told in explanation["messages"]:
        say(f"\n--- {told['target']} ({told['kind']}), by {told['rule']}")
        say(message_text(told["title"], told["body"]))


def _listed(values: dict[str, Any] | None, none: str) -> str:
    """A key's expressions with their values."""
    from router.core.filter.clauses import shown

    return ", ".join(f"{part} {shown(value)}" for part, value in (values or {}).items()) or none
