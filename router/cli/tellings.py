"""Tellings as programs read them."""

from router.core.telling import Telling
from router.web.shapes import iso


def telling_json(one: Telling) -> dict[str, str | None]:
    """One message of a virtual clock: when, where, why and what."""
    return {
        "time": iso(one.at),
        "channel": one.channel,
        "rule": one.rule,
        "reason": one.reason.value,
        "title": one.message.title,
        "body": one.message.body,
    }
