"""Newer: of replicas on one store another may have a configuration that was loaded after ours.

What ours does not know may be new rather than gone: it is left to who knows it, as long as that may take.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from router.core.delivery import SECOND
from router.core.policy import Policy
from router.ports import Unit

#: So long what is due is left to replicas with a newer configuration: they may all have gone.
LEFT_FOR = 3600 * SECOND


class _Due(Protocol):
    @property
    def due_at(self) -> int | None: ...


T = TypeVar("T", bound=_Due)


def ours(unit: Unit, policy: Policy, due: Sequence[T], knows: Callable[[T], bool], now: int) -> list[T]:
    """What of this is ours to judge: all, unless a newer configuration may know what ours does not."""
    known = [one for one in due if knows(one)]
    if len(known) == len(due) or not unit.is_superseded(policy.hash):
        return list(due)
    return [one for one in due if knows(one) or (one.due_at or 0) <= now - LEFT_FOR]


def since(unit: Unit, policy: Policy, now: int) -> int:
    """What was due by then is ours to bury, where it is unknown to us."""
    return now - LEFT_FOR if unit.is_superseded(policy.hash) else now
