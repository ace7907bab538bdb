"""Drill: the router's own rule and event, which try the whole way of an alert."""

import json

from router.core.rule import Rule, Severity, Texts

#: The rule, the source and the event's type; none of a file can have it, for the full stop.
NAME = "alert-router.drill"
#: What the event has, and no more.
FIELDS = ("type", "drill", "message")


def rule_for(channel: str, within: int) -> Rule:
    """The rule that tells a channel of each drill, alone and at once; its alert ends by itself."""
    return Rule(
        NAME,
        when=None,
        to=(channel,),
        severity=Severity.INFO,
        texts=Texts(
            title="Drill of alert-router: nothing is wrong",
            body="This is a drill. It went the way of an alert, from the event to this channel. "
            "Nothing needs to be done.",
        ),
        key=(),
        group_by=(),
        closes_after=within,
        send_resolved=False,
    )


def event_body() -> bytes:
    """What the router sends itself."""
    return json.dumps({"type": NAME, "drill": True, "message": "A drill: nothing is wrong"}).encode()
