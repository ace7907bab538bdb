"""The channels: each target as far as one comes without sending a message."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from router.cli.doctor.check import Check
from router.config import Config

if TYPE_CHECKING:
    from router.channels import Rehearsed

#: Targets that are looked at together.
_AT_ONCE = 8


def look(config: Config) -> Iterator[Check]:
    """Each target: its name is looked up, connected to, and logged in to where it is a mail server."""
    from router.app import SystemClock, rehearsals

    if not config.targets:
        yield Check(
            "channels",
            "error",
            "there is none: nobody can be told",
            'Write channels: {oncall: {url: "${env:ONCALL_URL}"}}',
        )
        return
    asked = rehearsals(config, SystemClock())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        going = {name: pool.submit(rehearse) for name, rehearse in asked.items()}
        for name, found in going.items():
            yield _check(name, found.result())
    for name, plan in sorted(config.policy.channels.items()):
        tells_critical = any(
            name in rule.to and rule.severity.word == "critical" for rule in config.policy.rules
        )
        if tells_critical and not plan.fallback:
            said = "it is told of what is critical and has no fallback"
            yield Check(f"channel {name}", "warning", said, _another_way(name, config))


def _another_way(name: str, config: Config) -> str:
    others = sorted(config.policy.channels.keys() - {name})
    if others:
        return f"Write fallback: {others[0]} (or another channel) under channels.{name}"
    return f"Add a second channel, and write fallback: and its name under channels.{name}"


def _check(target: str, found: "Rehearsed") -> Check:
    name, channel = f"channel {target}", target.rpartition("/")[0]
    if found.well is None:
        return Check(name, "info", f"not tried: {found.problem}", f"alert-router send {channel}")
    if found.well:
        return Check(name, "ok", f"{found.origin} can be reached; nothing was sent")
    said = f"{found.origin} cannot be sent to: {found.problem}" if found.origin else found.problem
    return Check(name, "error", said, f"Check its URL and the network; then alert-router send {channel}")
