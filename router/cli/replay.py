"""``replay``: events through the rules again."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from router.cli.output import (
    CONFIG,
    FORM,
    Form,
    counting,
    print_json,
    progress,
    say,
    table,
    user,
    when,
)
from router.cli.tellings import telling_json
from router.core.event import REPLAYED, Envelope
from router.errors import RouterError
from router.ports import Store

if TYPE_CHECKING:
    from router.config import Config
    from router.core.telling import Telling
    from router.ports import Receipt

#: Events in one transaction.
BATCH = 100
#: Events in one replay.
MOST = 100_000


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(replay)


def replay(
    file: str = typer.Argument("", help="A file of events, one JSON object a line; - for standard input."),
    since: str = typer.Option("", help="The store's events of the last 90s, 15m, 2h, 1d …"),
    undecodable: bool = typer.Option(False, "--undecodable", help="Messages that were set aside."),
    at_recorded_times: bool = typer.Option(
        False,
        "--at-recorded-times",
        help="Through the whole engine, each at the time of its receipt: which notifications, and when.",
    ),
    send: bool = typer.Option(
        False, "--send", help="Tell for real; without it, only show who would be told."
    ),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Take events through the rules again, and show who would be told; with --send, tell them.

    Replayed events are events of their own: they are not taken for doubles.
    """
    from router.app import SystemClock
    from router.cli.files import store_of

    if sum(map(bool, (file, since, undecodable))) != 1:
        raise RouterError("usage", "name a file, or --since, or --undecodable")
    if at_recorded_times and (not since or send):
        raise RouterError("usage", "--at-recorded-times goes with --since, and sends nothing")
    with store_of(config) as (settings, store):
        if at_recorded_times:
            _show_told(_rerun(settings, store, since), output)
            return
        envelopes = list(_fresh(_found(file, since, undecodable, store)))
        if send:
            _report(_send(envelopes, settings, store), output)
            if undecodable:
                kept = [m.id for m in store.read(lambda unit: unit.set_aside_messages(limit=MOST))]
                store.write(lambda unit: unit.mark_replayed(kept, SystemClock().now()))
        else:
            _show(envelopes, settings, store, output)


def _found(file: str, since: str, undecodable: bool, store: Store) -> list[Envelope]:
    from router.app import SystemClock
    from router.config import duration

    if file:
        from router.cli.files import read_lines

        now = SystemClock().now()
        return [Envelope("replay", line, now, position=f"{file}:{n}") for n, line in read_lines(file)]
    if undecodable:
        kept = store.read(lambda unit: unit.set_aside_messages(limit=MOST))
        return [message.undecodable.envelope for message in reversed(kept)]
    from router.pipeline.rerun import from_outside, not_too_many

    start = SystemClock().now() - duration(since)
    kept = store.read(lambda unit: unit.events(since=start, limit=MOST + 1))
    return from_outside(not_too_many(kept, MOST))


def _fresh(envelopes: list[Envelope]) -> Iterator[Envelope]:
    """With identities of their own, or they would be taken for doubles of themselves."""
    run = secrets.token_hex(4)
    for number, envelope in enumerate(envelopes):
        yield replace(envelope, identity=f"{REPLAYED}{run}:{number}")


def _show(envelopes: list[Envelope], settings: "Config", store: Store, output: Form) -> None:
    from router.app import SystemClock
    from router.core.event import Event
    from router.decoders import decode
    from router.pipeline.contexts import Contexts
    from router.pipeline.explain import explain
    from router.pipeline.tongue import Tongue

    now = SystemClock().now()
    tongue = Tongue(settings.settings.timezone, settings.settings.language)
    rows: list[tuple[str, str, str, str]] = []
    show = counting("events", len(envelopes))
    decoded = [decode(envelope) for envelope in envelopes]
    events = [event for event in decoded if isinstance(event, Event)]
    # Each event is judged with what was heard of its job before, and a job's own event is heard of.
    contexts = store.read(lambda unit: Contexts.load(unit, events))
    for envelope, event in zip(envelopes, decoded, strict=True):
        show(len(rows))
        if not isinstance(event, Event):
            rows.append((when(envelope.received_at), "undecodable", "", event.reason))
            continue
        explained = explain(contexts.joined(event), settings.policy, tongue, now)
        rules = ", ".join(said.rule for said in explained.rules if said.verdict == "matched")
        targets = ", ".join(told.target for told in explained.told)
        rows.append((when(event.at), event.kind or "event", rules, targets))
    progress("")
    if output is Form.JSON:
        print_json(
            {"events": [dict(zip(("time", "event", "rules", "targets"), row, strict=True)) for row in rows]}
        )
        return
    table(("TIME", "EVENT", "RULES", "WOULD TELL"), rows, "No events.")
    told = sum(bool(row[2] and row[3]) for row in rows)
    say(f"\n{len(rows)} events, {told} would be told. Nothing was sent; --send sends.")


def _rerun(settings: "Config", store: Store, since: str) -> "list[Telling]":
    from router.app import SystemClock
    from router.config import duration
    from router.decoders import decode
    from router.pipeline.rerun import recorded, rerun
    from router.pipeline.tongue import Tongue
    from router.storage.memory import MemoryStore

    now = SystemClock().now()
    start = now - duration(since)
    start, envelopes, silences, jobs = recorded(store, start, MOST)
    tongue = Tongue(settings.settings.timezone, settings.settings.language)
    show = counting("events", len(envelopes))
    memory = MemoryStore()
    try:
        return rerun(envelopes, settings.policy, decode, memory, tongue, start, now, silences, jobs, show)
    finally:
        progress("")


def _show_told(told: "list[Telling]", output: Form) -> None:
    if output is Form.JSON:
        print_json({"notifications": [telling_json(one) for one in told]})
        return
    rows = [(when(one.at), one.channel, one.rule, one.reason.value, one.message.title) for one in told]
    table(("TIME", "CHANNEL", "RULE", "REASON", "TITLE"), rows, "Nobody would have been told.")
    say(f"\n{len(told)} notifications. Nothing was sent.")


def _send(envelopes: list[Envelope], settings: "Config", store: Store) -> "list[Receipt]":
    from router import telemetry
    from router.app import SystemClock
    from router.decoders import decode
    from router.pipeline import people
    from router.pipeline.ingest import Ingest

    ingest = Ingest(
        store, decode, lambda: settings.policy, SystemClock(), telemetry.Metrics(), lambda _: None
    )
    store.write(
        lambda unit: unit.keep_policy(settings.policy.hash, settings.policy.text, SystemClock().now())
    )
    receipts: list[Receipt] = []
    show = counting("events", len(envelopes))
    for start in range(0, len(envelopes), BATCH):
        answer = ingest.submit(envelopes[start : start + BATCH])
        ingest.step()
        receipts += answer.result()
        show(len(receipts))
    progress("")
    if receipts:
        now, by, first = SystemClock().now(), user(), receipts[0].id
        store.write(lambda unit: people.note(unit, now, by, "replay", first, len(receipts)))
    return receipts


def _report(receipts: "list[Receipt]", output: Form) -> None:
    if output is Form.JSON:
        print_json({"events": [{"id": r.id, "outcome": r.outcome, "reason": r.reason} for r in receipts]})
        return
    table(("ID", "OUTCOME", "WHY"), [(r.id, r.outcome, r.reason) for r in receipts], "No events.")
    say(
        "\nThey are in the outbox: a running router tells them within seconds, else the next one that starts."
    )
