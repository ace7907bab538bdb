"""The catalogue of Batch Compute's events."""

import json
import subprocess
import sys
from collections.abc import Iterable

import pytest
from pydantic import ValidationError

from router.core.catalogue import EVENTS, FIELDS, JOB, NUMBERS, TIMES, FieldType
from router.core.catalogue.values import read_number, read_time

ALL = pytest.mark.parametrize("name", EVENTS)

# As the producer's page lists them.
DOCUMENTED = """
OnClusterDeleted OnInstanceCreated OnInstanceActive
OnJobWaiting OnJobRunning OnJobStopped OnJobFinished OnJobFailed
OnTaskWaiting OnTaskRunning OnTaskStopped OnTaskFinished OnTaskFailed
OnInstanceWaiting OnInstanceRunning OnInstanceStopped OnInstanceFinished OnInstanceFailed
OnPriorityChange
"""


def of_category(category: str) -> set[str]:
    return {event.name for event in EVENTS.values() if event.category == category}


def test_all_documented_events_are_known() -> None:
    """The 19 events of the producer's page, in its order, and no other."""
    assert list(EVENTS) == DOCUMENTED.split()


@ALL
def test_a_sample_has_the_declared_fields(name: str) -> None:
    """Sample and declaration agree on the fields, their order, and the known words."""
    event, sample = EVENTS[name], EVENTS[name].sample()
    assert list(sample) == list(event.fields)
    for field in event.fields.values():
        assert not field.known or sample[field.name] in field.known


@ALL
def test_a_model_takes_its_sample_as_sent_and_as_decoded(name: str) -> None:
    """Numbers may be text or integers; both make the same model."""
    model, sample = EVENTS[name].model(), EVENTS[name].sample()
    decoded = {field: read_number(text) if field in NUMBERS else text for field, text in sample.items()}
    assert model.model_validate(sample) == model.model_validate(decoded)


@ALL
def test_empty_numbers_and_times_are_null(name: str) -> None:
    """Every number and time of every event may be empty."""
    event = EVENTS[name]
    empty = {field: "" for field, kind in event.fields.items() if kind.nullable}
    model = event.model().model_validate(event.sample() | empty)
    assert all(value is None for field, value in model if field in empty)


@ALL
def test_the_schema_says_what_fields_hold(name: str) -> None:
    """A schema lists every field with its type, names the one event, and allows further fields."""
    event, schema = EVENTS[name], EVENTS[name].schema()
    assert schema["title"] == name
    assert schema["additionalProperties"] is True
    assert list(schema["properties"]) == [*event.fields, *([JOB] if event.has_job else [])]
    assert schema["required"] == list(event.fields)
    assert schema["properties"]["Event"]["const"] == name
    for field in event.fields.values():
        said = schema["properties"][field.name]
        assert ({"type": "null"} in said.get("anyOf", [])) == field.nullable
        assert ({"type": "integer"} in said.get("anyOf", [])) == (field.type is FieldType.NUMBER)
    json.dumps(schema)


def test_models_keep_what_they_do_not_know() -> None:
    """An unknown field stays, an undocumented state is taken, another event's name is not."""
    failed = EVENTS["OnJobFailed"]
    model = failed.model().model_validate(failed.sample() | {"Region": "cn-hangzhou", "State": "Init"})
    assert model.model_extra == {"Region": "cn-hangzhou"}
    with pytest.raises(ValidationError):
        failed.model().model_validate(EVENTS["OnJobFinished"].sample())


def test_two_families_of_instance_events() -> None:
    """A cluster's virtual machines and a job's instances share a prefix and nothing else."""
    assert of_category("Cluster") == {"OnClusterDeleted", "OnInstanceCreated", "OnInstanceActive"}
    assert EVENTS["OnInstanceCreated"].key == ("ClusterId", "InstanceId")
    assert EVENTS["OnInstanceFailed"].key == ("JobId", "Task", "InstanceId")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("OnJobFailed", ("JobId",)),
        ("OnPriorityChange", ("JobId",)),
        ("OnTaskFailed", ("JobId", "Task")),
        ("OnClusterDeleted", ("ClusterId",)),
    ],
)
def test_the_default_key_is_what_the_event_is_about(name: str, key: tuple[str, ...]) -> None:
    """The keys of the rule language, and the field that groups by default."""
    assert EVENTS[name].key == key
    assert EVENTS[name].group_by == key[0]


def test_fields_by_type() -> None:
    """The five numbers and the three times; an instance's id is no number."""
    assert set(NUMBERS) == {"ExitCode", "RetryCount", "Progress", "From", "To"}
    assert set(TIMES) == {"CreationTime", "StartTime", "EndTime"}
    assert FIELDS["InstanceId"].type is FieldType.ID


def test_only_states_and_texts_are_open() -> None:
    """A name has its known words and no other; a state may have others."""
    fields = EVENTS["OnJobFailed"].fields
    assert not fields["Event"].open
    assert not fields["Category"].open
    assert fields["State"].open
    assert fields["State"].known == ("Failed",)
    assert set(EVENTS["OnPriorityChange"].fields["State"].known) >= {"Stopped", "Failed"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("137", 137),
        ("-9", -9),
        ("+5", 5),
        ("007", 7),
        (" 42\n", 42),
        ("", None),
        ("  ", None),
        ("137.0", 137),
        ("1e3", 1000),
        ("37.5", 37.5),
        (137, 137),
        (137.0, 137),
        (0.5, 0.5),
        (None, None),
    ],
)
def test_numbers_are_read_from_numbers_and_texts(text: object, number: object) -> None:
    """Whole numbers become integers, an empty text null."""
    read = read_number(text)
    assert read == number
    assert type(read) is type(number)


@pytest.mark.parametrize(
    "text", ["n/a", "0x10", "1_000", "१३", "NaN", "inf", "1" * 19, "1e999", "--1", "1,5", "²", True, [], {}]
)
def test_what_is_no_number_stays(text: object) -> None:
    """Whatever Python would read as a number and JSON would not, stays as it came."""
    assert read_number(text) is text


def test_an_empty_time_is_null() -> None:
    """A time stays text; an empty one says nothing."""
    assert read_time("") is None
    assert read_time("2016-11-01T15:25:02.837728Z") == "2016-11-01T15:25:02.837728Z"


def modules_after(statement: str) -> Iterable[str]:
    ran = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return ran.stdout.split()


def test_the_catalogue_needs_no_pydantic_until_a_model_is_asked_for() -> None:
    """Programs that only decode do not pay 12 MB for models."""
    assert "pydantic" not in modules_after("import router.core.catalogue, router.decoders")
