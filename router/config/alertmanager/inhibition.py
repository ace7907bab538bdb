"""``inhibit_rules`` to ``inhibited_by``: only where a rule takes nothing but what is meant.

So an alert is never held back that Alertmanager would have told; what is told too much is listed.
"""

from collections.abc import Iterable

from router.config.alertmanager.matchers import Matcher, labels
from router.config.alertmanager.routes import Route, read_matchers
from router.config.alertmanager.source import Source
from router.config.names import circles
from router.config.yaml import listed

#: By a rule's name: the rules that inhibit it, and what must be equal.
Inhibited = dict[str, list[tuple[str, list[str]]]]


def read_inhibition(source: Source, routes: list[Route]) -> Inhibited:
    """What inhibits what."""
    found: Inhibited = {route.name: [] for route in routes}
    for number in range(len(listed(source.at("inhibit_rules")))):
        way = ("inhibit_rules", number)
        equal = [labels(name) for name in source.texts(*way, "equal")]
        source.take(*way, "name")
        strong = read_matchers(source, way, "source_")
        weak = read_matchers(source, way, "target_")
        if strong is None or weak is None:
            continue
        by = [route for route in routes if _within(route, strong) and not route.silent]
        targets = [route for route in routes if _within(route, weak)]
        pairs = [(one, other) for one in targets for other in by if one is not other]
        made = [pair for pair in pairs if _add(found, *pair, equal)]
        whole = all(_within(r, strong) or _apart(r, strong) for r in routes) and all(
            _within(r, weak) or _apart(r, weak) for r in routes
        )
        if not made:
            source.lose(way, "is not carried over: no two rules take just its sources and its targets")
        elif not whole or len(made) < len(targets) * len(by):
            source.lose(
                way, "is carried over in part: other rules take such alerts too, or it goes in a circle"
            )
    return found


def _within(route: Route, matchers: Iterable[Matcher]) -> bool:
    """Whether all that its rule takes meets the matchers."""
    return set(matchers) <= set(route.matchers())


def _apart(route: Route, matchers: list[Matcher]) -> bool:
    """Whether nothing that its rule takes meets the matchers."""
    return any(one.excludes(other) for one in route.matchers() for other in matchers)


def _add(found: Inhibited, target: Route, by: Route, equal: list[str]) -> bool:
    """Adds it unless it would close a circle."""
    before = found[target.name]
    if (by.name, equal) in before:
        return True
    found[target.name] = [*before, (by.name, equal)]
    if circles({name: [other for other, _ in several] for name, several in found.items()}):
        found[target.name] = before
        return False
    return True
