"""How ``tail`` shows what is new: a line for people, or an object on a line for programs."""

import sys
from typing import Any

from router.cli.output import as_json, colour, on_one_line, say, when
from router.core.delivery import State
from router.core.event import Event
from router.core.message import Message
from router.pipeline.tail import Came, News, WasSetAside, Went
from router.web.shapes import delivery_json, iso

_COLOURS = {
    "routed": "green",
    "sent": "green",
    "unmatched": "dim",
    "suppressed": "yellow",
    "pending": "yellow",
    "waiting": "yellow",
    "undecodable": "red",
    "dead": "red",
}
#: What an event is about, from the whole to the part.
_ABOUT = ("JobId", "ClusterId", "Task", "Group", "InstanceId")
#: Letters that are shown: of a field, of a filter's error, of a text.
_FIELD, _ERROR, _TEXT = 40, 80, 200


class Lines:
    """One line for each, in columns; on a terminal the day stands above its first."""

    def __init__(self) -> None:
        self._day = ""
        self._where = 8

    def show(self, news: News) -> None:
        """Prints it."""
        outcome, where, what = _columns(news)
        self._where = max(self._where, len(where))
        outcome = colour(f"{outcome:<11}", _COLOURS[outcome]) if outcome in _COLOURS else f"{outcome:<11}"
        say(f"{self._time(news.at)}  {outcome}  {where:<{self._where}}  {what}".rstrip())

    def _time(self, at: int) -> str:
        if not sys.stdout.isatty():
            return when(at)
        day, time = when(at).split()
        if day != self._day:
            self._day = day
            say(colour(f"{day} UTC", "dim"))
        return colour(time, "dim")


def _columns(news: News) -> tuple[str, str, str]:
    """What became of it, where it came from or goes to, and what it is: nothing of it acts on a terminal."""
    if isinstance(news, Came):
        return news.record.outcome, _short(news.record.event.source), _event(news)
    if isinstance(news, WasSetAside):
        undecodable = news.message.undecodable
        begins = undecodable.envelope.body[:_FIELD].decode("utf-8", "backslashreplace")
        said = f"{_short(undecodable.reason, _TEXT)}: {on_one_line(begins)}"
        return "undecodable", _short(undecodable.envelope.source), said
    return news.delivery.state, _short(news.delivery.target), _delivery(news)


def _event(news: Came) -> str:
    event = news.record.event
    name = " ".join(filter(None, (_short(event.kind or "event"), about(event))))
    reason = "" if news.record.outcome == "unmatched" else _short(news.record.reason, _TEXT)
    muted = [f"{rule} muted: {_short(by, _TEXT)}" for rule, by in news.muted.items() if by != "shadow"]
    failed = [f"the filter of {rule} failed: {_short(error, _ERROR)}" for rule, error in news.record.failures]
    return "; ".join(filter(None, (name, reason, *muted, *failed)))


def about(event: Event) -> str:
    """The job, task and instance of an event, or the cluster and its machine; else its subject, if any."""
    parts = [_short(str(event.data[name])) for name in _ABOUT if event.data.get(name) not in (None, "")]
    return "/".join(parts) or _short(str(event.data.get("subject") or ""))


def _delivery(news: Went) -> str:
    delivery = news.delivery
    reason = f"{news.notification.reason}: " if news.notification else ""
    title = _short(_title(delivery.content), _TEXT)
    why = "" if delivery.state in (State.SENT, State.PENDING) else _short(delivery.reason, _TEXT)
    due = f"again at {when(delivery.due_at).split()[1]}" if delivery.state is State.WAITING else ""
    return "; ".join(filter(None, (reason + title, why, due)))


def _title(content: str) -> str:
    message = Message.from_json(content)
    return message.title or message.body.split("\n", 1)[0]


def _short(text: str, most: int = _FIELD) -> str:
    """On one line, and clipped."""
    clipped = text if len(text) <= most else text[: most - 1] + "…"
    return on_one_line(clipped)


# for programs


def show_json(news: News) -> None:
    """Prints an object on a line of its own."""
    sys.stdout.write(as_json(_json(news), indent=None))


def _json(news: News) -> dict[str, Any]:
    if isinstance(news, Came):
        return {"type": "event", "at": iso(news.at)} | _event_json(news)
    if isinstance(news, WasSetAside):
        message, undecodable = news.message, news.message.undecodable
        return {
            "type": "undecodable",
            "at": iso(news.at),
            "id": message.id,
            "source": undecodable.envelope.source,
            "reason": undecodable.reason,
        }
    told = news.notification
    more = {"told": told.reason if told else None, "event": told.event_id if told else None}
    return {"type": "delivery", "at": iso(news.at), **delivery_json(news.delivery), **more}


def _event_json(news: Came) -> dict[str, Any]:
    record = news.record
    return {
        "id": record.event.id,
        "source": record.event.source,
        "event": record.event.kind,
        "time": iso(record.event.at),
        "about": {name: record.event.data[name] for name in _ABOUT if name in record.event.data},
        "outcome": record.outcome,
        "reason": record.reason,
        "matches": [{"rule": rule, "alert": alert} for rule, alert in record.matches],
        "muted": dict(news.muted),
        "failures": [{"rule": rule, "error": error} for rule, error in record.failures],
    }
