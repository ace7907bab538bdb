"""What the targets of a configuration are sent to by."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from router.config import Config, TargetSpec
from router.core.filter import Filter
from router.core.policy import ChannelPlan
from router.ports import Channel, Clock

if TYPE_CHECKING:
    from router.channels import ChannelSpec, Rehearsed


def channels_of(config: Config, clock: Clock) -> dict[str, tuple[Channel, ChannelPlan]]:
    """Every target of the configuration, by name, ready to send; its provider's own limit is its rate."""
    from router.channels import make_channel

    channels: dict[str, tuple[Channel, ChannelPlan]] = {}
    for target in config.targets:
        plan = config.policy.channels[target.channel]
        paced = replace(plan, rate=plan.rate or target.rate)
        channels[target.name] = make_channel(_spec(target, config), clock.now), paced
    return channels


def rehearsals(config: Config, clock: Clock) -> "dict[str, Callable[[], Rehearsed]]":
    """For each target of the configuration, by name, how far a send would come; nothing is sent."""
    from router.channels import make_channel

    return {target.name: make_channel(_spec(target, config), clock.now).rehearse for target in config.targets}


def _spec(target: TargetSpec, config: Config) -> "ChannelSpec":
    from router.channels import ChannelSpec

    client = config.settings.http_client
    return ChannelSpec(
        name=target.name,
        url=target.url,
        kind=target.kind,
        timeout=target.settings.timeout,
        accept=Filter(target.settings.accept) if target.settings.accept else None,
        egress=config.settings.egress,
        proxy=client.proxy.get_secret_value() if client.proxy else None,
        ca_file=client.ca_file,
    )
