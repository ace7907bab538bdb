"""Named moments in every loop at which a test can kill, stop or break the process.

Each step of each loop calls :func:`failpoint` with its name. Nothing happens unless the
environment variable ``ALERT_ROUTER_FAILPOINTS`` arms it: ``NAME=ACTION[@HIT]``, separated by
commas. Actions: ``kill`` (SIGKILL to ourselves), ``raise``, ``sleep:SECONDS``. ``HIT`` says at
which passing it acts (1 is the first; without it, at each).
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

VARIABLE = "ALERT_ROUTER_FAILPOINTS"

#: Every failpoint, in the order in which an event meets them, with what has happened by then.
REGISTRY: dict[str, str] = {
    "ingest.received": "a batch was taken from the waiting requests; nothing is written",
    "ingest.matched": "decoded and matched; nothing is written",
    "ingest.written": "the transaction holds everything; not committed",
    "ingest.committed": "committed; no source has been answered",
    "ingest.acknowledged": "the sources have been answered",
    "advance.loaded": "alerts that time changes are taken in this transaction; nothing is written",
    "advance.written": "the transaction holds what time made of them; not committed",
    "advance.committed": "it is committed",
    "advance.retired": "alerts of rules that are gone are ended in this transaction; not committed",
    "advance.retire_committed": "their end is committed",
    "advance.reviewed": "what other rules opened is due for a look in this transaction; not committed",
    "advance.review_committed": "it is committed",
    "outages.written": "alerts of unreachable sources open or end in this transaction; not committed",
    "outages.committed": "it is committed",
    "dispatch.claimed": "due groups are taken in this transaction; nothing is written",
    "dispatch.rendered": "texts are rendered; nothing is written",
    "dispatch.written": "the transaction holds the deliveries; not committed",
    "dispatch.committed": "the deliveries are committed",
    "deliver.claimed": "the transaction holds the claims; not committed",
    "deliver.claim_committed": "the claims are committed; nothing was sent",
    "deliver.handed_over": "what was claimed as it was written is committed; nothing was sent",
    "deliver.withdrawn": "what is not due any more is dropped in this transaction; not committed",
    "deliver.withdraw_committed": "its end is committed; nothing was sent",
    "deliver.sending": "just before the provider is called",
    "deliver.sent": "the provider has answered; nothing is recorded",
    "deliver.settled": "the transaction holds the outcome; not committed",
    "deliver.settle_committed": "the outcome is committed",
    "maintain.beaten": "that a router lives is written in this transaction; not committed",
    "maintain.beat_committed": "it is committed",
    "maintain.rescued": "expired leases are given back in this transaction; not committed",
    "maintain.rescue_committed": "they are due again",
    "maintain.replaced": "failing deliveries are replaced by later ones in this transaction; not committed",
    "maintain.replace_committed": "their end is committed",
    "maintain.overdue": "the fallback of what is late is due in this transaction; not committed",
    "maintain.overdue_committed": "that the fallback is due is committed",
    "maintain.given_up": "what is too old for a failing target has ended in this transaction; not committed",
    "maintain.give_up_committed": "its end is committed",
    "maintain.buried": "deliveries to targets that are gone have ended in this transaction; not committed",
    "maintain.bury_committed": "their end is committed",
    "maintain.pruned": "old records are deleted in this transaction; not committed",
    "maintain.prune_committed": "their deletion is committed",
}


class FailpointError(Exception):
    """Raised by the action ``raise``: a fault that nobody expects."""


@dataclass
class _Armed:
    action: str
    at_hit: int | None
    hits: int = 0


def _armed(setting: str) -> dict[str, _Armed]:
    armed: dict[str, _Armed] = {}
    for part in filter(None, setting.split(",")):
        name, _, action = part.partition("=")
        if name not in REGISTRY:
            raise ValueError(f"{VARIABLE}: no failpoint is named {name!r}; there are {', '.join(REGISTRY)}")
        action, _, hit = action.partition("@")
        armed[name] = _Armed(action, int(hit) if hit else None)
    return armed


_ARMED: dict[str, _Armed] = _armed(os.environ.get(VARIABLE, ""))

#: Tests set it to watch which failpoints are passed; it is called with each name.
watch: Callable[[str], None] | None = None


def arm(setting: str) -> None:
    """Replaces what is armed; ``""`` disarms everything. The form is the variable's."""
    _ARMED.clear()
    _ARMED.update(_armed(setting))


def failpoint(name: str) -> None:
    """Marks a step of a loop; does nothing unless it is armed or watched."""
    if watch is not None:
        watch(name)
    if _ARMED and (armed := _ARMED.get(name)) is not None:
        _act(armed)


def _act(armed: _Armed) -> None:
    armed.hits += 1
    if armed.at_hit is not None and armed.hits != armed.at_hit:
        return
    if armed.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
    if armed.action.startswith("sleep:"):
        time.sleep(float(armed.action.removeprefix("sleep:")))
    if armed.action == "raise":
        raise FailpointError("a failpoint was armed to raise here")
