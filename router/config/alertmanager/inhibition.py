"""``inhibit_rules`` to ``inhibited_by``: only where a rule takes nothing but what is meant.

So an alert is never held back that Alertmanager would have told; what is told too much is listed.
"""

from collections.abc import Iterable, Sequence

from router.config.alertmanager.matchers import Matcher, apart, implied, labels
from router.config.alertmanager.routes import Route, read_matchers
from router.config.alertmanager.source import Source
from router.config.names import circles
from router.config.yaml import listed

_FIX = "write a rule for its sources alone and one for its targets alone, with inhibited_by"
#: By a rule's name: the rules that inhibit it, and what must be equal.
Inhibited = dict[str, list[tuple[str, list[str]]]]


def read_inhibition(source: Source, routes: list[Route]) -> Inhibited:
    """What inhibits what."""
    found: Inhibited = {route.name: [] for route in routes}
    for number in range(len(listed(source.at("inhibit_rules")))):
        way = ("inhibit_rules", number)
        # Labels that are missing on both sides are equal there; here null equals nothing.
        equal = [f"{labels(name)} || '-'" for name in source.texts(*way, "equal")]
        source.take(*way, "name")
        strong = read_matchers(source, way, "source_")
        weak = read_matchers(source, way, "target_")
        if strong is None or weak is None:
            continue
        by = [route for route in routes if _within(route, strong)]
        targets = [route for route in routes if _within(route, weak)]
        may_be_by = _names(route for route in routes if _may_take(routes, route, strong))
        may_be_targets = _names(route for route in routes if _may_take(routes, route, weak))
        # What is source and target at once is, in Alertmanager, not held back by its like.
        pairs = [
            (target, other)
            for target in targets
            for other in by
            if target.name not in may_be_by or other.name not in may_be_targets
        ]
        made = [pair for pair in pairs if not pair[1].silent and _add(found, *pair, equal)]
        if not made:
            source.lose(way, "is not carried over: no two rules take just its sources and its targets", _FIX)
        elif len(made) < len(pairs) or not (may_be_by <= _names(by) and may_be_targets <= _names(targets)):
            said = "other rules take such alerts too, tell nobody, or it goes in a circle"
            source.lose(way, f"is carried over in part: {said}", _FIX)
    return found


def _names(routes: Iterable[Route]) -> set[str]:
    return {route.name for route in routes}


def _within(route: Route, matchers: list[Matcher]) -> bool:
    """Whether all that its rule takes meets the matchers."""
    return implied(matchers, route.matchers())


def _may_take(routes: Sequence[Route], route: Route, matchers: list[Matcher]) -> bool:
    """Whether an alert that meets the matchers may be its rule's: no earlier rule takes all of them."""
    both = [*route.matchers(), *matchers]
    before = routes[: routes.index(route)]
    return not apart(both, both) and not any(one.stops and implied(one.matchers(), both) for one in before)


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
