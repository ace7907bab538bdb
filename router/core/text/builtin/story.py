"""What a notification says, before any markup: a headline, facts, and what to do next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from router.core.alert import Alert
from router.core.event import Event
from router.core.group import Group, Reason
from router.core.notification import Notification
from router.core.text.builtin import exits
from router.core.text.builtin.fields import plain_fields, shown
from router.core.text.builtin.subjects import about_of, job_name, said
from router.core.text.builtin.words import Words
from router.core.text.clip import clip
from router.core.text.dialects import one_line
from router.core.text.values import key_values
from router.core.times import local, parsed, span

_SECOND = 1_000_000
#: An end so near to the event's own time is not told twice.
_SAME = 60 * _SECOND
_ENDED = frozenset({"Failed", "Finished", "Stopped"})
#: Other alerts and causes that a text names.
_MOST_ALSO = 5
_MOST_CAUSES = 3


class Fact(NamedTuple):
    """One line.

    Args:
        value: an event's own words, still to be escaped.
        code: to be read letter by letter: an id, a path.
        essential: it stands in the compact text too.
    """

    label: str
    value: str
    code: bool = False
    essential: bool = True


@dataclass(frozen=True, slots=True)
class Story:
    """Values are an event's own words: data, still to be escaped.

    Args:
        ended: all its alerts have ended.
        links: words and URL.
        time: when it happened, and ``ago`` how long before now.
        note: what stands at the end when something was left out.
    """

    severity: str
    ended: bool
    headline: str
    facts: tuple[Fact, ...]
    step: str
    links: tuple[tuple[str, str], ...]
    rule: str
    time: str
    ago: str
    note: str = ""

    def clipped(self, longest: int) -> "Story":
        """With values of so many characters at most."""
        if all(len(fact.value) <= longest for fact in self.facts):
            return self
        return replace(
            self, facts=tuple(fact._replace(value=clip(fact.value, longest)) for fact in self.facts)
        )

    def compact(self, longest: int, note: str) -> "Story":
        """The essential facts, and a note that there is more."""
        kept = tuple(fact for fact in self.facts if fact.essential)
        return replace(self, facts=kept, step="", note=note).clipped(longest)


def story_of(notification: Notification, now: int, timezone: str, words: Words) -> Story:
    """The story of a notification, in a language's words and a zone's time.

    Args:
        now: microseconds UTC.
    """
    event = notification.event
    severity = notification.heading.severity
    ended = notification.says_the_end
    return Story(
        severity=severity,
        ended=ended,
        headline=_headline(notification, severity, words),
        facts=tuple(fact for fact in _facts(notification, timezone, words) if fact.value),
        step="" if ended else _step(event, words),
        links=tuple(_links(notification, words)),
        rule=words.rule.format(name=one_line(notification.heading.rule)),
        time=local(event.at, timezone),
        ago=_ago((now - event.at) / _SECOND, words),
    )


# headline


def _headline(notification: Notification, severity: str, words: Words) -> str:
    event, reason = notification.event, notification.reason
    happened = said(event.kind, event.data, event.source, words)
    if event.kind == "OnInstanceFailed" and "ExitCode" in event.data:
        code = exits.in_title(event.data["ExitCode"], words)
        happened = words.exit_in_title.format(said=happened, exit=code)
    if about_of(event.kind, event.data) in ("task", "instance") and job_name(event.data) == shown(
        event.data.get("JobId")
    ):
        happened = f"{happened} · {job_name(event.data)}"
    # One alert alone is no storm, though it came in one.
    if reason is Reason.ACKNOWLEDGED:
        return one_line(_acknowledged(notification, happened, words))
    if notification.says_the_end:
        return one_line(words.resolved.format(said=happened))
    is_alone = reason is Reason.STORM and notification.group.alerts == 1
    if reason is not Reason.FIRST and not is_alone:
        count = notification.firing if reason is Reason.STORM else notification.new
        frame: str = getattr(words, reason.value)
        happened = frame.format(
            said=happened, count=f"{count:,}", severity=words.severities[severity].lower()
        )
    return one_line(happened)


def _acknowledged(notification: Notification, happened: str, words: Words) -> str:
    """By whom: not by those whose acknowledgement of another alert covers these."""
    seen = (alert.acknowledged_by for alert in notification.alerts)
    by = next((name for name in seen if name and not name.startswith("with ")), "")
    frame = words.acknowledged_by if by else words.acknowledged
    return frame.format(by=clip(one_line(by), 60), said=happened)


# facts


def _facts(notification: Notification, timezone: str, words: Words) -> Iterator[Fact]:
    event = notification.event
    if notification.group.fallback_of:
        yield Fact(words.label_note, words.fallback)
    if notification.group.alerts > 1:
        yield Fact(words.label_alerts, _counts(notification, words))
    yield from _causes(notification, words)
    if notification.group.alerts > 1:
        yield Fact(words.label_also, _also(notification, words), essential=False)
    if about_of(event.kind, event.data) == "other":
        yield from (Fact(*field) for field in plain_fields(event.data))
    else:
        yield from _failure(event.data, words)
        yield from _identity(event, words)
        yield from _times(event, timezone, words)
        yield from _logs(event.data)


def _causes(notification: Notification, words: Words) -> Iterator[Fact]:
    """Of more than the one event that is told anyway."""
    of_group = notification.causes if notification.group.alerts > 1 else ()
    named = {cause.text for cause in of_group}
    both = (*of_group, *(cause for cause in notification.beside if cause.text not in named))
    ordered = sorted(both, key=lambda cause: -cause.count)
    for place, cause in enumerate(ordered[:_MOST_CAUSES]):
        yield Fact(
            "" if place else words.label_causes, f"{cause.count:,} × {cause.text}", essential=place == 0
        )


def _failure(data: Mapping[str, Any], words: Words) -> Iterator[Fact]:
    if "ExitCode" in data and data.get("State") in ("Failed", "Stopped"):
        code = data["ExitCode"]
        meant = words.exit_unknown if code is None else exits.meaning(code, words)
        yield Fact(words.label_exit, words.comma.join(filter(None, (shown(code), meant))))
    error = (shown(data.get("ErrorCode")), shown(data.get("ErrorMessage")))
    yield Fact(words.label_error, words.colon.join(filter(None, error)))
    yield Fact(words.label_detail, shown(data.get("Detail")), essential=False)
    yield Fact(words.label_message, shown(data.get("Message")))


def _identity(event: Event, words: Words) -> Iterator[Fact]:
    data = event.data
    about = about_of(event.kind, data)
    if about != "job" or shown(data.get("JobName")):
        yield Fact(words.label_job, shown(data.get("JobId")), code=True)
    if about != "cluster" or shown(data.get("ClusterName")):
        yield Fact(words.label_cluster, shown(data.get("ClusterId")), code=True)
    yield Fact(words.label_group, shown(data.get("Group")), essential=False)
    yield Fact(words.label_address, shown(data.get("InnerIpAddress")), code=True, essential=False)
    if data.get("RetryCount"):
        yield Fact(words.label_retries, shown(data["RetryCount"]), essential=False)
    if data.get("Progress"):
        yield Fact(words.label_progress, f"{shown(data['Progress'])} %", essential=False)


def _times(event: Event, timezone: str, words: Words) -> Iterator[Fact]:
    data, state = event.data, event.data.get("State")
    created, start, end = (parsed(data.get(name)) for name in ("CreationTime", "StartTime", "EndTime"))
    if start is not None and end is not None and end >= start and state in _ENDED:
        took = span((end - start) / _SECOND, words.units)
        if abs(event.at - end) > _SAME:
            took = words.ran.format(span=took, end=local(end, timezone))
        yield Fact(words.label_ran, took, essential=False)
    elif start is not None and state == "Running":
        yield Fact(words.label_started, local(start, timezone), essential=False)
    elif created is not None and state in ("Waiting", "Deleted"):
        yield Fact(words.label_created, local(created, timezone), essential=False)


def _logs(data: Mapping[str, Any]) -> Iterator[Fact]:
    if data.get("State") != "Waiting":
        yield Fact("stderr", shown(data.get("StderrRedirectPath")), code=True, essential=False)
        yield Fact("stdout", shown(data.get("StdoutRedirectPath")), code=True, essential=False)


def _counts(notification: Notification, words: Words) -> str:
    parts = (
        (words.count_firing, notification.firing),
        (words.count_new, notification.new if notification.reason is Reason.NEW else 0),
        (words.count_held, notification.group.held),
        (words.count_ended, notification.resolved),
    )
    said_parts = words.comma.join(part.format(count=f"{count:,}") for part, count in parts if count)
    return words.counts.format(count=f"{notification.group.alerts:,}", parts=said_parts)


def _also(notification: Notification, words: Words) -> str:
    """The other alerts by their keys, and how many are not named; nothing of those that are muted."""
    others = [
        alert for alert in notification.alerts if alert is not notification.heading and not alert.muted_by
    ]
    keys = (_key(alert, notification.group) for alert in others)
    named = list(dict.fromkeys(filter(None, keys)))[:_MOST_ALSO]
    if not named:
        return ""
    left = notification.group.alerts - notification.group.held - 1 - len(named)
    more = [words.and_more.format(count=f"{left:,}")] if left > 0 else []
    return words.comma.join([*named, *more])


def _key(alert: Alert, group: Group) -> str:
    """An alert's key, less what the whole group shares: ``Echo / 3``. An event's id tells nobody anything."""
    shared = key_values(group.key)
    parts = [shown(part) for part in key_values(alert.key) if part not in shared and part != alert.event_id]
    return clip(one_line(" / ".join(filter(None, parts))), 120)


# what to do, links, and when it was


def _step(event: Event, words: Words) -> str:
    about = about_of(event.kind, event.data)
    if about == "cluster":
        return words.steps["cluster"]
    if not event.kind.endswith("Failed") or about == "other":
        return ""
    return words.steps[exits.step(event.data.get("ExitCode")) if about == "instance" else "job"]


def _links(notification: Notification, words: Words) -> Iterator[tuple[str, str]]:
    if not notification.says_the_end:
        yield words.ack, notification.links.get("ack", "")
        yield words.silence, notification.links.get("silence", "")
    label = words.storm_list if notification.group.is_storm else words.explain
    yield label, notification.links.get("explain", "")


def _ago(seconds: float, words: Words) -> str:
    return words.now if seconds < 5 else words.ago.format(span=span(seconds, words.units))
