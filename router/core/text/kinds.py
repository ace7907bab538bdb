"""Channel kinds: which markup and which limits the texts of a target have."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from router.core.text import sizes


@dataclass(frozen=True, slots=True)
class Kind:
    """What a provider takes.

    Args:
        dialect: see router.core.text.dialects.
        limit: of title and body together, in the unit of ``size``; it leaves room for what the channel
            adds (``May be a repeat: ``, the payload around the text).
        size: a text's length in the provider's own unit.
        title: the longest title in characters; 0 where the title is the text's first line.
        mark: how a built-in title shows the severity.
        form: which ``format=`` of its URL asks for it; a rule's texts for the kind without a form hold for
            it too.
        buttons: links are buttons beside the text, not lines in it.
        folds: people read it: several messages may be told as one. Programs, and services that keep an
            incident for each group, get each alone.
        threads: later messages of a group may stand below its first.
        incidents: it keeps an incident for each group: it is always sent the close, and hears when people
            have seen all that the group tells.
    """

    name: str
    dialect: str
    limit: int
    size: Callable[[str], int] = len
    title: int = 200
    mark: Literal["sign", "word", "none"] = "sign"
    form: str = ""
    buttons: bool = False
    folds: bool = True
    threads: bool = False
    incidents: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names under ``formats`` of a rule that mean it, the nearest first."""
        return (self.name, self.name.removesuffix(f"-{self.form}")) if self.form else (self.name,)


#: Limits as the providers document them; ``plain`` and ``short`` hold for every service of Apprise 2.2.0.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        # 4,000 characters are recommended, 40,000 are cut.
        Kind("slack", "slack", 3_900, threads=True),
        Kind("email", "text", 100_000, mark="word", threads=True),
        # Three short messages: 459 characters, or 201 with Chinese.
        Kind("sms", "sms", 3, sizes.segments, title=0, mark="word"),
        # 20,000 bytes of JSON, in which the title stands twice.
        Kind("dingtalk", "markdown", 18_000, sizes.json_bytes),
        Kind("dingtalk-text", "chat", 18_000, sizes.json_bytes, form="text"),
        Kind("dingtalk-card", "markdown", 16_000, sizes.json_bytes, form="card", buttons=True),
        # 20 KB of JSON.
        Kind("feishu", "chat", 18_000, sizes.feishu),
        Kind("feishu-card", "chat", 16_000, sizes.json_bytes, form="card", buttons=True),
        # 4,096 bytes of Markdown, 2,048 of text.
        Kind("wecom", "wecom", 4_000, sizes.utf8),
        Kind("wecom-text", "chat", 2_000, sizes.utf8, form="text"),
        # An application, which takes 2,048 bytes of text.
        Kind("wechat", "chat", 2_000, sizes.utf8),
        # 4,096 after the entities, 2,000.
        Kind("telegram", "chat", 4_000, sizes.utf16, threads=True),
        Kind("discord", "discord", 1_900, sizes.utf16),
        # 28 KB of JSON.
        Kind("teams", "chat", 22_000, sizes.adaptive_card, buttons=True),
        # 1,024 characters of summary; an event of 512 KB.
        Kind("pagerduty", "text", 16_000, title=900, mark="none", buttons=True, folds=False, incidents=True),
        # 130 characters of message, 15,000 of description.
        Kind("opsgenie", "text", 14_000, title=120, mark="none", folds=False, incidents=True),
        Kind("webhook", "text", 65_536, mark="none", folds=False),
        # 35 characters for each variable of a short message's template, 249 for all of a call's.
        Kind("template", "text", 240, title=0, mark="none"),
        Kind("plain", "chat", 950, mark="word"),
        Kind("short", "chat", 180, title=0, mark="word"),
        Kind("pager", "sms", 67, title=0, mark="none"),
    )
}

#: Kinds that keep an incident for each group.
INCIDENTS = frozenset(kind.name for kind in KINDS.values() if kind.incidents)

#: URL schemas of Apprise whose kind is not ``plain``.
_SCHEMAS = {
    "slack": "slack",
    "email": """mailto mailtos azure o365 brevo groundmail mailersend mailgun postmark resend sendgrid
        sendpulse ses smtp2go sparkpost""",
    "sms": """twilio vonage nexmo sns 46elks elks atalk bulksms bulkvs burstsms clickatell
        clicksend cm d7sms eight00com exotel freemobile httpsms infobip kaleyra klr
        kavenegar kudosity mobilemessage mobilemsg msg91 msgbird notifyre octopush plivo
        ringc serwersms seven sfr sinch smpp smpps smsc smseagle smseagles smsmanager smsmgr
        smstunnel telesign telnyx voipms""",
    "dingtalk": "dingtalk",
    "feishu": "feishu lark",
    "wecom": "wecombot",
    "wechat": "wechat",
    "telegram": "tgram telegram",
    "discord": "discord",
    "teams": "workflow workflows",
    "pagerduty": "pagerduty",
    "opsgenie": "opsgenie jira",
    "template": "aliyunsms aliyunvoice",
    "webhook": "json jsons form forms xml xmls",
    "short": """bluesky bsky irc ircs kakao kakaotalk kumulos mastodon mastodons misskey misskeys notifico
        notificos pushed revolt splunk strmlabs toot toots tweet twitter victorops x youlmk
        zulip""",
    "pager": "aprs dapnet",
}
_KIND_OF = {schema: kind for kind, schemas in _SCHEMAS.items() for schema in schemas.split()}
_FORM = re.compile(r"[?&]format=([^&#]*)", re.IGNORECASE)


def kind_of(schema: str, url: str = "") -> str:
    """The kind of an Apprise URL with this schema; ``plain`` where texts know nothing better.

    Args:
        url: its ``format=`` may ask for another form than the usual one.
    """
    usual = _KIND_OF.get(schema.lower(), "plain")
    asked = _FORM.search(url)
    formed = f"{usual}-{asked[1].lower()}" if asked else usual
    return formed if formed in KINDS else usual


def forms_of(kind: str) -> tuple[str, ...]:
    """The values of ``format=`` that a kind's URL knows beside its usual form."""
    return tuple(form.form for form in KINDS.values() if form.form and form.names[-1] == kind)
