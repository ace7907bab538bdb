"""The index against judging each rule in turn: same matches, order, failures, words."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.event import Event
from router.core.index import choice, make_index, narrowing
from router.core.policy import PlainLoop
from router.core.rule import Rule
from tests.core.index.strategies import earlier_sources, events, rule_sets


@pytest.mark.parametrize(
    ("few", "many"),
    [(choice.FEW, narrowing.MANY), (0, 1000), (0, 1), (1000, 2)],
    ids=["as shipped", "tables for everything", "a scan in every bucket", "scans for texts and order"],
)
@given(rule_sets, st.lists(st.tuples(events, earlier_sources), min_size=5, max_size=10))
@settings(max_examples=80, deadline=None)
def test_the_index_changes_nothing(
    few: int, many: int, rules: tuple[Rule, ...], received: list[tuple[Event, frozenset[str] | None]]
) -> None:
    """Random rules with every kind of clue, mode, source, stop, catch_all; events that fit or do not."""
    with patch.object(choice, "FEW", few), patch.object(narrowing, "MANY", many):
        index = make_index(rules)
    for event, came_from in received:
        assert index.judge(event, came_from) == PlainLoop(rules).judge(event, came_from)
