"""The channels: each target as far as one comes without sending a message."""

from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from router.cli.doctor.check import Check
from router.config import Config

if TYPE_CHECKING:
    from router.channels import Rehearsed

#: Targets that are looked at together.
_AT_ONCE = 8


def look(config: Config, troubled: Set[str]) -> Iterator[Check]:
    """Each target: its name is looked up, connected to, and logged in to where it is a mail server.

    Args:
        troubled: targets that did not take what was sent to them last, as the store has it.
    """
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
    tried: dict[str, Rehearsed] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        going = {name: pool.submit(rehearse) for name, rehearse in asked.items()}
        for name, found in going.items():
            tried[name] = found.result()
            yield _check(name, tried[name], name in troubled)
    origins = {
        name: {tried[target.name].origin for target in plan.targets}
        for name, plan in config.policy.channels.items()
    }
    well = [
        name
        for name, plan in sorted(config.policy.channels.items())
        if all(target.name not in troubled and tried[target.name].well for target in plan.targets)
    ]
    yield from _alone(config, well, origins)


def _alone(config: Config, well: Sequence[str], origins: Mapping[str, Set[str]]) -> Iterator[Check]:
    """Channels that are told of what is critical and have no other way.

    Args:
        well: those of which nothing is known to be wrong.
        origins: where the providers of each channel are.
    """
    advised: dict[str, str] = {}
    for name, plan in sorted(config.policy.channels.items()):
        tells_critical = any(
            name in rule.to and rule.severity.word == "critical" for rule in config.policy.rules
        )
        if tells_critical and not plan.fallback:
            elsewhere = (other for other in well if not origins[other] & origins[name])
            # Not back to one that is to fall back here: that would be a circle.
            other = next((one for one in elsewhere if not _leads(one, name, config, advised)), "")
            advised |= {name: other} if other else {}
            said = "it is told of what is critical and has no fallback"
            yield Check(f"channel {name}", "warning", said, _another_way(name, other, config))


def _leads(start: str, to: str, config: Config, advised: Mapping[str, str]) -> bool:
    """Whether the fallbacks of one channel, as they are and as they were advised, lead to another."""
    step: str | None = start
    while step is not None and step != to:
        plan = config.policy.channels.get(step)
        step = (plan.fallback if plan else None) or advised.get(step)
    return step is not None


def _another_way(name: str, other: str, config: Config) -> str:
    if other:
        return f"Write fallback: {other} under channels.{name}"
    if len(config.policy.channels) > 1:
        return f"Write fallback: and another channel, of another provider, under channels.{name}"
    return f"Add a second channel, and write fallback: and its name under channels.{name}"


def _check(target: str, found: "Rehearsed", is_troubled: bool) -> Check:
    name, channel = f"channel {target}", target.rpartition("/")[0]
    if found.well is None:
        return Check(name, "info", f"not tried: {found.problem}", f"alert-router send {channel}")
    if found.well and is_troubled:
        return Check(name, "info", f"{found.origin} can be reached; what is wrong stands at target {target}")
    if found.well:
        return Check(name, "ok", f"{found.origin} can be reached; nothing was sent")
    said = f"{found.origin} cannot be sent to: {found.problem}" if found.origin else found.problem
    return Check(name, "error", said, f"Check its URL and the network; then alert-router send {channel}")
