"""``inhibit_rules`` to ``inhibited_by``: only where a rule takes nothing but what is meant.

So an alert is never held back that Alertmanager would have told; what is told too much is listed.
"""

from collections.abc import Sequence

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
        by = [route for route in routes if _within(route, strong) and not route.silent]
        targets = [route for route in routes if _within(route, weak)]
        pairs = [(one, other) for one in targets for other in by if one is not other]
        made = [pair for pair in pairs if _add(found, *pair, equal)]
        whole = all(
            _within(route, side) or _apart(routes[:place], route, side)
            for place, route in enumerate(routes)
            for side in (strong, weak)
        )
        if not made:
            source.lose(way, "is not carried over: no two rules take just its sources and its targets", _FIX)
        elif not whole or len(made) < len(targets) * len(by):
            source.lose(
                way, "is carried over in part: other rules take such alerts too, or it goes in a circle", _FIX
            )
    return found


def _within(route: Route, matchers: list[Matcher]) -> bool:
    """Whether all that its rule takes meets the matchers."""
    return implied(matchers, route.matchers())


def _apart(before: Sequence[Route], route: Route, matchers: list[Matcher]) -> bool:
    """Whether nothing that its rule takes meets the matchers: they differ, or an earlier rule takes all."""
    taken = any(one.stops and implied(one.matchers(), matchers) for one in before)
    return taken or apart(route.matchers(), matchers)


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
