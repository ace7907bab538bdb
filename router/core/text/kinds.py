"""Channel kinds: which markup and limits a target's texts have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from router.core.text.segments import sms_size

Markup = Literal["mrkdwn", "markdown", "plain"]


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Kind:
    """What a provider takes.

    Args:
        limit: of title and body together, in the unit of ``size``.
        size: a text's length in the provider's own unit.
        titled: it has a line of its own for the title.
    """

    name: str
    markup: Markup
    limit: int
    size: Callable[[str], int] = len
    titled: bool = True


#: Limits as the providers document them, less what their payload takes.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("slack", "mrkdwn", 3_000),
        Kind("email", "plain", 100_000),
        Kind("sms", "plain", 459, sms_size, titled=False),
        Kind("dingtalk", "markdown", 16_000, _bytes),
        Kind("wecom", "plain", 2_000, _bytes, titled=False),
        Kind("feishu", "plain", 16_000, _bytes),
        Kind("telegram", "plain", 3_500),
        Kind("discord", "plain", 1_800),
        Kind("webhook", "plain", 16_000),
        Kind("plain", "plain", 2_000),
    )
}

#: URL schemas whose kind is not ``plain``.
_SCHEMAS = {
    "slack": "slack",
    "email": "mailto mailtos",
    "sms": "twilio vonage nexmo sns aliyunsms bulksms clicksend clickatell messagebird msg91 plivo sinch",
    "dingtalk": "dingtalk",
    "wecom": "wecombot",
    "feishu": "feishu lark",
    "telegram": "tgram telegram",
    "discord": "discord",
    "webhook": "json jsons",
}
_KIND_OF = {schema: kind for kind, schemas in _SCHEMAS.items() for schema in schemas.split()}


def kind_of(schema: str) -> str:
    """The kind of an Apprise URL with this schema; ``plain`` where texts know nothing better."""
    return _KIND_OF.get(schema.lower(), "plain")
