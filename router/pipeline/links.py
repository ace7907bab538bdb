"""The links of messages; their keys live in the store, so that replicas agree."""

import secrets
from collections.abc import Mapping

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


def links_of(unit: Unit, group: Group, public_url: str) -> Mapping[str, str]:
    """The links of a message about a group that is due; none for what has ended, or without an address."""
    keys = unit.link_keys() if public_url and group.open else None
    if keys is None:
        return {}
    return {"ack": f"{public_url}{ACK_PATH}{ack_token(_told_first(unit, group), keys)}"}


def _told_first(unit: Unit, group: Group) -> str:
    """The id of the group; for one that tells a fallback channel, of the one whose message was given up."""
    if not group.fallback_of:
        return group.id
    given_up = unit.deliveries(ids=[group.fallback_of])
    [before] = unit.groups([one.group_id for one in given_up]) or [None]
    return _told_first(unit, before) if before else group.id
