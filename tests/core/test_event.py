"""Ids of ours."""

from router.core.event import beside, digest_id, timed_id

SECOND = 1_000_000


def test_ids_stand_in_the_order_of_their_times() -> None:
    """Whatever they are of; all ids of ours are equally long."""
    made = [timed_id("e", at * SECOND, f"text {at}") for at in range(1_800_000_000, 1_800_000_300)]
    assert made == sorted(made)
    assert {len(one) for one in made} == {len(digest_id("e", "text"))}


def test_what_follows_from_something_stands_beside_it() -> None:
    """It has the same time in front, and is another one for each text."""
    first = timed_id("a", 1_800_000_000 * SECOND, "alert")
    group, other = beside("g", first, "oncall"), beside("g", first, "mail")
    assert group[2:10] == other[2:10] == first[2:10]
    assert group != other
    assert len(group) == len(first)


def test_a_time_that_no_clock_has_makes_an_id_too() -> None:
    """Before 1970 or after 2106 only the order is lost."""
    assert {len(timed_id("e", at, "x")) for at in (-1, 2**62)} == {26}
