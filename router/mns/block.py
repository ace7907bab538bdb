"""The ``Notification`` block of a Batch Compute job or cluster, made and compared.

Source: the producer's documentation, page "message notification".
"""

import difflib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from router.core.catalogue import EVENTS
from router.errors import Finding, Place, RouterError
from router.mns.wanted import Wanted

_PUBLIC = re.compile(r"(https?://[0-9]+\.mns\.[a-z]+(?:-[a-z0-9]+)*?)(\.aliyuncs\.com)/?")


def block(wanted: Wanted, topic: str, endpoint: str) -> dict[str, Any]:
    """The block that asks for the events that the rules can use."""
    return {"Notification": {"Topic": {"Name": topic, "Endpoint": endpoint, "Events": wanted.events}}}


def intranet(endpoint: str) -> str:
    """The address of MNS inside the cloud, as Batch Compute asks for it; others stay as they are."""
    found = _PUBLIC.fullmatch(endpoint)
    if found is None or "-internal" in endpoint:
        return endpoint
    return f"{found[1].replace('https:', 'http:')}-internal{found[2]}/"


def read_events(path: Path) -> list[str]:
    """The events that a job's or cluster's JSON asks for; none when it has no block.

    Raises:
        RouterError: ``unreadable`` for a file that is no such JSON.
    """
    try:
        described: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RouterError("unreadable", f"{path}: {error}", "Name the JSON of a job or a cluster") from error
    found: object = _block_in(described)
    if isinstance(found, list) and all(isinstance(name, str) for name in cast("list[object]", found)):
        return cast("list[str]", found)
    raise RouterError(
        "unreadable", f"{path}: Notification.Topic.Events is not a list of names", "See `mns notification`"
    )


def compare(path: Path, asked: Sequence[str], wanted: Wanted) -> list[Finding]:
    """What a job asks for and no rule uses, what a rule uses and is not asked for, what is no event."""
    place = Place(str(path))
    findings: list[Finding] = []
    for name in asked:
        if name not in wanted.rules:
            findings.append(Finding("N301", "error", place, *_unknown(name, wanted)))
        elif not wanted.rules[name]:
            findings.append(
                Finding("N302", "warning", place, f"{name} is asked for, and no rule uses it", "leave it out")
            )
    for name in wanted.events:
        if name not in asked:
            rules = ", ".join(wanted.rules[name])
            findings.append(
                Finding("N303", "error", place, f"{name} is not asked for, and is used by {rules}", "add it")
            )
    return findings


def _unknown(name: str, wanted: Wanted) -> tuple[str, str]:
    if name in EVENTS:
        what = EVENTS[name].category.lower()
        return f"{name} is an event of a {what}, which is not what this file describes", "leave it out"
    near = difflib.get_close_matches(name, list(wanted.rules), 1)
    return f"{name!r} is no event of Batch Compute", f"did you mean {near[0]}?" if near else ""


def _block_in(described: object) -> object:
    """The value of ``Notification.Topic.Events``; an empty list when there is no such block."""
    inner: object = described
    for name in ("Notification", "Topic", "Events"):
        if not isinstance(inner, dict):
            return None
        fields = cast("dict[str, object]", inner)
        if name not in fields:
            return []
        inner = fields[name]
    return inner
