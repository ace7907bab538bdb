"""Threads: a group's later messages stand below its first, where the provider can do that."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from router.core.delivery import Delivery, Thread
from router.core.text.kinds import KINDS
from router.pipeline.claims import Claims, Crowd
from router.ports import Unit


def threaded(unit: Unit, claims: Claims) -> Claims:
    """The claims, in which each delivery knows below which message it stands."""
    claimed = [*claims.deliveries, *(one for crowd in claims.crowds for one in crowd.deliveries)]
    groups = {one.group_id for one in claimed if one.kind in KINDS and KINDS[one.kind].threads}
    known = unit.threads(groups) if groups else {}
    if not known:
        return claims
    crowds = [Crowd(_below(crowd.deliveries, known), crowd.messages) for crowd in claims.crowds]
    return replace(claims, deliveries=_below(claims.deliveries, known), crowds=crowds)


def _below(deliveries: Sequence[Delivery], known: Mapping[tuple[str, str], Thread]) -> list[Delivery]:
    return [replace(one, thread=known.get((one.group_id, one.target))) for one in deliveries]
