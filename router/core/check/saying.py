"""Words for kinds of events and types of values."""

from collections.abc import Iterable, Sequence

from router.core.catalogue import EVENTS
from router.core.check.kinds import Kind

_FAMILIES = {"OnJob": "job events", "OnTask": "task events", "OnInstance": "instance events"}
_ARTICLES = {"null": "null", "array": "an array", "object": "an object"}


def listed(words: Sequence[str], joint: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"


def kinds_said(kinds: Iterable[Kind]) -> str:
    """``OnJobFailed``; ``task events and instance events``; ``OnJobFailed, OnTaskFailed and 3 more``."""
    left = list(dict.fromkeys(kind.name for kind in kinds))
    if set(left) == set(EVENTS):
        return "all events"
    said: list[str] = []
    for family, members in _members().items():
        if len(members) > 1 and set(members) <= set(left):
            said.append(family)
            left = [name for name in left if name not in members]
    shown = left if len(left) <= 3 else [*left[:2], f"{len(left) - 2} more"]
    return listed([*said, *shown])


def lacking_said(kinds: Sequence[Kind], name: str) -> str:
    """``OnJobFailed has no ExitCode``."""
    return f"{kinds_said(kinds)} {'has' if len({kind.name for kind in kinds}) == 1 else 'have'} no {name}"


def _members() -> dict[str, list[str]]:
    """The catalogue's events by family."""
    families: dict[str, list[str]] = {}
    for event in EVENTS.values():
        word = next((said for start, said in _FAMILIES.items() if event.name.startswith(start)), event.name)
        family = "cluster events" if event.category == "Cluster" else word
        families.setdefault(family, []).append(event.name)
    return families


def types_said(types: Iterable[str]) -> str:
    """``a number or null``."""
    ordered = sorted(types, key=lambda name: (name == "null", name))
    return listed([_ARTICLES.get(name, f"a {name}") for name in ordered], "or")
