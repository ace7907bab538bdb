"""What a notification says, before any markup: a headline, facts, logs, and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from router.core.delivery import SECOND
from router.core.group import Reason
from router.core.notification import Notification
from router.core.text.escape import one_line
from router.core.text.times import at, local, parsed, span
from router.core.text.words import EXIT_CODES, WORDS

#: The longest value of an event that a built-in text shows, in characters.
LONGEST = 1_000
#: Fields of an event outside the catalogue that are shown.
MOST_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Story:
    """Values are an event's own words: data, still to be escaped.

    Args:
        facts: label and value, the most telling first.
        logs: label and path.
        foot: rule and time, for the last line.
    """

    headline: str
    severity: str
    facts: tuple[tuple[str, str], ...]
    logs: tuple[tuple[str, str], ...]
    next_step: tuple[str, str] | None
    foot: str


def story_of(notification: Notification, now: int, timezone: str, language: str) -> Story:
    """The story of a notification, in the language's words and the zone's time."""
    return _Teller(notification, now, timezone, WORDS[language], EXIT_CODES[language]).tell()


class _Teller:
    def __init__(
        self,
        notification: Notification,
        now: int,
        timezone: str,
        words: Mapping[str, str],
        exit_codes: Mapping[int, str],
    ) -> None:
        self._notification = notification
        self._data = notification.event.data
        self._now = now
        self._timezone = timezone
        self._words = words
        self._exit_codes = exit_codes

    def tell(self) -> Story:
        notification = self._notification
        return Story(
            headline=self._headline(),
            severity=notification.heading.severity,
            facts=tuple((label, value) for label, value in self._facts() if value),
            logs=tuple(self._logs()),
            next_step=self._next(),
            foot=f"{self._words['rule']} {notification.heading.rule} · {self._happened()}",
        )

    # headline

    def _headline(self) -> str:
        said = f"{self._subject()} {self._verb()}".strip()
        reason = self._notification.reason
        if reason is not Reason.FIRST:
            said = f"{self._words[reason.value]}: {said}"
        return one_line(said)

    def _subject(self) -> str:
        data, kind = self._data, self._notification.event.kind
        if (
            kind == "OnPriorityChange"
            or "JobName" in data
            or (data.keys() & {"JobId"} and "Task" not in data)
        ):
            return f"{self._words['Job']} {self._job()}"
        if "InstanceId" in data and "JobId" in data:
            part = f"{self._words['Instance']} {self._text('InstanceId')}"
            return self._words["of"].format(part=part, whole=f"{self._text('Task')} ({self._job()})")
        if "Task" in data:
            part = f"{self._words['Task']} {self._text('Task')}"
            return self._words["of"].format(part=part, whole=self._job())
        if "InstanceId" in data and "ClusterId" in data:
            part = f"{self._words['Instance']} {self._text('InstanceId')}"
            return self._words["of"].format(part=part, whole=self._text("ClusterId"))
        if "ClusterId" in data:
            return f"{self._words['Cluster']} {self._text('ClusterName') or self._text('ClusterId')}"
        return self._words["event"].format(kind=kind or self._notification.event.source or "JSON")

    def _job(self) -> str:
        name = _keys(self._data.get("Job")).get("JobName")
        return self._text("JobName") or (str(name) if name else "") or self._text("JobId")

    def _verb(self) -> str:
        kind, state = self._notification.event.kind, self._text("State")
        if kind == "OnPriorityChange":
            return self._words["PriorityChange"].format(old=self._text("From"), new=self._text("To"))
        for ending in ("Failed", "Stopped", "Finished", "Running", "Waiting", "Deleted", "Created", "Active"):
            if kind.startswith("On") and kind.endswith(ending):
                return self._words[ending]
        return f"({state})" if state else ""

    # facts

    def _facts(self) -> list[tuple[str, str]]:
        words, group = self._words, self._notification.group
        facts = self._failure() if self._known() else self._fields()
        if group.alerts > 1:
            counts = words["counts"].format(count=group.alerts, firing=self._notification.firing)
            facts.append((words["count"], counts))
        facts += [
            (words["causes"] if place == 0 else "", f"{cause.count} × {cause.text}")
            for place, cause in enumerate(self._notification.causes[:3])
        ]
        if group.fallback_of:
            facts.append((words["message"], words["fallback"]))
        return facts

    def _known(self) -> bool:
        return self._notification.event.kind.startswith("On") and bool(
            self._data.keys() & {"JobId", "ClusterId", "JobName", "ClusterName"}
        )

    def _failure(self) -> list[tuple[str, str]]:
        words = self._words
        error = ": ".join(part for part in (self._text("ErrorCode"), self._text("ErrorMessage")) if part)
        return [
            (words["exit"], self._exit()),
            (words["error"], error),
            (words["detail"], self._text("Detail")),
            (words["message"], self._text("Message")),
            (words["ended"], self._span()),
            (words["retries"], "" if self._data.get("RetryCount") in (0, None) else self._text("RetryCount")),
            (words["progress"], f"{self._text('Progress')} %" if self._data.get("Progress") else ""),
            (words["task"], self._text("Task") if "InstanceId" not in self._data else ""),
            (words["job"], self._ids()),
            (words["cluster"], self._text("ClusterId")),
            (words["group"], self._text("Group")),
            (words["address"], self._text("InnerIpAddress")),
        ]

    def _ids(self) -> str:
        name, job = self._job(), self._text("JobId")
        return job if job != name else ""

    def _exit(self) -> str:
        if "ExitCode" not in self._data:
            return ""
        code = self._data["ExitCode"]
        if code is None:
            return self._words["unknown_exit"]
        if not isinstance(code, int):
            return self._text("ExitCode")
        meaning = self._exit_codes.get(code)
        if meaning is None and (code < 0 or 128 < code < 160):
            meaning = self._words["signal"].format(n=-code if code < 0 else code - 128)
        return f"{code}, {meaning}" if meaning else str(code)

    def _span(self) -> str:
        start, end = parsed(self._data.get("StartTime")), parsed(self._data.get("EndTime"))
        if end is None:
            return ""
        said = local(end, self._timezone)
        if start is None or end < start or "Failed" not in self._notification.event.kind:
            return said
        return f"{said} ({self._words['ran'].format(span=span((end - start).total_seconds()))})"

    def _fields(self) -> list[tuple[str, str]]:
        """Of an event that we know nothing of: its plain fields, as it names them."""
        fields = [(name, self._text(name)) for name, value in self._data.items() if _is_plain(value)]
        inner = _keys(self._data.get("data"))
        fields += [(f"data.{name}", _text(value)) for name, value in inner.items() if _is_plain(value)]
        return [(one_line(name)[:60], value) for name, value in fields[:MOST_FIELDS]]

    def _logs(self) -> list[tuple[str, str]]:
        paths = (("stderr", "StderrRedirectPath"), ("stdout", "StdoutRedirectPath"))
        return [(label, self._text(name)) for label, name in paths if self._text(name)]

    # what to do, and when it was

    def _next(self) -> tuple[str, str] | None:
        kind, code = self._notification.event.kind, self._data.get("ExitCode")
        step = None
        if kind == "OnClusterDeleted":
            step = "next_cluster"
        elif kind in ("OnJobFailed", "OnTaskFailed"):
            step = "next_job"
        elif kind == "OnInstanceFailed":
            step = {137: "next_memory", 126: "next_command", 127: "next_command"}.get(code or 0, "next_logs")
        return (self._words["next"], self._words[step]) if step else None

    def _happened(self) -> str:
        happened = self._notification.event.at
        seconds = (self._now - happened) / SECOND
        ago = self._words["now"] if seconds < 5 else self._words["ago"].format(span=span(seconds))
        return f"{local(at(happened), self._timezone)} ({ago})"

    def _text(self, name: str) -> str:
        return _text(self._data.get(name))


def _keys(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
