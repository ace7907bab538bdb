"""The public face, for programs that embed the rules: documented, typed, stable.

event = decode(body)
for match in RuleSet.load("rules/batchcompute").match(event):
    print(match.rule.name)
"""

import time
from collections.abc import Sequence
from pathlib import Path

from router.config import load_rules, rule_files
from router.core.event import Envelope, Event, Undecodable
from router.core.filter import Filter
from router.core.index import make_index
from router.core.policy import Policy, make_policy
from router.core.rule import Match, Rule
from router.decoders import decode as decode_envelope
from router.errors import ConfigError, RouterError

__all__ = ["Event", "Filter", "Match", "RouterError", "RuleSet", "decode"]


def decode(body: bytes) -> Event:
    """The event in a message's body: an MNS notification in any form, a CloudEvent, or a JSON object.

    Args:
        body: as it came from a queue, a push, a file.

    Returns:
        the event; its ``source`` is empty, and it was received now.

    Raises:
        RouterError: ``undecodable``; the message says why, and what to send instead.
    """
    decoded = decode_envelope(Envelope(source="", body=body, received_at=time.time_ns() // 1000))
    if isinstance(decoded, Undecodable):
        raise RouterError("undecodable", decoded.reason)
    return decoded


class RuleSet:
    """Rules that are judged together, without channels or a store."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    @classmethod
    def load(cls, path: str | Path) -> "RuleSet":
        """Reads a rule file, or a folder of them.

        Raises:
            ConfigError: with every fault and its place.
        """
        rules, findings = load_rules(rule_files(Path(path)))
        if any(finding.level == "error" for finding in findings):
            raise ConfigError(findings)
        return cls(make_policy(rules, {}, "", make_index))

    @property
    def rules(self) -> Sequence[Rule]:
        """In the order in which they are judged."""
        return self._policy.rules

    def match(self, event: Event) -> list[Match]:
        """Every rule that wants the event, in order; those in ``mode: shadow`` too.

        A filter that fails on the event does not match; nothing is raised.
        """
        return list(self._policy.judge(event).matches)
