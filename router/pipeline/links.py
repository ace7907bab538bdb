"""The links of messages; their keys live in the store, so that replicas agree."""

import secrets
from collections.abc import Mapping
from urllib.parse import quote

from router.core.alert import Alert
from router.core.filter.unparse import text_of
from router.core.group import Group
from router.core.link import KEY_BYTES, LinkKeys, ack_token
from router.ports import Unit

#: The path under the public address, before the token.
ACK_PATH = "/a/"


def make_keys(unit: Unit) -> None:
    """Makes the keys where there are none yet: at the first start."""
    # Before the look, or two replicas that start at once would each make their own.
    unit.serialise()
    if unit.link_keys() is None:
        unit.put_link_keys(LinkKeys(secrets.token_bytes(KEY_BYTES)))


def rotate_keys(unit: Unit, *, revoke: bool) -> None:
    """Signs with a fresh key from now on.

    Args:
        revoke: links of messages that were sent end now, else with the next change.
    """
    unit.serialise()
    fresh = secrets.token_bytes(KEY_BYTES)
    keys = unit.link_keys()
    unit.put_link_keys(keys.rotated(fresh, revoke=revoke) if keys else LinkKeys(fresh))


def links_of(unit: Unit, group: Group, alert: Alert, public_url: str) -> Mapping[str, str]:
    """The links of a message about a group that is due; none without keys or an address.

    What has ended has nothing to acknowledge and nothing to silence.

    Args:
        alert: the first that the message shows.
    """
    keys = unit.link_keys() if public_url else None
    if keys is None:
        return {}
    # Of a storm the rest is listed there, not what its newest event met.
    page = f"groups/{group.id}" if group.is_storm else f"events/{quote(alert.event_id, safe='')}"
    explain = {"explain": f"{public_url}/{page}"}
    if not group.open:
        return explain
    named = text_of({"type": "literal", "value": alert.rule})
    matcher = quote(f"rule == {named}", safe="")
    return {
        "ack": f"{public_url}{ACK_PATH}{ack_token(_told_first(unit, group), keys)}",
        "silence": f"{public_url}/silences?matcher={matcher}",
        **explain,
    }


def _told_first(unit: Unit, group: Group) -> str:
    """The id of the group; for one that tells a fallback channel, of the one whose message was given up."""
    if not group.fallback_of:
        return group.id
    given_up = unit.deliveries(ids=[group.fallback_of])
    [before] = unit.groups([one.group_id for one in given_up]) or [None]
    return _told_first(unit, before) if before else group.id
