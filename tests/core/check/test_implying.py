"""What one filter takes away from another, and which filters are meant for the catalogue."""

import pytest

from router.core.check import about_catalogue, catalogue_kinds, implies
from router.core.filter import Filter

JOBS = "Event == 'OnJobFailed' && "


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("Event == 'OnJobFailed'", "Event == 'OnJobFailed'"),
        ("Event == 'OnJobFailed'", "Category == 'Job'"),
        ("Event == 'OnJobFailed'", "starts_with(Event, 'OnJob')"),
        ("Event == 'OnJobFailed'", "contains(['OnJobFailed', 'OnTaskFailed'], Event)"),
        ("Event == 'OnJobFailed' || Event == 'OnTaskFailed'", "ends_with(Event, 'Failed')"),
        (JOBS + "JobName == 'nightly-1'", JOBS + "starts_with(JobName, 'nightly-')"),
        (JOBS + "contains(JobName, 'x') && JobId == 'a'", JOBS + "contains(JobName, 'x')"),
        (JOBS + "glob(JobName, 'x*')", "glob(JobName, 'x*') || Event == 'OnTaskFailed'"),
        ("ExitCode > `10`", "ExitCode > `5`"),
        ("ExitCode == `137`", "ExitCode && Category == 'Job'"),
        ("ExitCode == `137`", "Event != 'OnJobFailed'"),
        ("JobName", "`true`"),
    ],
)
def test_what_takes_all(narrow: str, wide: str) -> None:
    """By values, by types of events, or because the narrow one says the same and more."""
    assert implies(Filter(narrow), Filter(wide), catalogue_kinds())


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("Category == 'Job'", "Event == 'OnJobFailed'"),
        ("Event == 'OnJobFailed'", "Event == 'OnTaskFailed'"),
        (JOBS + "starts_with(JobName, 'nightly-')", JOBS + "JobName == 'nightly-1'"),
        (JOBS + "contains(JobName, 'x')", JOBS + "contains(JobName, 'xy')"),
        ("ExitCode > `5`", "ExitCode > `10`"),
        ("Event == 'OnJobFailed' || JobName == 'a'", "Event == 'OnJobFailed'"),
        ("Event == 'OnJobFailed'", "starts_with(ErrorMessage, 'x') || Event == 'OnJobFailed'"),
        ("Event == 'OnJobFailed'", "Message && JobName"),
    ],
)
def test_what_leaves_some(narrow: str, wide: str) -> None:
    """Some event meets the narrow one alone; a wide one that fails before it gets there takes nothing."""
    assert not implies(Filter(narrow), Filter(wide), catalogue_kinds())


@pytest.mark.parametrize(
    "text",
    [
        "Event == 'X'",
        "Exitcode != `0`",
        "JobName == 'x' && Colour",
        "State == 'Failed'",
        "Job.State",
        "x == 'OnJobFailed'",
    ],
)
def test_about_the_catalogue(text: str) -> None:
    """A field of its own, one a letter off, or one of its events."""
    assert about_catalogue(Filter(text))


@pytest.mark.parametrize(
    "text",
    [
        "type == 'order.failed'",
        "state == 'firing'",
        "Message == 'x' && Subject == 'y'",
        "`true`",
        "@",
        "status.State == 'x'",
        "labels.severity == 'critical'",
        "to > `5`",
    ],
)
def test_about_something_else(text: str) -> None:
    """Other producers' fields, also beside one that both have."""
    assert not about_catalogue(Filter(text))
