"""Where messages go: Apprise, its transport and verdicts, and one file for each provider that needs care."""

from collections.abc import Callable

from router.channels.channel import ChannelSpec, Rehearsed, TargetChannel
from router.channels.limits import rate_of_url
from router.channels.plugins import open_plugin, schema_of
from router.channels.providers import is_unverified
from router.channels.targets import expand
from router.core.text.kinds import kind_of

__all__ = ["ChannelSpec", "Rehearsed", "expand", "inspect_url", "kind_of_url", "make_channel", "rate_of_url"]


def make_channel(spec: ChannelSpec, now: Callable[[], int]) -> TargetChannel:
    """The channel for one target.

    Args:
        now: microseconds UTC.

    Raises:
        RouterError: ``bad-channel``: see :func:`expand`.
    """
    return TargetChannel(spec, now)


def inspect_url(url: str) -> list[tuple[str, str, tuple[int, int] | None, bool]]:
    """The single-target URLs of a channel's URL, each with its kind, what its provider takes, and whether
    nobody reads that provider's answers.

    Raises:
        RouterError: ``bad-channel``: see :func:`expand`.
    """
    return [(one, kind_of_url(one), rate_of_url(one), is_unverified(open_plugin(one))) for one in expand(url)]


def kind_of_url(url: str) -> str:
    """The channel kind of a URL: which texts and limits it has.

    Raises:
        RouterError: ``bad-channel``: no service of Apprise has such URLs.
    """
    return kind_of(schema_of(url), url)
