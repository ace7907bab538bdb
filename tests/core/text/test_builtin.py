"""What the built-in texts say to somebody who is woken."""

import json
import re
import string
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from router.core.catalogue import EVENTS
from router.core.group import Reason, Tally
from router.core.text import KINDS
from router.core.text.builtin import words_of
from router.core.text.builtin.chinese import CHINESE
from router.core.text.builtin.english import ENGLISH
from tests.core.text.making import AT, CAUSES, LINKS, MINUTE, a_rule, notified, rendered, sample

FAILED = sample(
    "OnInstanceFailed",
    ExitCode=137,
    ErrorCode="OutOfMemory",
    ErrorMessage="killed",
    Job={"JobName": "nightly"},
)


def test_a_failed_instance_is_told_with_all_that_helps() -> None:
    """What failed, how, since when, where the logs are, what to do next, and where to acknowledge."""
    message = rendered(notified(FAILED), "slack")
    assert message.title == (
        "🔴 Instance 0 of Echo in job nightly failed: exit code 137 (killed, most often out of memory)"
    )
    for said in (
        "*Exit code:* 137, SIGKILL: killed, most often out of memory",
        "*Error:* OutOfMemory: killed",
        "*Job id:* `job-0000000058524720000077E900007257`",
        "*Ran:* 10 min",
        "*stderr:* `oss://bucket/",
        "*Next:* give the task more memory",
        "|Acknowledge>",
        "rule job-failed · 2016-11-01 23:45:02 +08:00 (3 min ago)",
    ):
        assert said in message.body


@pytest.mark.parametrize(
    ("code", "title", "fact"),
    [
        (
            137,
            "exit code 137 (killed, most often out of memory)",
            "137, SIGKILL: killed, most often out of memory",
        ),
        (
            -9,
            "exit code -9 (killed, most often out of memory)",
            "-9, SIGKILL: killed, most often out of memory",
        ),
        (139, "exit code 139 (crashed, segmentation fault)", "139, SIGSEGV: crashed, segmentation fault"),
        (143, "exit code 143 (asked to end from outside)", "143, SIGTERM: asked to end from outside"),
        (160, "exit code 160", "160, ended by signal 32"),
        (127, "exit code 127 (the command was not found)", "127, the command was not found"),
        (1, "exit code 1", "1, the program's own error"),
        (42, "exit code 42", "42"),
        (0, "exit code 0", "0, the program itself ended well"),
        (None, "exit code unknown", "none was reported"),
        ("4x", "exit code 4x", "4x"),
    ],
)
def test_an_exit_code_has_its_meaning(code: object, title: str, fact: str) -> None:
    """Signals by either convention, commands that cannot run, and codes that nobody knows."""
    message = rendered(notified(sample("OnInstanceFailed", ExitCode=code)), "email")
    assert f"failed: {title} · job-" in message.title
    assert f"Exit code: {fact}\n" in message.body


@pytest.mark.parametrize(
    ("reason", "title"),
    [
        (Reason.FIRST, "🔴 Instance 0"),
        (Reason.WORSE, "🔴 Now critical: Instance 0"),
        (Reason.NEW, "🔴 412 more: Instance 0"),
        (Reason.ESCALATION, "🔴 Not acknowledged: Instance 0"),
        (Reason.RESOLVED, "✅ Resolved: Instance 0"),
        (Reason.REPEAT, "🔴 Still firing: Instance 0"),
        (Reason.STORM, "🔴 1,000 alerts at once, the newest: Instance 0"),
    ],
)
def test_each_reason_has_its_heading(reason: Reason, title: str) -> None:
    """One sees at once why one is told."""
    message = rendered(notified(FAILED, reason=reason, count=1_000, new=412), "slack")
    assert message.title.startswith(title)
    assert message.data["reason"] == reason.value


def test_a_storm_of_one_alert_says_what_happened() -> None:
    """Nobody reads of one alert at once."""
    for lang in ("en", "zh"):
        message = rendered(notified(FAILED, reason=Reason.STORM, count=1), "slack", language=lang)
        first = rendered(notified(FAILED, count=1), "slack", language=lang)
        assert message.title == first.title


def test_a_storm_links_all_that_it_tells() -> None:
    """Where another message says why it came."""
    notification = notified(FAILED, reason=Reason.STORM)
    storm = replace(notification, group=replace(notification.group, is_storm=True))
    explain = LINKS["explain"]
    assert f"<{explain}|All of them>" in rendered(storm, "slack").body
    assert f"<{explain}|Why this message>" in rendered(notification, "slack").body


def test_a_group_is_told_with_counts_causes_and_others() -> None:
    """How many, why, and which, before the newest one's own facts; what all share is not repeated."""
    job = FAILED["JobId"]
    keys = tuple(f"{job}/Echo/{number}" for number in range(7))
    notification = notified(FAILED, keys=keys, count=10_000, firing=9_990, resolved=10, causes=CAUSES)
    lines = rendered(notification, "email").body.splitlines()
    assert lines[:5] == [
        "Alerts: 10,000 (9,990 firing, 10 ended)",
        "Causes: 9,870 × exit code 137",
        "96 × exit code 1: No space left on device",
        "34 × NodeLost",
        "Also: Echo / 0, Echo / 1, Echo / 2, Echo / 3, Echo / 4, and 9,994 more",
    ]


def test_what_is_muted_is_counted_and_not_named() -> None:
    """Who reads of three others that nobody was told of knows how many, and why they are none to look at."""
    job = FAILED["JobId"]
    notification = notified(FAILED, keys=tuple(f"{job}/Echo/{n}" for n in range(3)), count=4, firing=2)
    seen, *others = notification.alerts
    held = (seen, others[0], *(replace(one, muted_by="inhibited: by a rule") for one in others[1:]))
    group = replace(notification.group, tallies={"failed": Tally(open=4, held=2, hidden=2)})
    lines = rendered(replace(notification, alerts=held, group=group), "email").body.splitlines()
    assert lines[0] == "Alerts: 4 (2 firing, 2 muted)"
    assert [line for line in lines if line.startswith("Also")] == ["Also: Echo / 1"]


def test_a_fallback_says_so() -> None:
    """Who is told in another's place knows it."""
    notification = notified(FAILED)
    notification = replace(notification, group=replace(notification.group, fallback_of="d-1"))
    assert "gave no sign that it has arrived there" in rendered(notification, "slack").body.splitlines()[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", EVENTS)
def test_what_an_event_lacks_vanishes(name: str, language: str, kind: str) -> None:
    """With all but the ids null or gone, nothing reads None, null, an empty label or braces."""
    bare = {"Event", "Category", "JobId", "ClusterId", "Task", "InstanceId"}
    emptied: dict[str, Any] = {key: value if key in bare else None for key, value in sample(name).items()}
    for data in (
        emptied,
        {key: value for key, value in emptied.items() if value is not None},
        {"Event": name},
    ):
        message = rendered(notified(data, links={}), kind, language=language)
        text = f"{message.title}\n{message.body}\n{message.html}"
        assert not re.search(r"None|null|[{}]|: *$|： *$|``|\( *\)|\bundefined\b", text, re.MULTILINE)
        assert message.title or message.body


def test_every_event_of_the_catalogue_has_words_of_its_own() -> None:
    """No documented event is told as an unknown one, and no two in the same words."""
    titles = {rendered(notified(sample(name)), "webhook").title for name in EVENTS}
    assert len(titles) == len(EVENTS)
    assert not [title for title in titles if title.startswith("On")]


@pytest.mark.parametrize(
    ("text", "title", "line"),
    [
        ('{"Event": "OnQuotaLow", "Quota": 12}', "OnQuotaLow", "Quota: 12"),
        ('{"type": "a.b", "subject": "o 1", "data": {"error": "no"}}', "a.b: o 1", "data.error: no"),
        ('{"labels": {"alertname": "DiskFull", "host": "db"}}', "DiskFull", "labels.host: db"),
        ('{"x": [1, 2, {}]}', "Event from hook", "x: 1, 2, … (3)"),
        ('{"on": true, "none": null}', "Event from hook", "on: true"),
    ],
)
def test_an_event_of_others_is_told_by_what_it_says(text: str, title: str, line: str) -> None:
    """Its name, the words in which it says what happened, and its fields as it names them."""
    message = rendered(notified(json.loads(text), source="hook"), "webhook")
    assert message.title == title
    assert line in message.body.splitlines()


def test_a_large_event_of_others_is_told_in_few_lines() -> None:
    """Ten thousand fields are not read through, and not shown."""
    data = {f"field{number}": number for number in range(10_000)}
    assert len(rendered(notified(data), "email").body.splitlines()) < 20


@pytest.mark.parametrize(
    ("now", "ago"),
    [
        (AT, "just now"),
        (AT - MINUTE, "just now"),
        (AT + 90_000_000, "1 min 30 s ago"),
        (AT + 3_000 * MINUTE, "2 d 2 h ago"),
    ],
)
def test_the_time_is_told_twice(now: int, ago: str) -> None:
    """By the clock of the configured zone, and by how long ago it was."""
    foot = rendered(notified(FAILED), "email", now=now, timezone="UTC").body.splitlines()[-1]
    assert foot == f"rule job-failed · 2016-11-01 15:45:02 UTC ({ago})"


# The 67 characters of a pager hold the headline alone.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pager"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_told_late_says_when_it_happened(kind: str, language: str) -> None:
    """A first that waited for its source comes hours after its event: the text has that time."""
    late = AT + 150 * MINUTE
    message = rendered(notified(FAILED, links={}), kind, now=late, timezone="UTC", language=language)
    text = f"{message.title}\n{message.body}\n{message.html}\n{json.dumps(message.data)}"
    assert "15:45:02" in text


@pytest.mark.parametrize(
    ("severity", "sign", "word"),
    [("critical", "🔴", "CRITICAL"), ("warning", "🟠", "WARNING"), ("info", "🔵", "INFO")],
)
def test_the_severity_shows(severity: str, sign: str, word: str) -> None:
    """By a sign in a chat, in a word elsewhere."""
    rule = a_rule(severity=severity)
    notification = notified(FAILED, rule)
    assert rendered(notification, "slack", rule).title.startswith(sign)
    assert rendered(notification, "sms", rule).body.startswith(f"{word}: ")
    assert rendered(notification, "slack", rule).severity == severity


def test_an_unknown_kind_and_language_are_plain_and_english() -> None:
    """A text goes out whatever it is asked for."""
    odd = rendered(notified(FAILED), "no-such-kind", language="tlh")
    assert odd == rendered(notified(FAILED), "plain")


def _placeholders(value: object) -> object:
    """What stands in braces, in every phrase of a value."""
    if isinstance(value, str):
        return sorted(name for _, name, _, _ in string.Formatter().parse(value) if name)
    if isinstance(value, Mapping):
        phrases: Mapping[object, object] = value  # pyright: ignore[reportUnknownVariableType]
        return {key: _placeholders(phrase) for key, phrase in phrases.items()}
    return None


def test_both_languages_say_the_same() -> None:
    """Each phrase is filled with the same things, and each code, signal and step has its words in both."""
    for field in fields(ENGLISH):
        ours, theirs = getattr(ENGLISH, field.name), getattr(CHINESE, field.name)
        assert _placeholders(ours) == _placeholders(theirs), field.name


def test_english_short_messages_are_cheap() -> None:
    """Our own English words need no Chinese alphabet in a short message."""
    from router.core.text.sizes import is_gsm7

    for reason in Reason:
        assert is_gsm7(rendered(notified(FAILED, reason=reason, keys=("a/b",)), "sms").body)


def test_chinese_is_chinese() -> None:
    """Labels, headline and advice are in the language."""
    message = rendered(notified(FAILED), "slack", language="zh")
    assert message.title == "🔴 作业 nightly 任务 Echo 的实例 0 失败，退出码 137（被强制结束，多为内存不足）"
    assert "*下一步：* 给任务更多内存" in message.body
    assert words_of("zh") is CHINESE
