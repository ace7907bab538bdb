"""``init``: the files of a first router, with comments, where nothing stands yet."""

import json
import os
import shlex
from pathlib import Path

import typer

from router.cli.output import harmless, say
from router.errors import RouterError

SETTINGS = Path("router.yaml")
RULES = Path("rules/first.yaml")

_SETTINGS_TEXT = """\
# yaml-language-server: $schema=router.schema.json

# Where alert-router keeps what it takes and what it tells: one file, relative to where it is started.
# Several routers share a PostgreSQL: postgresql://user@host/database
store: sqlite:///alert-router.db

# Any other host than loopback needs a token, which senders then bring:
#   http: {listen: "0.0.0.0:8080", token: "${env:ALERT_ROUTER_TOKEN}"}
http: {listen: "127.0.0.1:8080"}

# Where events come from. The name is yours: rules may name it with `from`.
sources:
  hook: {kind: webhook}      # any JSON or CloudEvents, posted to /v1/events/hook
#  batch: {kind: mns-push}   # an MNS topic posts to /v1/events/batch; a queue is kind: mns-queue

# Whom to tell. A url is any Apprise URL (slack://…, mailto://…, dingtalk://…). It is a secret, so let
# it stand elsewhere:
#   oncall: {url: "${env:ONCALL_URL}"}
#   oncall: {url: "${file:/run/secrets/oncall-url}"}
# Until then: a webhook on this machine, which you can listen to.
channels:
  oncall: {url: "json://127.0.0.1:9000/"}

# Which events are told. Files are judged in this order, and by name.
rules: ["rules/*.yaml"]
"""

_RULES_TEXT = """\
# yaml-language-server: $schema=../rules.schema.json

# `when` is JMESPath over the event's own JSON: strings take single quotes, numbers backticks,
# as in ExitCode != `0`. `alert-router events OnJobFailed` shows what such an event looks like.
rules:
  - name: job-failed
    when: >-
      Event == 'OnJobFailed'
    severity: critical
    to: [oncall]
    # A job that succeeds after all ends its alert, and that is told, too.
    resolve_when: >-
      Event == 'OnJobFinished'
    # `alert-router test router.yaml` says whether it does that; nothing is sent.
    tests:
      - name: a job that fails and then succeeds is told twice
        given:
          - {at: 0s, event: OnJobFailed}
          - {at: 1h, event: OnJobFinished}
        expect:
          - {by: 0s, channel: oncall, count: 1, reason: first}
          - {by: 1h, channel: oncall, count: 2, reason: resolved}

  # More to say, where you need it:
  #   mode: shadow               judged, counted and recorded, never sent: try a rule like this first
  #   from: [hook]               only events of these sources
  #   hold: 10m                  not told before it has lasted so long
  #   repeat_interval: 4h        again and again, until somebody acknowledges
  #   title: "{{ JobName }} failed"
"""

_EVENT = '{"Event": "OnJobFailed", "JobId": "job-1", "JobName": "nightly"}'


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(init)


def init(
    folder: Path = typer.Argument(Path(), metavar="DIR", help="Where; made if it is not there."),
) -> None:
    """Write a first router.yaml and rule, with comments, and the schemas by which editors complete them.

    Writes over nothing: it lists what it wrote and what it kept. Where a
    router.yaml stands no rule is written, for that router would take it in.
    """
    taken = os.path.lexists(folder / SETTINGS)
    for path, text in _files().items():
        shown = harmless(str(folder / path))
        if path == RULES and taken and not os.path.lexists(folder / path):
            say(f"left    {shown}: the router.yaml that stands might take it in")
        elif _write(folder / path, text):
            say(f"wrote   {shown}")
        else:
            say(f"kept    {shown}")
    say("\nNext:")
    if folder.resolve() != Path.cwd():
        say(f"  cd {harmless(shlex.quote(str(folder)))}")
    say("  alert-router check router.yaml")
    say("  alert-router test router.yaml")
    say(f"  echo '{_EVENT}' | alert-router explain -")
    say("  alert-router run -c router.yaml")


def _files() -> dict[Path, str]:
    """What is written, by its path in the folder; the settings last: they never stand alone."""
    from router.config import schemas

    as_text = {name: json.dumps(schema, indent=2, ensure_ascii=False) for name, schema in schemas().items()}
    written = {Path(f"{name}.schema.json"): f"{text}\n" for name, text in as_text.items()}
    return {RULES: _RULES_TEXT} | written | {SETTINGS: _SETTINGS_TEXT}


def _write(path: Path, text: str) -> bool:
    """Whether it was written; nothing that stands there is touched, not even a link that leads nowhere."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        if path.parent.is_dir():
            return False
        raise RouterError("unwritable", f"{path.parent} is no folder", "Name another one") from None
    except OSError as error:
        raise RouterError("unwritable", f"cannot write {path}: {error.strerror}") from error
    return True
