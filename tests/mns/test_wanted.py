"""Which events the rules can use, and the block that asks for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from router.core.catalogue import EVENTS
from router.core.filter import Filter
from router.core.rule import Mode, Rule
from router.errors import RouterError
from router.mns.block import block, compare, intranet, read_events
from router.mns.wanted import can_match, wanted

INSTANCES = {name for name, event in EVENTS.items() if "ExitCode" in event.fields}
MACHINES = {name for name, event in EVENTS.items() if "Hints" in event.fields}
TASKS_AND_INSTANCES = {name for name, event in EVENTS.items() if "Task" in event.fields}
FAILED = {"OnJobFailed", "OnTaskFailed", "OnInstanceFailed", "OnPriorityChange"}


def rule(when: str | None, name: str = "r", mode: Mode = "on") -> Rule:
    return Rule(name, Filter(when) if when else None, mode=mode)


def matching(when: str) -> set[str]:
    return {name for name, event in EVENTS.items() if can_match(Filter(when), event)}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("Event == 'OnJobFailed'", {"OnJobFailed"}),
        ("Event == 'OnInstanceFailed' && ExitCode != `0`", {"OnInstanceFailed"}),
        ("contains(['OnJobFailed', 'OnJobStopped'], Event)", {"OnJobFailed", "OnJobStopped"}),
        ("Event == 'OnJobFailed' && ExitCode == `137`", set[str]()),
        ("ExitCode == `137`", INSTANCES),
        ("ExitCode > `1` && State == 'Failed'", {"OnInstanceFailed"}),
        (
            "starts_with(Event, 'OnTask') && ends_with(Event, 'ed')",
            {"OnTaskStopped", "OnTaskFailed", "OnTaskFinished"},
        ),
        (
            "Event == 'OnJobFailed' || (Category == 'Cluster' && State == 'Deleted')",
            {"OnJobFailed", "OnClusterDeleted"} | MACHINES,
        ),
        ("!(Category == 'Job') && contains(Hints, 'x')", MACHINES),
        ("Job.JobName == 'nightly'", TASKS_AND_INSTANCES),
        ("State == 'Failed'", FAILED | MACHINES),
        ("matches(JobName, '^prod-.*')", {name for name in EVENTS if "JobName" in EVENTS[name].fields}),
        ("Event", set(EVENTS)),
        ("@", set(EVENTS)),
        ("Event == 'Nothing'", set[str]()),
        ("length(Event) > `11` && Event == 'OnJobFailed'", set[str]()),
    ],
)
def test_what_a_filter_can_match(when: str, expected: set[str]) -> None:
    """Names, categories and missing fields are known beforehand; whatever hangs on another value may come."""
    assert matching(when) == expected


@pytest.mark.parametrize("name", EVENTS)
def test_no_sample_is_left_out_wrongly(name: str) -> None:
    """Whatever a filter finds in the documented sample, the analysis does not call impossible."""
    sample = EVENTS[name].sample()
    for field, value in sample.items():
        assert can_match(Filter(f"{field} == {json.dumps(value).join('``')}"), EVENTS[name])


def test_rules_of_every_mode() -> None:
    """A rule in shadow uses its events; one that is off uses none; one without filter uses all."""
    rules = [
        rule("Event == 'OnJobFailed'", "shadow", "shadow"),
        rule("Event == 'OnJobFinished'", "off", "off"),
    ]
    found = wanted(rules, "Job")
    assert found.events == ["OnJobFailed"]
    assert len(found.left_out) == 15
    assert len(wanted([rule(None)], "Cluster").events) == 3


def test_the_block_has_the_documented_form() -> None:
    """Name, Endpoint and Events under Notification.Topic."""
    made = block(wanted([rule("Event == 'OnJobFailed'")], "Job"), "events", "http://x/")
    assert made == {
        "Notification": {"Topic": {"Name": "events", "Endpoint": "http://x/", "Events": ["OnJobFailed"]}}
    }


@pytest.mark.parametrize(
    ("endpoint", "inside"),
    [
        ("https://123.mns.cn-hangzhou.aliyuncs.com", "http://123.mns.cn-hangzhou-internal.aliyuncs.com/"),
        (
            "http://123.mns.ap-southeast-1.aliyuncs.com/",
            "http://123.mns.ap-southeast-1-internal.aliyuncs.com/",
        ),
        (
            "http://123.mns.cn-hangzhou-internal.aliyuncs.com/",
            "http://123.mns.cn-hangzhou-internal.aliyuncs.com/",
        ),
        ("http://127.0.0.1:9324", "http://127.0.0.1:9324"),
    ],
)
def test_the_endpoint_inside_the_cloud(endpoint: str, inside: str) -> None:
    """Batch Compute publishes over the intranet; an address of another kind stays."""
    assert intranet(endpoint) == inside


def write(path: Path, described: Any) -> Path:
    path.write_text(json.dumps(described), encoding="utf-8")
    return path


def test_a_job_is_compared_with_the_rules(tmp_path: Path) -> None:
    """Asked for and unused, used and not asked for, no event at all, an event of the other kind."""
    names = ["OnJobFailed", "OnJobWaiting", "OnTaskFaild", "OnClusterDeleted"]
    file = write(tmp_path / "job.json", {"Notification": {"Topic": {"Events": names}}})
    rules = [rule("Event == 'OnJobFailed'"), rule("State == 'Stopped' && Task == 'Echo'", "stopped")]
    found = compare(file, read_events(file), wanted(rules, "Job"))
    assert [(finding.code, finding.message.split(" ")[0], finding.fix) for finding in found] == [
        ("N302", "OnJobWaiting", "leave it out"),
        ("N301", "'OnTaskFaild'", "did you mean OnTaskFailed?"),
        ("N301", "OnClusterDeleted", "leave it out"),
        ("N303", "OnTaskStopped", "add it"),
        ("N303", "OnInstanceStopped", "add it"),
    ]


def test_a_job_without_a_block_asks_for_nothing(tmp_path: Path) -> None:
    """Everything that is used is missing there."""
    file = write(tmp_path / "job.json", {"Name": "job"})
    assert read_events(file) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"Notification": 1}', '{"Notification": {"Topic": {"Events": ["a", 1]}}}']
)
def test_a_file_that_is_no_job(tmp_path: Path, text: str) -> None:
    """The error names the file."""
    file = tmp_path / "job.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RouterError, match=r"job\.json"):
        read_events(file)
