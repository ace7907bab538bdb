"""The index over all rules of a policy."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from router.core.event import Event
from router.core.index.narrowing import Narrowing, Positioned
from router.core.policy import RuleIndex, judge_in_turn, wants_source
from router.core.rule import Judgement, Rule

_NOTHING = Judgement()


class _Set(NamedTuple):
    """Rules with the same ``from``.

    Args:
        one: any of them.
        always: positions of those without a filter.
    """

    one: Rule
    always: list[int]
    narrowing: Narrowing


class NarrowedRules:
    """Judges only the rules that may hold for an event or fail on it; the result is that of judging all.

    Args:
        rules: in judged order.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        by_source: dict[frozenset[str] | None, list[int]] = defaultdict(list)
        for at, rule in enumerate(rules):
            if rule.mode != "off":
                by_source[rule.sources].append(at)
        self._sets = [_set(rules, positions) for positions in by_source.values()]

    def judge(self, event: Event, came_from: frozenset[str] | None) -> Judgement:
        """See :meth:`router.core.policy.Policy.judge`."""
        found: list[int] = []
        for one, always, narrowing in self._sets:
            if wants_source(one, event.source, came_from):
                found += always
                narrowing.find(event.data, found)
        if not found:
            return _NOTHING
        return judge_in_turn(self._in_order(found), event, came_from)

    def _in_order(self, found: list[int]) -> Sequence[Rule]:
        if len(found) == 1:
            return (self._rules[found[0]],)
        return [self._rules[at] for at in sorted(set(found))]


def _set(rules: Sequence[Rule], positions: list[int]) -> _Set:
    always = [at for at in positions if rules[at].when is None]
    filters: list[Positioned] = [(at, when) for at in positions if (when := rules[at].when) is not None]
    return _Set(rules[positions[0]], always, Narrowing(filters))


def make_index(rules: Sequence[Rule]) -> RuleIndex:
    """The index that a policy of these rules, in judged order, should use."""
    return NarrowedRules(rules)
