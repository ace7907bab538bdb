"""Runs commands in this process: quick, and with any bytes on standard input."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from router.cli import app
from router.core.event import Envelope, Event
from router.decoders import decode
from router.errors import RouterError
from router.ports import EventRecord, SetAside
from router.storage import open_store


class Done(NamedTuple):
    """What a command came to."""

    status: int
    out: str
    error: str = ""


def run(*words: str, stdin: bytes = b"") -> Done:
    """``alert-router`` with these words, as :func:`router.cli.main` ends it."""
    result = CliRunner().invoke(app, words, input=stdin)
    if isinstance(result.exception, RouterError):
        return Done(2, result.stdout, str(result.exception))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def run_json(*words: str, stdin: bytes = b"") -> Any:
    """What a command prints with ``-o json``."""
    done = run(*words, "-o", "json", stdin=stdin)
    assert done.status == 0, done
    return json.loads(done.out)


def write_router(folder: Path, rules: list[dict[str, Any]], *channels: str, **more: Any) -> str:
    """A router.yaml with these rules, and channels that nobody listens on; its path."""
    (folder / "rules.yaml").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    settings = {
        "store": f"sqlite:///{folder / 'state.db'}",
        "sources": {"hook": {"kind": "webhook"}, "other": {"kind": "webhook"}},
        "channels": {name: {"url": f"json://127.0.0.1:9/{name}"} for name in channels},
        "rules": ["rules.yaml"],
    } | more
    (folder / "router.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return str(folder / "router.yaml")


def keep(folder: Path, body: bytes) -> str:
    """Puts a message that no rule matched into the store of a router; its id."""
    envelope = Envelope("hook", body, 1_800_000_000_000_000)
    event = decode(envelope)
    store = open_store(f"sqlite:///{folder / 'state.db'}")
    try:
        if isinstance(event, Event):
            record = EventRecord(event, envelope, "p", "unmatched", "no rule matched")
            store.write(lambda unit: unit.add_events([record]))
            return event.id
        store.write(lambda unit: unit.set_aside([SetAside("u-1", event)]))
        return "u-1"
    finally:
        store.close()
