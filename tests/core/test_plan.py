"""Plans: what is told alike, moved, added and removed, and when a plan is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.delivery import SECOND
from router.core.group import Reason
from router.core.message import Message
from router.core.plan import Condition, compare, difference
from router.core.telling import Telling
from router.errors import RouterError

HOUR = 3_600 * SECOND
DAY = 24 * HOUR


def telling(
    at: int = 0,
    channel: str = "oncall",
    rule: str = "failed",
    group: str = "[1]",
    body: str = "",
    severity: str = "warning",
    html: str = "",
) -> Telling:
    """One message."""
    message = Message("it failed", body, html, severity)
    return Telling(at, channel, "webhook", rule, Reason.FIRST, group, message)


TELLINGS = st.lists(
    st.builds(
        telling,
        st.integers(0, 3).map(lambda hours: hours * HOUR),
        st.sampled_from(["oncall", "team"]),
        st.sampled_from(["failed", "slow"]),
        st.sampled_from(["[1]", "[2]"]),
        st.sampled_from(["exit code 1", "exit code 2"]),
    ),
    max_size=12,
).map(lambda some: sorted(some, key=lambda one: one.at))


@given(TELLINGS, TELLINGS)
def test_everything_is_counted_once(old: list[Telling], new: list[Telling]) -> None:
    """Each old one is kept, moved, changed or removed, each new one the same or added; the rows add up."""
    found = compare(old, new, 0, DAY)
    both = found.kept + len(found.moved) + len(found.changed)
    assert (both + len(found.removed), both + len(found.added)) == (len(old), len(new))
    for rows in (found.by_rule(), found.by_channel()):
        assert sum(row.before for row in rows) == len(old)
        assert sum(row.after for row in rows) == len(new)
        assert sum(row.added for row in rows) == len(found.added)
        assert sum(row.removed for row in rows) == len(found.removed)
        assert sum(row.moved for row in rows) == len(found.moved)
        assert sum(row.changed for row in rows) == len(found.changed)


@given(TELLINGS)
def test_the_same_is_kept_whole(told: list[Telling]) -> None:
    """And no hour differs."""
    found = compare(told, told, 0, DAY)
    assert (found.kept, found.added, found.removed, found.moved, found.changed) == (len(told), (), (), (), ())
    assert found.by_hour() == []


@pytest.mark.parametrize(
    "new",
    [telling(at=HOUR), telling(channel="team"), telling(rule="slow")],
    ids=["later", "on another channel", "by another rule"],
)
def test_the_same_news_of_a_group_is_moved(new: Telling) -> None:
    """Its rule tells it at another time or elsewhere, or another rule tells it then."""
    found = compare([telling()], [new], 0, DAY)
    assert [(move.old, move.new) for move in found.moved] == [(telling(), new)]
    [(hour, row)] = found.by_hour()[-1:]
    assert (hour, row.moved) == (new.at, 1)


@pytest.mark.parametrize(
    ("new", "lines"),
    [
        (telling(body="-- line 1\nline 3"), ["-line 2", "+line 3"]),
        (telling(body="line 2"), ["--- line 1"]),
        (
            telling(body="-- line 1\nline 2", severity="critical"),
            ["-severity: warning", "+severity: critical"],
        ),
        (telling(body="-- line 1\nline 2", html="<b>"), ["+<b>"]),
    ],
)
def test_the_same_with_another_text_is_changed(new: Telling, lines: list[str]) -> None:
    """And the difference is what went and what came, line by line."""
    old = telling(body="-- line 1\nline 2")
    found = compare([old], [new], 0, DAY)
    assert (found.kept, [(one.old, one.new) for one in found.changed]) == (0, [(old, new)])
    assert [row.changed for _, row in found.by_hour()] == [1]
    assert difference(found.changed[0]) == lines


def test_other_news_is_added_and_removed() -> None:
    """Another group, or another rule at another time."""
    for new in (telling(group="[2]"), telling(at=HOUR, rule="slow")):
        found = compare([telling()], [new], 0, DAY)
        assert (found.added, found.removed, found.moved) == ((new,), (telling(),), ())


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("removed > 0", True),
        ("added > 0", False),
        ("changed > 0", False),
        ("removed > 0 || per_day > 50", True),
        ("per_day > 0.4 && after == 1", True),
        ("per_day > `0.6`", False),
        ("kept + 1", None),
        ("removed >", None),
        ("removd > 0", None),
        ("contains(removed, '1')", None),
    ],
)
def test_a_condition_names_numbers(text: str, refused: bool | None) -> None:
    """With or without backticks; what is no condition, or would never hold, is refused."""
    found = compare([telling(), telling(group="[2]")], [telling()], 0, 2 * DAY)
    if refused is not None:
        assert Condition(text).holds(found) is refused
        return
    with pytest.raises(RouterError, match="--fail-if"):
        Condition(text).holds(found)
