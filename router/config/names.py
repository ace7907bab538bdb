"""What names what: unknown names, names that stand twice, circles. All of it is ``C401``."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from router.config.faults import near
from router.config.rule_file import Written
from router.config.yaml import Document, Way, listed, mapping
from router.core.text import KINDS
from router.errors import Finding, Place


@dataclass(frozen=True, slots=True)
class Known:
    """The names that router.yaml gives, also where something else is wrong with it."""

    channels: Set[str]
    sources: Set[str]
    intervals: Set[str]

    @classmethod
    def of(cls, whole: Mapping[str, Any]) -> "Known":
        """The names in router.yaml as it is written."""
        named = (mapping(_under(whole, key)).keys() for key in ("channels", "sources", "time_intervals"))
        return cls(*map(frozenset[str], named))


def _under(whole: Mapping[str, Any], key: str) -> Any:
    """What stands under a key; also one that is misspelt, which is a finding of its own."""
    if key in whole:
        return whole[key]
    others = [other for other in whole if isinstance(whole[other], Mapping)]
    return next((whole[other] for other in difflib.get_close_matches(key, others, 1, 0.8)), None)


def doubles(rules: Iterable[Written]) -> list[Finding]:
    """Rules whose name another one had before."""
    first: dict[str, Place] = {}
    findings: list[Finding] = []
    for rule in rules:
        if rule.name and rule.name in first:
            findings.append(rule.fault("C401", f"its name stands at {first[rule.name]} too", "name"))
        elif rule.name:
            first[rule.name] = rule.place("name")
    return findings


def unknown(written: Sequence[Written], known: Known) -> list[Finding]:
    """Names in rules that nothing has."""
    rules = frozenset(one.name for one in written)
    return [finding for one in written for finding in _unknown(one, known, rules)]


def _unknown(one: Written, known: Known, rules: Set[str]) -> Iterator[Finding]:
    keys = one.keys
    yield from _none(one, "channel", keys.get("to"), known.channels, "to")
    yield from _none(one, "source", keys.get("from"), known.sources, "from")
    for key in ("mute_time_intervals", "active_time_intervals"):
        yield from _none(one, "time interval", keys.get(key), known.intervals, key)
    for number, step in enumerate(listed(keys.get("escalate"))):
        yield from _none(one, "channel", mapping(step).get("to"), known.channels, "escalate", number, "to")
    for number, step in enumerate(listed(keys.get("inhibited_by"))):
        yield from _no(one, "rule", mapping(step).get("rule"), rules, "inhibited_by", number, "rule")
    yield from _in_tests(one, known)
    names = known.channels | KINDS.keys()
    for name in mapping(keys.get("formats")):
        if name not in names:
            said = f"formats: no channel and no kind of channel is named {name}"
            place, fix = one.document.key_place((*one.way, "formats", name)), near(name, names)
            yield Finding("C401", "error", place, f"{one.subject}: {said}", fix)


def _in_tests(one: Written, known: Known) -> Iterator[Finding]:
    """What is given on another channel, or from another source, would try nothing, and pass."""
    for place, test in enumerate(listed(one.keys.get("tests"))):
        for number, given in enumerate(listed(mapping(test).get("given"))):
            way = ("tests", place, "given", number)
            channel = mapping(mapping(given).get("channel")).get("name")
            yield from _no(one, "channel", channel, known.channels, *way, "channel", "name")
            yield from _no(one, "source", mapping(given).get("source"), known.sources, *way, "source")


def _none(one: Written, noun: str, names: Any, known: Set[str], *way: str | int) -> Iterator[Finding]:
    for number, name in enumerate(listed(names)):
        yield from _no(one, noun, name, known, *way, number)


def _no(one: Written, noun: str, name: Any, known: Set[str], *way: str | int) -> Iterator[Finding]:
    if isinstance(name, str) and name not in known:
        yield one.fault("C401", f"no {noun} is named {name}", *way, fix=near(name, known))


def inhibition_circles(written: Iterable[Written]) -> list[Finding]:
    """Rules that would keep one another silent."""
    named = {one.name: one for one in written if one.name}
    by = {
        name: _texts(mapping(step).get("rule") for step in listed(one.keys.get("inhibited_by")))
        for name, one in named.items()
    }
    return [
        named[circle[0]].fault("C401", f"inhibited_by goes in a circle: {' → '.join(circle)}", "inhibited_by")
        for circle in circles(by)
    ]


def fallbacks(document: Document, whole: Any) -> list[Finding]:
    """Fallbacks that nothing has, and those that go in a circle.

    Args:
        whole: the document's value, expanded.
    """
    channels = mapping(mapping(whole).get("channels"))
    as_written = mapping(mapping(document.value).get("channels"))
    by = {name: _texts([mapping(keys).get("fallback")]) for name, keys in channels.items()}
    unknown = {name: one for name, named in by.items() for one in named if one not in channels}
    return [
        _at(
            document,
            name,
            f"channels.{name}.fallback: no channel is named {as_written[name]['fallback']}",
            near(one, channels),
        )
        for name, one in unknown.items()
    ] + [
        _at(document, circle[0], f"the fallbacks go in a circle: {' → '.join(circle)}")
        for circle in circles(by)
    ]


def drilled(document: Document, whole: Any) -> list[Finding]:
    """A channel for drills that nothing has."""
    known = mapping(_under(mapping(whole), "channels"))
    name = mapping(mapping(whole).get("drill")).get("channel")
    if not isinstance(name, str) or name in known:
        return []
    said = f"drill.channel: no channel is named {name}"
    return [Finding("C401", "error", document.place(("drill", "channel")), said, near(name, known))]


def _texts(names: Iterable[Any]) -> list[str]:
    return [name for name in names if isinstance(name, str)]


def _at(document: Document, channel: str, said: str, fix: str = "") -> Finding:
    way: Way = ("channels", channel, "fallback")
    return Finding("C401", "error", document.place(way), said, fix)


def circles(by: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Ways that lead back to where they began, each once: ``[a, b, a]``."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in by:
        way: list[tuple[str, Iterator[str]]] = [(start, iter(by[start]))]
        while way and start not in done:
            name = next(way[-1][1], None)
            on_way = [step for step, _ in way]
            if name is None:
                done.add(way.pop()[0])
            elif name in on_way:
                found.append([*on_way[on_way.index(name) :], name])
            elif name in by and name not in done:
                way.append((name, iter(by[name])))
    return found
