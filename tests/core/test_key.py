"""Keys: what makes two events the same trouble, and what ends it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.core import key as keys
from router.core.catalogue import EVENTS
from router.core.event import Event
from router.core.filter import Filter
from router.core.key import Key
from router.core.rule import Count, Rule

#: Fields that stand together in events.
PARTS = (("JobId", "Task", "InstanceId"), ("ClusterId", "InstanceId"), ("host", "service", "check"))
FIELDS = sorted({part for parts in PARTS for part in parts})
INSTANCE = {"Event": "OnInstanceFailed", "JobId": "j", "Task": "Echo", "InstanceId": "0"}


def event(**data: Any) -> Event:
    """An event with these fields."""
    return Event("e-1", "hook", 0, data, 0)


def rule(**keys: Any) -> Rule:
    """A rule that matches everything."""
    return Rule("r", None, **keys)


def test_the_default_key_is_the_thing_that_the_event_is_about() -> None:
    """An instance is known by its job, task and number."""
    assert keys.key_of(rule(), event(**INSTANCE)) == Key(("JobId", "Task", "InstanceId"), ("j", "Echo", "0"))


def test_an_event_of_another_source_is_a_trouble_of_its_own() -> None:
    """Its key is its id."""
    assert keys.key_of(rule(), event(type="order", id="o")) == Key((), ("e-1",))


def test_with_count_the_default_key_is_the_job_or_the_cluster() -> None:
    """Instances of one job are counted together."""
    counting = rule(count=Count(5, 60))
    assert keys.key_of(counting, event(**INSTANCE)) == Key(("JobId",), ("j",))
    assert keys.key_of(counting, event(ClusterId="c")) == Key(("ClusterId",), ("c",))


def test_missing_null_and_empty_name_no_trouble() -> None:
    """Such an event is its own alert, whichever part is missing."""
    two = rule(key=(Filter("a"), Filter("b")))
    for data in ({"a": 1}, {"a": 1, "b": None}, {"a": 1, "b": ""}):
        assert keys.key_of(two, event(**data)) == Key((), ("e-1",))


def test_zero_and_false_are_values() -> None:
    """Only null and the empty text name nothing."""
    two = rule(key=(Filter("a"), Filter("b")))
    assert keys.key_of(two, event(a=0, b=False)).values == (0, False)


def test_group_by_with_some_null_still_groups() -> None:
    """Only where all of group_by is null the default grouping holds."""
    grouped = rule(group_by=(Filter("a"), Filter("b")))
    assert keys.group_key_of(grouped, event(b=1, JobId="j")) == Key(("a", "b"), (None, 1))


def test_group_by_all_null_falls_back_to_job_then_cluster_then_alone() -> None:
    """The event's default grouping, then the alert itself."""
    grouped = rule(group_by=(Filter("a"),))
    assert keys.group_key_of(grouped, event(JobId="j", ClusterId="c")) == Key(("JobId",), ("j",))
    assert keys.group_key_of(grouped, event(ClusterId="c")) == Key(("ClusterId",), ("c",))
    assert keys.group_key_of(grouped, event()) is None


def test_group_by_nothing_tells_each_alone() -> None:
    """``['...']`` is the empty list: also where there is a job."""
    assert keys.group_key_of(rule(group_by=()), event(JobId="j")) is None


def test_groups_are_equal_when_expressions_and_values_are() -> None:
    """The same value of another expression is another group."""
    assert keys.slot("c", Key(("a",), ("x",))) == keys.slot("c", Key(("a",), ("x",)))
    assert keys.slot("c", Key(("a",), ("x",))) != keys.slot("c", Key(("b",), ("x",)))


def test_the_end_of_a_job_ends_its_instances() -> None:
    """OnJobFinished carries the JobId of their keys alone."""
    key = Key(("JobId", "Task", "InstanceId"), ("j", "Echo", "0"))
    assert keys.is_ended_by(key, event(Event="OnJobFinished", JobId="j"))
    assert not keys.is_ended_by(key, event(Event="OnJobFinished", JobId="k"))


def test_the_end_of_another_instance_ends_nothing() -> None:
    """All parts that its kind carries are compared."""
    key = Key(("JobId", "Task", "InstanceId"), ("j", "Echo", "0"))
    done = {**INSTANCE, "Event": "OnInstanceFinished"}
    assert keys.is_ended_by(key, event(**done))
    assert not keys.is_ended_by(key, event(**{**done, "InstanceId": "1"}))


def test_a_part_that_is_null_though_its_kind_carries_it_ends_nothing() -> None:
    """An instance event without its number is about no instance."""
    key = Key(("JobId", "Task", "InstanceId"), ("j", "Echo", "0"))
    assert not keys.is_ended_by(key, event(Event="OnInstanceFinished", JobId="j", Task="Echo", InstanceId=""))


def test_an_end_needs_one_part_at_least() -> None:
    """A cluster's event shares nothing with a job's key."""
    assert not keys.is_ended_by(Key(("JobId",), ("j",)), event(Event="OnClusterDeleted", ClusterId="c"))
    assert not keys.is_ended_by(Key((), ("e-9",)), event(Event="OnJobFinished", JobId="j"))


def test_an_end_is_remembered_under_a_name_that_the_key_asks_for() -> None:
    """What the end of a job leaves is found by an instance that comes later, and by no other job's."""
    remembered = set(keys.ends_of(rule(), event(Event="OnJobFinished", JobId="j")))
    key = Key(("JobId", "Task", "InstanceId"), ("j", "Echo", "0"))
    other = Key(key.parts, ("k", "Echo", "0"))
    assert remembered & set(keys.ends_for(rule(), key))
    assert not remembered & set(keys.ends_for(rule(), other))


def test_an_event_outside_the_catalogue_may_leave_out_the_last_parts() -> None:
    """The end of a host ends all of its services; one that leaves out a part before another ends nothing."""
    key = Key(("host", "service", "check"), ("h", "s", "c"))
    assert keys.is_ended_by(key, event(type="up", host="h"))
    assert keys.is_ended_by(key, event(type="up", host="h", service="s"))
    assert not keys.is_ended_by(key, event(type="up", host="h", check="c"))
    assert not keys.is_ended_by(key, event(type="up", service="s"))


VALUES = st.none() | st.sampled_from(["x", "y"])


@given(
    st.sampled_from(PARTS).flatmap(lambda some: st.lists(st.sampled_from(some), min_size=1, unique=True)),
    st.dictionaries(st.sampled_from(FIELDS), VALUES),
    st.sampled_from([*EVENTS, None]),
)
def test_what_ends_an_alert_finds_it_and_is_remembered_for_it(
    parts: list[str], fields: dict[str, str | None], kind: str | None
) -> None:
    """Whatever the order of the parts and the kind of event: by its anchor, and by a name of its ends."""
    key = Key(tuple(parts), ("x",) * len(parts))
    keyed = rule(key=tuple(Filter(part) for part in parts))
    end = event(**fields, **({"Event": kind} if kind else {"type": "other"}))
    place = keys.anchored(key.parts)
    found = keys.anchor("r", key.parts[place], key.values[place]) in keys.anchors(keyed, end)
    remembered = set(keys.ends_of(keyed, end)) & set(keys.ends_for(keyed, key))
    assert bool(remembered) == keys.is_ended_by(key, end)
    assert found or not remembered
