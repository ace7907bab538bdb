"""Receivers to channels: an address each, whose secret parts stay outside.

What an Apprise URL is made of is secret nearly everywhere, so a whole URL is one variable; a comment says
what to set it to. Where Alertmanager reads an address from a file that Apprise understands, that file is
named.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from router.config.alertmanager.source import Source
from router.config.yaml import Way, listed, mapping

#: What a variable is set to, by kind: https://github.com/caronc/apprise/wiki.
_FORMS = {
    "slack": "slack://TOKEN_A/TOKEN_B/TOKEN_C",
    "pagerduty": "pagerduty://ROUTING_KEY@API_KEY",
    "webhook": "jsons://HOST/PATH",
    "opsgenie": "opsgenie://API_KEY",
    "telegram": "tgram://BOT_TOKEN/CHAT_ID",
    "discord": "discord://WEBHOOK_ID/WEBHOOK_TOKEN",
    "msteams": "workflows://HOST/WORKFLOW/SIGNATURE",
    "msteamsv2": "workflows://HOST/WORKFLOW/SIGNATURE",
    "wechat": "wecombot://BOT_KEY",
    "pushover": "pover://USER_KEY@TOKEN",
    "victorops": "victorops://API_KEY/ROUTING_KEY",
    "sns": "sns://ACCESS_KEY_ID/ACCESS_KEY_SECRET/REGION/TOPIC",
    "webex": "wxteams://TOKEN",
    "mattermost": "mmosts://HOST/TOKEN",
    "rocketchat": "rockets://USER:TOKEN@HOST/ROOM",
}
#: Kinds whose receivers are not told of an end unless they ask.
_QUIET = frozenset({"slack", "email", "wechat", "rocketchat"})
#: Keys whose value is a part of the address, or the secret in it; the person who sets the variable has them.
_ADDRESS = frozenset(
    {"to", "from", "smarthost", "hello", "auth_username", "auth_password", "auth_secret"}
    | {"api_url", "api_key", "api_secret", "url", "webhook_url", "bot_token", "token", "app_token"}
    | {"user_key", "routing_key", "service_key", "chat", "chat_id", "channel", "to_user", "corp_id"}
    | {"agent_id", "topic_arn", "room_id"}
)
#: Files that hold a URL of a provider's own which Apprise reads as it is.
_FILES = {"slack": "api_url_file", "discord": "webhook_url_file", "msteamsv2": "webhook_url_file"}
_BODY = "docs/webhook.md has it; mend what receives it"
#: Of ``global``: what is a part of addresses.
_GLOBAL = re.compile(
    r"(smtp_(from|smarthost|hello|auth_username|auth_password|auth_secret)|slack_api_url"
    r"|(opsgenie|wechat|victorops)_api_(key|secret)|wechat_api_corp_id|telegram_bot_token)"
)


@dataclass(frozen=True)
class Address:
    """One URL of a channel.

    Args:
        reference: ``${env:NAME}`` or ``${file:PATH}``.
        variable: the name to set, or nothing.
        form: what to set it to, with words in capitals for what is not shown.
    """

    reference: str
    variable: str
    form: str
    line: str


@dataclass(frozen=True)
class Channel:
    """One receiver that tells somebody."""

    name: str
    receiver: str
    line: str
    addresses: list[Address] = field(default_factory=list[Address])
    send_resolved: bool = False


def kebab(text: str, taken: set[str], otherwise: str) -> str:
    """A name in our form that is not yet taken, and is now."""
    plain = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or otherwise
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    taken.add(name)
    return name


def read_receivers(source: Source) -> dict[str, Channel]:
    """Channels by the receivers' names; one without addresses tells nobody."""
    _take_global(source)
    found: dict[str, Channel] = {}
    names: set[str] = set()
    for number in range(len(listed(source.at("receivers")))):
        way: Way = ("receivers", number)
        receiver = source.text(*way, "name")
        found[receiver] = _channel(source, way, receiver, kebab(receiver, names, "receiver"))
    return found


def _take_global(source: Source) -> None:
    for key in mapping(source.at("global")):
        if _GLOBAL.fullmatch(key):
            source.take("global", key)


def _channel(source: Source, way: Way, receiver: str, name: str) -> Channel:
    addresses: list[Address] = []
    resolved: list[bool] = []
    for key in mapping(source.at(*way)):
        if not key.endswith("_configs"):
            continue
        kind = key.removesuffix("_configs")
        for number in range(len(listed(source.at(*way, key)))):
            one = (*way, key, number)
            addresses.append(_address(source, one, name, kind, len(addresses) + 1))
            said = source.flag(*one, "send_resolved")
            resolved.append(kind not in _QUIET if said is None else said)
    if len(set(resolved)) > 1:
        source.lose(way, "some of its addresses asked for send_resolved; here all are told of an end")
    return Channel(name, receiver, source.line(*way), addresses, any(resolved))


def _address(source: Source, way: Way, channel: str, kind: str, number: int) -> Address:
    keys = mapping(source.at(*way))
    source.take(*way) if not keys else None
    for key in keys.keys() & _ADDRESS:
        source.take(*way, key)
    line = source.line(*way)
    file_key = _FILES.get(kind, "")
    for key in keys.keys() & {"url", "url_file"} if kind == "webhook" else ():
        source.lose((*way, key), "is sent the JSON of a json:// channel, not Alertmanager's", _BODY)
    if isinstance(keys.get(file_key), str) and "}" not in keys[file_key]:
        if "channel" in keys:
            source.lose((*way, "channel"), "is not carried over: the URL in the file says where it goes")
        return Address(f"${{file:{source.text(*way, file_key)}}}", "", "", line)
    for key in keys:
        if key.endswith("_file"):
            source.lose((*way, key), "its content becomes a part of the variable for this address")
    suffix = f"_{number}" if number > 1 else ""
    shown = re.sub("[^A-Z0-9]+", "_", f"{channel}_{kind}".upper()).strip("_")
    variable = f"{'R_' if shown[:1].isdigit() else ''}{shown}{suffix}_URL"
    return Address(f"${{env:{variable}}}", variable, _form(source, way, kind), line)


def _form(source: Source, way: Way, kind: str) -> str:
    """The URL, with what is no secret filled in."""
    if kind == "email":
        return _mail(source, way)
    channel = str(getattr(source.document.events.get((*way, "channel")), "value", ""))
    if kind == "slack" and channel:
        return f"{_FORMS[kind]}/#{quote(channel.lstrip('#'), safe='')}"
    if kind == "webhook" and str(source.at(*way, "url")).startswith("http://"):
        return _FORMS[kind].replace("jsons:", "json:")
    return _FORMS.get(kind, "an Apprise URL")


def _mail(source: Source, way: Way) -> str:
    def known(key: str) -> str:
        value = source.at(*way, key) or source.at("global", f"smtp_{key}")
        return value if isinstance(value, str) else ""

    user = quote(known("auth_username") or "USER", safe="")
    where = quote(known("smarthost") or "HOST:587", safe=":")
    sender, to = (quote(re.sub(r",\s+", ",", known(key)), safe="@,") for key in ("from", "to"))
    return f"mailtos://{user}:PASSWORD@{where}?from={sender}&to={to}"
