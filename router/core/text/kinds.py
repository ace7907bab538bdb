"""Channel kinds: which markup and limits a target's texts have."""

#: URL schemas whose kind is not ``plain``.
_KINDS: dict[str, str] = {
    "slack": "slack",
    "mailto": "email",
    "mailtos": "email",
    "dingtalk": "dingtalk",
    "json": "webhook",
    "jsons": "webhook",
    "twilio": "sms",
    "vonage": "sms",
    "nexmo": "sms",
    "sns": "sms",
}


def kind_of(schema: str) -> str:
    """The kind of an Apprise URL with this schema; ``plain`` where texts know nothing better."""
    return _KINDS.get(schema.lower(), "plain")
