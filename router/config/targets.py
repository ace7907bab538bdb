"""Channels to targets, and everything to the policy that is in force."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from router.config.intervals import meanings
from router.config.settings import Channel, Settings
from router.config.yaml import Document, Way
from router.core.delivery import Patience
from router.core.drill import rule_for
from router.core.filter import Filter
from router.core.index import make_index
from router.core.limits import Rate, rate_of
from router.core.mute.interval import TimeInterval
from router.core.policy import ChannelPlan, Policy, Target, make_policy
from router.core.rule import Rule
from router.core.text import kind_of
from router.errors import Finding, RouterError

#: A single-target URL, its kind, what its provider takes, and whether nobody reads that one's answers.
Single = tuple[str, str, Rate | None, bool]
#: A channel's URL to its single targets; raises RouterError.
InspectUrl = Callable[[str], Sequence[Single]]


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """One target, with its secret address.

    Args:
        name: ``channel/number``.
        unverified: nobody reads its provider's answers, and no ``accept`` does.
    """

    name: str
    channel: str
    kind: str
    url: str = field(repr=False)
    rate: Rate | None
    settings: Channel = field(repr=False)
    unverified: bool = False


_ACCEPT = "where it answers in JSON, say with accept: what it says when it has taken a message"


def kind_only(url: str) -> Sequence[Single]:
    """An :data:`InspectUrl` that takes every URL for one target."""
    schema = url.partition("://")[0]
    return [(url, kind_of(schema, url), rate_of(schema), False)]


def targets_of(document: Document, settings: Settings, inspect_url: InspectUrl) -> tuple[TargetSpec, ...]:
    """Every target of every channel; URLs that are wrong are findings of the document."""
    return tuple(
        TargetSpec(f"{name}/{number}", name, kind, url, rate, channel, unverified and not channel.accept)
        for name, channel in settings.channels.items()
        for number, (url, kind, rate, unverified) in enumerate(
            _singles(document, name, channel, inspect_url), 1
        )
    )


def _singles(document: Document, name: str, channel: Channel, inspect_url: InspectUrl) -> list[Single]:
    urls = [channel.url] if channel.url else channel.urls
    ways: list[Way] = [("url",)] if channel.url else [("urls", number) for number in range(len(urls))]
    singles: list[Single] = []
    for way, url in zip(ways, urls, strict=True):
        where = f"channels.{name}.{'.'.join(map(str, way))}"
        place = document.place(("channels", name, *way))
        # Of an address that is not there, its kind may still be known.
        inspect = kind_only if ("channels", name, *way) in document.lacking else inspect_url
        try:
            found = inspect(url.get_secret_value())
        except RouterError as error:
            document.findings.append(
                Finding("Y015", "error", place, f"{where}: {error.message}", error.remedy)
            )
            continue
        singles += found
        if not channel.accept and any(unverified for *_, unverified in found):
            said = f"{where}: unverified: nobody reads this service's answers; a status 2xx counts as sent"
            document.findings.append(Finding("Y019", "info", place, said, _ACCEPT))
    return singles


def policy_of(settings: Settings, rules: Sequence[Rule], targets: Sequence[TargetSpec]) -> Policy:
    """What is in force."""
    plans = {name: _plan(name, channel, targets) for name, channel in settings.channels.items()}
    intervals = meanings(settings.time_intervals)
    text = canonical_text(rules, plans, intervals)
    drills = [rule_for(it.channel, it.within)] if (it := settings.drill) else []
    return make_policy(rules, plans, text, make_index, intervals, settings.sources, drills)


def policy_alone(rules: Sequence[Rule]) -> Policy:
    """What is in force where there is no router.yaml: each channel that a rule names takes plain text."""
    names = (name for rule in rules for name in (*rule.to, *(to for step in rule.escalate for to in step.to)))
    plans = {name: ChannelPlan(name, (Target(f"{name}/1", "webhook"),)) for name in dict.fromkeys(names)}
    return make_policy(rules, plans, canonical_text(rules, plans, {}), make_index)


def _plan(name: str, channel: Channel, targets: Sequence[TargetSpec]) -> ChannelPlan:
    return ChannelPlan(
        name=name,
        targets=tuple(Target(one.name, one.kind, one.rate) for one in targets if one.channel == name),
        fallback=channel.fallback,
        fallback_after=_fallback_after(channel) if channel.fallback else {},
        rate=channel.rate,
        patience=Patience(channel.give_up_after, channel.max_unknown),
        storm=(channel.storm.groups, channel.storm.within) if channel.storm else None,
        timeout=channel.timeout,
    )


def _fallback_after(channel: Channel) -> dict[str, int]:
    after = channel.fallback_after.model_dump()
    return {severity: age for severity, age in after.items() if age is not None}


def canonical_text(
    rules: Sequence[Rule],
    plans: Mapping[str, ChannelPlan],
    intervals: Mapping[str, tuple[TimeInterval, ...]],
) -> str:
    """The meaning of all, without addresses and places: the same text for the same meaning."""
    whole = {"rules": list(rules), "channels": dict(plans), "time_intervals": dict(intervals)}
    return json.dumps(whole, default=_said, sort_keys=True, ensure_ascii=False)


def _said(value: Any) -> Any:
    if isinstance(value, Filter):
        return value.text
    if isinstance(value, frozenset):
        return sorted(cast("frozenset[str]", value))
    said = (name for name in value.__dataclass_fields__ if name not in ("place", "tests"))
    return {name: getattr(value, name) for name in said}
