"""How each provider is given a message, and how its answer is read."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from router.channels import (
    aliyun,
    answers,
    dingtalk,
    discord,
    email,
    feishu,
    opsgenie,
    pagerduty,
    slack,
    sns,
    telegram,
    twilio,
    vonage,
    webhook,
    wecombot,
    workflows,
)
from router.channels.answers import Rule
from router.channels.plugins import Plugin, module_of, speaks_http
from router.channels.posting import is_resolved, joined, unforged
from router.channels.services import UNREAD
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
        concurrency: how many sends it takes at once. Apprise's plugins keep state while they send.
        prompt: it does nothing that may hang but requests over our transport, each of which ends in time.
    """

    send: Send
    rule: Rule | None = None
    single: bool = False
    concurrency: int = 1
    prompt: bool = False


def marked(message: Message, delivery: Delivery) -> Message:
    """The message, which says so itself where an earlier attempt may have arrived."""
    if not delivery.may_repeat:
        return message
    if message.title:
        return replace(message, title=REPEAT + message.title)
    return replace(message, body=REPEAT + message.body)


def send_plain(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """Plain text through Apprise's plugin, which escapes it where its service wants HTML."""
    said = marked(message, delivery)
    return plugin.notify(
        body=unforged(said.body or said.title),
        title=unforged(said.title) if said.body else "",
        notify_type="success" if is_resolved(message) else _TYPES.get(message.severity, "info"),
        # Apprise's way to Markdown breaks links; without a format the text stays as it is.
        body_format=None if plugin.resolve_format("text") == "markdown" else "text",
        overflow="truncate",
    )


def send_sms(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """Plain text as it is: every character may cost."""
    return plugin.notify(body=joined(marked(message, delivery)))


def _own(send: Send, rule: Rule | None = None, concurrency: int = 1, prompt: bool = True) -> Provider:
    """A sender of ours: one request, whose answer decides."""

    def send_marked(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
        return send(plugin, marked(message, delivery), delivery)

    return Provider(send_marked, rule, single=True, concurrency=concurrency, prompt=prompt)


PLAIN = Provider(send_plain, answers.usual)
SMS = Provider(send_sms, answers.usual)

#: By the plugin's module below ``apprise.plugins`` or ``router.channels.own``.
PROVIDERS: dict[str, Provider] = {
    "aliyunsms": _own(aliyun.send_sms, aliyun.said),
    "aliyunvoice": _own(aliyun.send_voice, aliyun.said),
    "email.base": _own(email.send, email.said, concurrency=2, prompt=False),
    "custom_json": Provider(webhook.send, single=True, concurrency=8, prompt=True),
    "dingtalk": _own(dingtalk.send, dingtalk.said),
    "discord": _own(discord.send, discord.said),
    "feishu": _own(feishu.send, feishu.said),
    "jira": _own(opsgenie.send, opsgenie.said),
    "lark": _own(feishu.send, feishu.said),
    "opsgenie": _own(opsgenie.send, opsgenie.said),
    "pagerduty": _own(pagerduty.send, pagerduty.said),
    "slack": _own(slack.send, slack.said),
    "sns": _own(sns.send, sns.said),
    "telegram": _own(telegram.send, telegram.said),
    "twilio": _own(twilio.send, twilio.said),
    "vonage": _own(vonage.send, vonage.said),
    "wecombot": _own(wecombot.send, wecombot.said),
    "workflows": _own(workflows.send),
}


def provider_of(plugin: Plugin, kind: str) -> Provider:
    """How this plugin's service is used.

    Args:
        kind: the channel kind; an SMS is left as it is, whoever sends it.
    """
    otherwise = SMS if kind == "sms" else PLAIN
    return PROVIDERS.get(module_of(plugin), otherwise)


def is_unverified(plugin: Plugin) -> bool:
    """Whether nobody reads this service's answers: a 2xx, or Apprise's word, is all there is."""
    return module_of(plugin) in UNREAD or not (speaks_http(plugin) or module_of(plugin) in PROVIDERS)
