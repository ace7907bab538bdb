"""How each provider is given a message, and how its answer is read."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from router.channels import webhook
from router.channels.answers import Rule
from router.channels.plugins import Plugin, module_of
from router.core.delivery import Delivery
from router.core.message import Message

Send = Callable[[Plugin, Message, Delivery], bool]
"""Makes the requests; says whether it believes that they were taken."""

_TYPES = {"critical": "failure", "warning": "warning", "info": "info"}
REPEAT = "May be a repeat: "


@dataclass(frozen=True, slots=True)
class Provider:
    """One service.

    Args:
        single: it makes one request, whose answer alone decides.
        concurrency: how many sends its plugin takes at once.
    """

    send: Send
    rule: Rule | None = None
    single: bool = False
    concurrency: int = 1


def marked(message: Message, delivery: Delivery) -> Message:
    """The message, which says so itself where an earlier attempt may have arrived."""
    if not delivery.may_repeat:
        return message
    if message.title:
        return replace(message, title=REPEAT + message.title)
    return replace(message, body=REPEAT + message.body)


def send_plain(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """Plain text through Apprise's plugin, which escapes it for its service."""
    return plugin.notify(
        body=message.body or message.title,
        title=message.title if message.body else "",
        notify_type=_TYPES.get(message.severity, "info"),
        body_format="text",
        overflow="truncate",
    )


PLAIN = Provider(send_plain)

#: By the plugin's module below ``apprise.plugins``.
PROVIDERS: dict[str, Provider] = {
    "custom_json": Provider(webhook.send, single=True, concurrency=4),
}


def provider_of(plugin: Plugin) -> Provider:
    """How this plugin's service is used."""
    return PROVIDERS.get(module_of(plugin), PLAIN)
