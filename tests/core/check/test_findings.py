"""Every code of docs/rules.md from both sides: what is wrong is found, what is right is left alone."""

import pytest

from router.core.check import Remark, catalogue_kinds, judge
from router.core.filter import Filter

FAILED = "Event == 'OnInstanceFailed' && "

#: The code, the filter, the part that it is about, what stands there instead, and words of the remark.
WRONG: list[tuple[str, str, str, str | None, str]] = [
    ("F101", 'Event == "OnJobFailed"', '"OnJobFailed"', "'OnJobFailed'", "single quotes"),
    ("F101", FAILED + 'starts_with(Task, "Echo")', '"Echo"', "'Echo'", "single quotes"),
    ("F101", 'contains(["OnJobFailed"], Event)', '"OnJobFailed"', "'OnJobFailed'", "single quotes"),
    ("F102", "Exitcode != `0`", "Exitcode", None, "did you mean ExitCode?"),
    ("F102", '"Exitcode" != `0`', '"Exitcode"', None, "did you mean ExitCode?"),
    ("F102", "Event == 'OnJobFailed' && Colour == 'red'", "Colour", None, "no field Colour"),
    ("F102", FAILED + "Job.JobNam == 'x'", "Job.JobNam", None, "did you mean Job.JobName?"),
    ("F102", FAILED + "Jobs.JobName == 'x'", "Jobs.JobName", None, "did you mean Job?"),
    ("F102", FAILED + "Jobs == 'x'", "Jobs", None, "give their source a schema"),
    ("F102", "Event == OnJobFailed", "OnJobFailed", "'OnJobFailed'", "bare word"),
    ("F102", FAILED + "ExitCode == null", "null", "`null`", "bare word"),
    ("F103", "Event == 'OnJobFailled'", "'OnJobFailled'", None, "did you mean 'OnJobFailed'?"),
    ("F103", "State == 'Faild'", "'Faild'", None, "did you mean 'Failed'?"),
    ("F103", "State != 'failed'", "'failed'", None, "did you mean 'Failed'?"),
    ("F103", "Event == 'OnRackMelted'", "'OnRackMelted'", None, "no known Event"),
    ("F103", "Event == 'OnRackMelted' && Heat > '80'", "'OnRackMelted'", None, "no known Event"),
    ("F103", "contains(['OnTaskFailed', 'OnJobFaild'], Event)", "'OnJobFaild'", None, "'OnJobFailed'"),
    ("F103", FAILED + "State == 'Running'", "State == 'Running'", None, "State is 'Failed' there"),
    ("F103", FAILED + "State != 'Failed'", "State != 'Failed'", None, "no documented event meets"),
    (
        "F103",
        "State == 'Running' && " + FAILED + "ExitCode != `0`",
        "Event == 'OnInstanceFailed'",
        None,
        "meets",
    ),
    ("F104", "ExitCode == '0'", "'0'", "`0`", "never equal"),
    ("F104", "Progress > '50'", "'50'", "`50`", "no order"),
    ("F104", FAILED + "'137' != ExitCode", "'137'", "`137`", "always unequal"),
    ("F104", FAILED + "InstanceId == `0`", "`0`", "'0'", "never equal"),
    ("F104", FAILED + "InstanceId > `5`", "InstanceId > `5`", None, "no order"),
    ("F104", FAILED + "ExitCode != ''", "''", "`null`", "always unequal"),
    ("F104", "contains(['x', `1`], ExitCode)", "'x'", None, "never equal"),
    ("F104", "contains(ExitCode, '1')", "ExitCode", None, "write to_string(ExitCode)"),
    ("F104", FAILED + "contains(Task, `1`) && RetryCount == `1`", "`1`", "'1'", "always fails"),
    ("F104", "!Event == 'OnJobFailed'", "!Event == 'OnJobFailed'", "!(Event == 'OnJobFailed')", "(!Event)"),
    ("F105", "Event == 'OnJobFailed' && ExitCode == `137`", "ExitCode == `137`", None, "has no ExitCode"),
    (
        "F105",
        "Event == 'OnJobFailed' && Event == 'OnTaskFailed'",
        "Event == 'OnTaskFailed'",
        None,
        "'OnJobFailed'",
    ),
    (
        "F105",
        "Category == 'Cluster' && JobId == 'job-1'",
        "JobId == 'job-1'",
        None,
        "cluster events have no JobId",
    ),
    (
        "F105",
        "Event == 'OnJobFailed' && Job.State == 'Failed'",
        "Job.State == 'Failed'",
        None,
        "no Job.State, so it is null it is the job's own event: write State",
    ),
    (
        "F105",
        FAILED + "starts_with(JobName, 'nightly')",
        "starts_with(JobName, 'nightly')",
        None,
        "no JobName, so it is null the job has it: write Job.JobName",
    ),
    ("F106", "Event == 'OnTaskFailed' && JobName != 'x'", "JobName != 'x'", None, "write Job.JobName"),
    ("F105", FAILED + "ExitCode > `5` && ExitCode < `3`", "ExitCode < `3`", None, "no known event meets"),
    ("F105", FAILED + "starts_with(Task, 'a') && starts_with(Task, 'b')", "starts_with(Task, 'b')", None, ""),
    ("F105", "starts_with(Event, 'OnJbo')", "starts_with(Event, 'OnJbo')", None, "no known event"),
    ("F105", FAILED + "!Job.State", "!Job.State", None, "(!Job)"),
    (
        "F105",
        "Event == 'OnJobFailed' || Event == 'OnTaskFailed' && To == `1`",
        "To == `1`",
        None,
        "has no To",
    ),
    ("F105", "begins_with(Event, 'On')", "begins_with(Event, 'On')", None, "no function begins_with()"),
    ("F105", "start_with(Event, 'On')", "start_with(Event, 'On')", None, "did you mean starts_with()?"),
    ("F105", "contains(Event)", "contains(Event)", None, "does not take 1 argument"),
    ("F105", FAILED + "matches(Task, '(')", "matches(Task, '(')", None, "cannot read the pattern"),
    (
        "F106",
        "Event == 'OnJobFailed' && ExitCode != `0`",
        "ExitCode != `0`",
        None,
        "OnJobFailed has no ExitCode",
    ),
    ("F106", "Event != 'OnJobFailed' || Event != 'OnTaskFailed'", "", None, "write && where neither may be"),
    (
        "F106",
        "contains(['OnJobFailed', 'OnTaskFailed'], Event) && !ExitCode",
        "!ExitCode",
        None,
        "no ExitCode",
    ),
    ("F107", "starts_with(JobName, 'x')", "starts_with(JobName, 'x')", None, "JobName && starts_with"),
    ("F107", FAILED + "contains(Job.JobName, 'x')", "contains(Job.JobName, 'x')", None, "Job.JobName && "),
    ("F107", "length(ErrorMessage) > `3`", "length(ErrorMessage)", None, "have no ErrorMessage"),
    ("F107", "contains(lower(JobName), 'x')", "contains(lower(JobName), 'x')", None, "JobName && "),
    ("F108", "ExitCode && " + FAILED + "Task == 'a'", "ExitCode", None, "0 too"),
    ("F108", FAILED + "!RetryCount", "RetryCount", None, "0 too"),
    ("F108", FAILED + "length(ErrorMessage)", "length(ErrorMessage)", None, "0 too"),
]

RIGHT = [
    "Event == 'OnJobFailed'",
    "`true`",
    "@",
    FAILED + "ExitCode != `0`",
    FAILED + '"ExitCode" != `0`',
    FAILED + "ExitCode == `null`",
    FAILED + "ExitCode && abs(ExitCode) > `1`",
    FAILED + "ExitCode != `null` && ExitCode > `1`",
    FAILED + "InstanceId == '0'",
    FAILED + "State == 'Failed'",
    FAILED + "contains([`1`, `137`], ExitCode)",
    FAILED + "RetryCount >= `3` && RetryCount < `10`",
    FAILED + "Job.JobName && starts_with(Job.JobName, 'nightly-')",
    FAILED + "(Job.JobName == 'a' || Job.JobName == 'b')",
    FAILED + "seconds_between(StartTime, EndTime) > `3600`",
    FAILED + "contains(ErrorMessage, 'out of memory')",
    FAILED + "length(ErrorMessage) > `0`",
    FAILED + "to_number(InstanceId) > `5`",
    FAILED + "starts_with(to_string(ExitCode), '1')",
    FAILED + "matches(StderrRedirectPath, '^oss://') && EndTime > '2017-01-01'",
    "ExitCode != `0` && Event == 'OnInstanceFailed'",
    "ExitCode == `137`",
    "Event == 'OnJobFailed' && starts_with(JobName, 'nightly-')",
    "JobName && starts_with(JobName, 'nightly-')",
    "starts_with(Event, 'OnJob') && ends_with(Event, 'Failed')",
    "contains(['OnJobFailed', 'OnTaskFailed'], Event)",
    "Event == 'OnJobFailed' || Event == 'OnTaskFailed'",
    "Event != 'OnJobFailed' && Event != 'OnTaskFailed'",
    "Event == 'OnJobFailed' && Category == 'Job'",
    "Category == 'Job' && Event == 'OnJobFailed'",
    "Category == 'Cluster' && contains(['Stopping', 'Stopped'], State)",
    "Event == 'OnPriorityChange' && To > From",
    "!(Event == 'OnJobFailed')",
    "!contains(['OnJobFailed'], Event)",
    "Category == 'Job' && !JobName",
    "type(JobName) == 'string' && contains(JobName, 'x')",
    "type(JobName) != 'null' && contains(JobName, 'x')",
    FAILED + "to_number(Detail) && to_number(Detail) > `5`",
    "(Job.JobName || JobName) && contains(Job.JobName || JobName, 'x')",
    "glob(JobName, 'nightly-*')",
    "contains(not_null(JobName, ''), 'x')",
    "keys(@)[?@ == 'Task']",
    "[Event, State] == ['OnJobFailed', 'Failed']",
    "Event == 'OnJobFailed' && Message && contains(Message, 'quota')",
    "{kind: Event} | kind == 'OnJobFailed'",
]


def judged(text: str) -> list[Remark]:
    return judge(Filter(text), catalogue_kinds())


@pytest.mark.parametrize(("code", "text", "part", "fix", "words"), WRONG, ids=[row[1] for row in WRONG])
def test_what_is_wrong_is_found_once(code: str, text: str, part: str, fix: str | None, words: str) -> None:
    """One remark, at its place, with what to do."""
    found = judged(text)
    assert [(one.code, text[one.start : one.end], one.fix) for one in found[:1]] == [
        (code, part or text, fix)
    ]
    assert words in f"{found[0].message} {found[0].advice}"
    assert len(found) == 1 or (code, part) == ("F104", "'x'")
    assert not any("\n" in one.message for one in found)


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_is_left_alone(text: str) -> None:
    """No remark about a filter that can hold and can fail to."""
    assert judged(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Event == 'On\nJob\x1b[31mFailed'",
        'Event == "On\\u001bJob"',
        "Task == `5`\n&& " + "x" * 3000,
        "Event == '" + "y" * 3000 + "'",
    ],
)
def test_a_remark_is_one_short_line(text: str) -> None:
    """Whatever stands in the filter: no line feed, no escape of a terminal, no wall of text."""
    for one in judged(text):
        assert one.message.isprintable()
        assert one.advice.isprintable()
        assert len(one.message) <= 480


@pytest.mark.parametrize("row", [row for row in WRONG if row[3]], ids=lambda row: row[1])
def test_a_fix_leaves_nothing_to_remark(row: tuple[str, str, str, str | None, str]) -> None:
    """What a fix writes is judged without a remark."""
    text = row[1]
    [found] = judged(text)
    assert found.fix
    assert judged(text[: found.start] + found.fix + text[found.end :]) == []
