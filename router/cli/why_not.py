"""``why-not``: the one reason why a rule or a channel did not tell of an event."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from router.cli.api import whole_id
from router.cli.clauses import tree
from router.cli.output import CONFIG, FORM, SOURCE, Form, on_one_line, print_json, say, table, when
from router.web.shapes import clause_json, delivery_json, iso

if TYPE_CHECKING:
    from router.core.event import Event
    from router.core.policy import Policy
    from router.pipeline.fate import Fate
    from router.pipeline.why_not import Answer

_TOLD = {
    "no": "did not tell",
    "not yet": "has not told yet",
    "yes": "told",
    "partly": "told in part",
    "would be": "tells",
}
#: Rules that did not match, or of a channel below the nearest, that are listed.
_LISTED = 20


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("why-not")(why_not)


def why_not(
    event: str = typer.Argument(
        "-", metavar="EVENT.json", help="A file with one event, - for standard input."
    ),
    rule: str = typer.Option("", help="The rule that should have told."),
    channel: str = typer.Option("", help="The channel that should have heard; with --rule: only this one."),
    event_id: str = typer.Option("", "--id", help="An event of the store: also what became of its messages."),
    source: str = SOURCE,
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Say why a rule, or a channel, did not tell of an event: one reason, and what it rests on.

    Without --rule and --channel: a line for each rule, those that told first.
    """
    from router.cli.files import check_known
    from router.pipeline.contexts import reads_job
    from router.pipeline.why_not import why_not_all, why_not_channel, why_not_rule

    policy, happened, fate, note = _asked(config, event, source, event_id)
    check_known("rule", rule, [one.name for one in (*policy.rules, *policy.own)])
    check_known("channel", channel, policy.channels)
    if rule:
        answers = (why_not_rule(happened, policy, rule, channel=channel, fate=fate),)
    elif channel:
        answers = why_not_channel(happened, policy, channel, fate=fate)
    else:
        answers = why_not_all(happened, policy, fate=fate)
    if output is Form.JSON:
        print_json(_json(happened, channel, answers, note))
    else:
        asked = (policy.rule(answer.rule) for answer in answers)
        said = note if any(one and reads_job(one) for one in asked) else ""
        _print(channel, answers, said) if rule or channel else _print_all(answers, said)


def _asked(config: str, path: str, source: str, event_id: str) -> "tuple[Policy, Event, Fate | None, str]":
    """The rules and the event, what became of it where it is from the store, and a note about its job."""
    from router.cli.files import posted_event, refuse_both, store_of, with_job
    from router.pipeline.contexts import about_job
    from router.pipeline.fate import fate_of, stored_event

    if not event_id:
        settings, sent = posted_event(config, path, source)
        event = with_job(settings, sent)
        return settings.policy, event, None, about_job(event, sent)
    refuse_both("--source", source, "--id", event_id)
    with store_of(config, to_look=True) as (settings, store):
        whole = whole_id(lambda begin: store.read(lambda unit: unit.ids_from(begin, 10)), "e", event_id)
        fate = store.read(lambda unit: fate_of(stored_event(unit, whole), unit))
    event = fate.record.event
    return settings.policy, event, fate, about_job(event)


def _json(event: "Event", channel: str, answers: "Sequence[Answer]", note: str) -> dict[str, Any]:
    return {
        "event": {"id": event.id, "source": event.source, "time": iso(event.at)},
        "note": note,
        "reasons": [
            {
                "rule": answer.rule,
                "channel": channel,
                "told": answer.reason.told,
                "code": answer.reason.code,
                "reason": answer.reason.text,
                "clauses": clause_json(answer.clauses) if answer.clauses else None,
                "deliveries": [delivery_json(one) for one in answer.messages],
            }
            for answer in answers
        ],
    }


def _print(channel: str, answers: "Sequence[Answer]", note: str) -> None:
    nearest, *others = answers
    say(on_one_line(_sentence(nearest, channel, len(answers))))
    if note:
        say(on_one_line(note))
    if nearest.clauses:
        say("\n" + "\n".join(tree(clause_json(nearest.clauses), 1)))
    if nearest.messages:
        say()
        rows = [(one.id, when(one.created_at), one.target, one.state, one.reason) for one in nearest.messages]
        table(("ID", "WRITTEN", "TARGET", "STATE", "WHY"), rows, "")
    if others:
        say(f"\nThe other rules that tell {channel}:")
        for answer in others[:_LISTED]:
            say("   " + on_one_line(f"{answer.rule}: {answer.reason.text}"))
        if len(others) > _LISTED:
            say(f"   and {len(others) - _LISTED} more: -o json")


def _print_all(answers: "Sequence[Answer]", note: str) -> None:
    matched = [answer for answer in answers if answer.has_matched]
    others = [answer for answer in answers if not answer.has_matched]
    shown = [*matched, *others[:_LISTED]]
    for answer in shown:
        say(on_one_line(_sentence(answer, "", 1)))
    if not shown:
        say("There are no rules.")
    if len(answers) > len(shown):
        say(f"And {len(answers) - len(shown)} more that did not match: -o json")
    if note:
        say(on_one_line(note))


def _sentence(answer: "Answer", channel: str, rules: int) -> str:
    reason = answer.reason
    if not answer.rule:
        return f"{channel} did not hear of it: {reason.text}."
    among = (
        f" (the nearest of {rules} rules that tell {channel})" if rules > 1 and reason.told == "no" else ""
    )
    return f"{answer.rule}{among} {_TOLD[reason.told]}: {reason.text}."
