"""The tree of routes to rules in a row.

Alertmanager goes down the tree: of the routes of one level the first that matches takes an alert, further
ones only after ``continue: true``, and a route itself takes what none of its children took. In a row:
children stand before their parent, and ``stop`` ends the search. Where ``stop`` would end too much
(``continue``), or cannot (a receiver that tells nobody is a rule in shadow), later rules say in their
filter what they leave out.
"""

from dataclasses import dataclass, field

from router.config.alertmanager.matchers import Matcher, all_of, apart, implied, labels, not_all_of, parse
from router.config.alertmanager.source import Source
from router.config.yaml import Way, listed, mapping
from router.core.filter import Filter
from router.errors import RouterError

_TIMES = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}
_SEVERITIES = {
    "critical": "critical",
    "page": "critical",
    "warning": "warning",
    "info": "info",
    "none": "info",
}


@dataclass
class Route:
    """One node; what it does not say itself is its parent's.

    Args:
        silent: its receiver tells nobody.
        is_broken: a matcher could not be read, so it and all below it take nothing.
    """

    way: Way
    receiver: str
    times: dict[str, str]
    group_by: list[str]
    own: list[Matcher] = field(default_factory=list[Matcher])
    goes_on: bool = False
    silent: bool = False
    is_broken: bool = False
    parent: "Route | None" = None
    children: "list[Route]" = field(default_factory=lambda: list[Route]())
    mutes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    name: str = ""

    def path(self) -> "list[Route]":
        """From below the root to itself."""
        return [*self.parent.path(), self] if self.parent else []

    def matchers(self) -> list[Matcher]:
        """All that an alert must meet."""
        return [matcher for route in self.path() for matcher in route.own]

    @property
    def stops(self) -> bool:
        """Whether nothing further is looked for when it took an alert."""
        return not self.silent and not any(route.goes_on for route in self.path())

    def _seals(self) -> bool:
        """Whether each alert that matches it ends at a rule that stops."""
        return self.stops and all(child._seals() for child in self.children)

    def _before(self) -> "list[Route]":
        """Those that take an alert away from it, if they match it."""
        return [
            other
            for route in self.path()
            for other in (route.parent.children[: route.parent.children.index(route)] if route.parent else [])
            if not other.goes_on and not other.is_broken
        ]

    @property
    def is_reached(self) -> bool:
        """Whether alerts come to it, or to routes below it: in Alertmanager, too."""
        own = self.matchers()
        return not apart(own, own) and not any(implied(other.own, own) for other in self._before())

    @property
    def is_passed(self) -> bool:
        """Whether the routes below it take all its alerts."""
        return any(implied(child.own, self.matchers()) for child in self.children if not child.is_broken)

    def filters(self) -> list[str]:
        """What its rule's ``when`` is made of."""
        own = self.matchers()
        left_out = [
            [matcher for matcher in other.own if not implied([matcher], own)]
            for other in [*self._before(), *self.children]
            if not other._seals() and not other.is_broken and not apart([*own, *other.own], other.own)
        ]
        return all_of(own) + list(dict.fromkeys(not_all_of(matchers) for matchers in left_out))

    def severity(self) -> str:
        """By the value of ``severity`` that it asks for."""
        asked = [one.value for one in self.matchers() if one.label == "severity" and one.operator == "="]
        return _SEVERITIES.get(asked[-1].lower(), "warning") if asked else "warning"

    def group_filters(self) -> list[str]:
        """``group_by`` in our words; one group for all is a text that is always the same."""
        if self.group_by == ["..."]:
            return ["..."]
        return [labels(name) for name in self.group_by] or [f"'{self.name}'"]


def read_routes(source: Source, silent: set[str]) -> list[Route]:
    """All routes, in the order of their rules: the root last."""
    found: list[Route] = []
    _read(source, ("route",), None, silent, found)
    return found


def _read(source: Source, way: Way, parent: Route | None, silent: set[str], found: list[Route]) -> None:
    route = _route(source, way, parent, silent)
    if parent is not None:
        parent.children.append(route)
    if route.is_broken:
        return
    for number in range(len(listed(source.at(*way, "routes")))):
        _read(source, (*way, "routes", number), route, silent, found)
    found.append(route)


def _route(source: Source, way: Way, parent: Route | None, silent: set[str]) -> Route:
    keys = mapping(source.at(*way))
    receiver = source.text(*way, "receiver") or (parent.receiver if parent else "")
    above = parent.times if parent else _TIMES
    times = {name: source.duration(*way, name) or above[name] for name in _TIMES}
    # An empty list says nothing in Alertmanager: what is above it holds.
    grouped = source.texts(*way, "group_by") or (parent.group_by if parent else [])
    if "group_by" in keys:
        source.take(*way, "group_by")
    route = Route(way, receiver, times, ["..."] if "..." in grouped else grouped, parent=parent)
    route.silent = receiver in silent
    if parent is not None:
        route.goes_on = source.flag(*way, "continue") is True
        route.own = _matchers(source, way, "", route)
        for name in ("mute_time_intervals", "active_time_intervals"):
            route.mutes[name] = source.texts(*way, name)
    return route


def _matchers(source: Source, way: Way, prefix: str, route: Route | None) -> list[Matcher]:
    found = read_matchers(source, way, prefix)
    if found is None and route is not None:
        route.is_broken = True
    return found or []


def read_matchers(source: Source, way: Way, prefix: str = "") -> list[Matcher] | None:
    """Matchers in all their forms (``matchers``, ``match``, ``match_re``); None if one cannot be read."""
    found: list[Matcher] = []
    for key, operator in ((f"{prefix}match", "="), (f"{prefix}match_re", "=~")):
        for label in mapping(source.at(*way, key)):
            found.append(Matcher(label, operator, source.text(*way, key, label)))
    key = f"{prefix}matchers"
    for number, written in enumerate(source.texts(*way, key)):
        try:
            found += parse(written)
        except ValueError:
            source.lose((*way, key, number), "is no matcher; what hangs on it is not carried over")
            return None
    return found if _all_work(source, way, found) else None


def _all_work(source: Source, way: Way, matchers: list[Matcher]) -> bool:
    try:
        for matcher in matchers:
            # What fails on an alert fails on each: a pattern that is none.
            if (judged := Filter(matcher.filter()).judge({"labels": {matcher.label: "x"}})).error:
                raise RouterError("usage", str(judged.error))
    except RouterError:
        source.lose(way, "a matcher is beyond the bounds of a filter; what hangs on it is not carried over")
        return False
    return True
