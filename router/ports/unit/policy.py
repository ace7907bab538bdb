"""The policy in force, and the keys of links."""

from typing import Protocol

from router.core.link import LinkKeys


class PolicyUnit(Protocol):
    """What a change of the policy, and the keys of links, ask of a transaction."""

    def time(self) -> int | None:
        """What time it is by a shared store's clock, microseconds UTC; None of one that is not shared."""
        ...

    def last_beat(self) -> int | None:
        """When a router last wrote the time; None on a new store."""
        ...

    def beat(self, now: int) -> None:
        """Writes the time: a real write that shows that the store can be written."""
        ...

    def hasten(self, now: int) -> frozenset[str]:
        """Makes due now what was made after now, by a clock that has been set back, and would wait that long.

        Deliveries that wait for an attempt, and groups for anything but a reminder; returns the targets.
        What was told, or fired, after now counts as of now: what follows comes so much later and no more.
        """
        ...

    def keep_policy(self, policy_hash: str, text: str, now: int) -> None:
        """Keeps a policy's canonical text by its hash; it is the one that was loaded last."""
        ...

    def is_superseded(self, policy_hash: str) -> bool:
        """Whether another policy was loaded after this one; not where this one is not kept."""
        ...

    def link_keys(self) -> LinkKeys | None:
        """The keys that sign the links of messages; None before the first start with a public address."""
        ...

    def put_link_keys(self, keys: LinkKeys) -> None:
        """Replaces them."""
        ...
