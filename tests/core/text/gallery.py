"""Makes docs/texts.md: every built-in text as it is sent.

Renew it after a change of the texts, and read it: ``python -m tests.core.text.gallery > docs/texts.md``
"""

from collections.abc import Iterator
from dataclasses import replace

from router.core.catalogue import EVENTS
from router.core.group import Reason
from router.core.message import Message
from router.core.notification import Notification
from router.core.text.kinds import KINDS
from tests.core.text.making import CAUSES, a_rule, notified, rendered, sample

_HEAD = """# What the built-in texts say

Made by `python -m tests.core.text.gallery > docs/texts.md` from the texts themselves; a test compares them.
How rules write texts of their own: [templates.md](templates.md).
"""


def stories() -> Iterator[tuple[str, Notification, str]]:
    """A heading, what is told, and the severity."""
    failed = "OnInstanceFailed"
    error = {
        "ErrorCode": "",
        "ErrorMessage": "Instance exits with a non-zero code",
        "RetryCount": 2,
        "Progress": 45,
    }
    job = {"Job": {"JobName": "nightly-render"}}
    for code in (137, 139, 143, 127, 1, -6, 0, None):
        said = "no exit code" if code is None else f"exit code {code}"
        yield (
            f"An instance fails: {said}",
            notified(sample(failed, ExitCode=code, **error, **job)),
            "critical",
        )
    trace = 'Traceback (most recent call last):\n  File "render.py", line 12, in <module>\nMemoryError'
    full = sample(failed, ExitCode=1, ErrorCode="ProgramError", ErrorMessage="render.py failed", Detail=trace)
    yield "An instance fails: error and detail, the job's name unknown", notified(full), "critical"
    rest = [name for name in EVENTS if name != failed]
    for name in rest:
        message = {"Message": "JobFailed: 1 task failed"} if name == "OnJobFailed" else {}
        yield name, notified(sample(name, **message)), "critical" if name.endswith("Failed") else "info"
    yield (
        "An event outside the catalogue",
        notified({"Event": "OnQuotaLow", "Quota": 12, "Region": "cn-beijing"}),
        "warning",
    )
    yield "A CloudEvent", notified(_CLOUD_EVENT, source="hook"), "warning"
    yield "Any JSON", notified(_JSON, source="hook"), "warning"
    yield "JSON without a word", notified({"a": {"b": [1, 2, {"c": 3}]}}, source="hook"), "warning"
    yield from _groups()


def _groups() -> Iterator[tuple[str, Notification, str]]:
    data = sample("OnInstanceFailed", ExitCode=137, InstanceId="41", Job={"JobName": "nightly-render"})
    job = data["JobId"]
    keys = tuple(f"{job}/Echo/{number}" for number in (12, 13, 17, 18, 22, 30))
    # What marks an incident as acknowledged is sent to none of the kinds that are shown so.
    for reason in (one for one in Reason if one is not Reason.ACKNOWLEDGED):
        many = notified(
            data, reason=reason, keys=keys, count=10_000, new=412, firing=9_990, resolved=10, causes=CAUSES
        )
        yield f"Ten thousand instances, told as `{reason.value}`", many, "critical"
    ended = notified(sample("OnJobFinished"), reason=Reason.RESOLVED, firing=0, resolved=1)
    yield "A job that had failed finishes", ended, "critical"


_CLOUD_EVENT = {
    "specversion": "1.0",
    "type": "com.example.order.failed",
    "source": "/shop/orders",
    "id": "o-1",
    "subject": "order 4711",
    "data": {"order": 4711, "error": "card refused", "attempts": 3},
}
_JSON = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical"},
    "annotations": {"summary": "Disk of db-1 is 97 % full"},
    "value": 97.2,
}


def shown(message: Message) -> str:
    """A message as it stands in a delivery: the title, and the body below it."""
    text = "\n".join(part for part in (message.title, message.body) if part)
    return f"~~~text\n{text}\n~~~\n"


def page() -> str:
    """The whole page."""
    parts = [_HEAD, "## Every event, in Slack\n"]
    for heading, notification, severity in stories():
        rule = a_rule(severity=severity)
        parts += [f"### {heading}\n", shown(rendered(_as(notification, severity), "slack", rule))]
    data = sample(
        "OnInstanceFailed",
        ExitCode=137,
        ErrorMessage="Killed: *no* memory left @all",
        Job={"JobName": "nightly-render"},
    )
    parts.append("## One event, in every kind of channel\n")
    for kind in KINDS:
        parts += [f"### {kind}\n", shown(rendered(notified(data), kind))]
    parts.append("## In Chinese\n")
    for kind in ("slack", "dingtalk", "sms", "email"):
        parts += [f"### {kind}: an instance fails\n", shown(rendered(notified(data), kind, language="zh"))]
    for heading, notification, severity in stories():
        rule = a_rule(severity=severity)
        message = rendered(_as(notification, severity), "dingtalk", rule, language="zh")
        parts += [f"### {heading}\n", shown(message)]
    return "\n".join(parts)


def _as(notification: Notification, severity: str) -> Notification:
    return replace(
        notification, alerts=tuple(replace(alert, severity=severity) for alert in notification.alerts)
    )


if __name__ == "__main__":
    print(page(), end="")
