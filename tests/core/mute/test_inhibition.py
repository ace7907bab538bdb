"""What makes an alert superfluous."""

from dataclasses import replace
from typing import Any

import pytest

from router.core.alert import Alert, AlertState, opened
from router.core.event import Event
from router.core.filter import Filter
from router.core.key import place_of
from router.core.mute.inhibition import equal_values, inhibited_values
from router.core.rule import Inhibition, Match, Rule

BY = Inhibition("jobs", (Filter("JobId"), Filter("Region")))


def job(**data: Any) -> Alert:
    """An alert of the rule that inhibits."""
    event, rule = Event("e", "batch", 0, data, 0), Rule("jobs", None)
    return opened(Match(rule, event), place_of(rule, event), "p", 0)


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ({"JobId": "j", "Region": "r"}, {"JobId": "j", "Region": "r"}, True),
        ({"JobId": "j", "Region": "r"}, {"JobId": "k", "Region": "r"}, False),
        ({"JobId": "j", "Region": "r"}, {"JobId": "j"}, False),
        ({"JobId": "j"}, {"JobId": "j", "Region": "r"}, False),
        ({"JobId": "j"}, {"JobId": "j"}, False),
        ({"JobId": "j", "Region": ""}, {"JobId": "j", "Region": ""}, False),
        ({"JobId": "j", "Region": None}, {"JobId": "j", "Region": None}, False),
    ],
)
def test_all_values_are_equal_and_null_equals_nothing(
    theirs: dict[str, Any], ours: dict[str, Any], expected: bool
) -> None:
    """Missing, null and empty are no values that two alerts could share."""
    values = equal_values(BY, ours)
    assert (values is not None and inhibited_values(job(**theirs), theirs, BY) == values) is expected


def test_without_expressions_any_alert_of_the_rule_inhibits() -> None:
    """As in Alertmanager, where equal is empty."""
    by = Inhibition("jobs")
    assert equal_values(by, {}) == ()
    assert inhibited_values(job(), {}, by) == ()
    assert inhibited_values(job(), {}, Inhibition("others")) is None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (AlertState.PENDING, False),
        (AlertState.FIRING, True),
        (AlertState.ACKNOWLEDGED, True),
        (AlertState.RESOLVED, False),
        (AlertState.HEALED, False),
    ],
)
def test_an_alert_inhibits_while_it_is_open(state: AlertState, expected: bool) -> None:
    """Firing or seen, also when it is muted itself; never in shadow."""
    data = {"JobId": "j", "Region": "r"}
    alert = replace(job(**data), state=state)
    for one in (alert, replace(alert, muted_by="silenced")):
        assert inhibited_values(one, data, BY) == (("j", "r") if expected else None)
    assert inhibited_values(replace(alert, shadow=True), data, BY) is None
