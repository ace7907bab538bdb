"""News as programs read them: an event, a message that was set aside, a delivery that went on."""

from typing import Any

from typing_extensions import TypedDict

from router.core.event import Event
from router.core.message import Message
from router.pipeline.tail import Came, News, WasSetAside, Went
from router.web.shapes import DeliveryJson, FailureJson, MatchJson, delivery_json, iso, sound

#: What an event is about, from the whole to the part.
_ABOUT = ("JobId", "ClusterId", "Task", "Group", "InstanceId")
#: Bytes of a body that are shown.
_BEGINS = 40


class CameJson(TypedDict):
    """An event that came."""

    type: str
    at: str | None
    id: str
    source: str
    event: str
    time: str | None
    about: dict[str, Any]
    subject: str
    outcome: str
    reason: str
    matches: list[MatchJson]
    muted: dict[str, str]
    failures: list[FailureJson]


class WasSetAsideJson(TypedDict):
    """A message that could not be decoded."""

    type: str
    at: str | None
    id: str
    source: str
    reason: str
    begins: str


class WentJson(DeliveryJson):
    """A delivery where it stands now."""

    type: str
    at: str | None
    told: str | None
    event: str | None
    title: str


NewsJson = CameJson | WasSetAsideJson | WentJson


def news_json(news: News) -> NewsJson:
    """See the shapes above."""
    if isinstance(news, Came):
        return _came(news)
    if isinstance(news, WasSetAside):
        return _set_aside(news)
    told = news.notification
    return {
        **delivery_json(news.delivery),
        "type": "delivery",
        "at": iso(news.at),
        "told": told.reason if told else None,
        "event": told.event_id if told else None,
        "title": _title(news),
    }


def _title(news: Went) -> str:
    message = Message.from_json(news.delivery.content)
    return sound(message.title or message.body.split("\n", 1)[0])


def _came(news: Came) -> CameJson:
    record = news.record
    return {
        "type": "event",
        "at": iso(news.at),
        "id": record.event.id,
        "source": record.event.source,
        "event": sound(record.event.kind),
        "time": iso(record.event.at),
        "about": about(record.event),
        "subject": sound(str(record.event.data.get("subject") or "")),
        "outcome": record.outcome,
        "reason": sound(record.reason),
        "matches": [{"rule": rule, "alert": alert} for rule, alert in record.matches],
        "muted": sound(news.muted),
        "failures": [{"rule": rule, "error": sound(error)} for rule, error in record.failures],
    }


def about(event: Event) -> dict[str, Any]:
    """What of an event says what it is about."""
    return {name: sound(event.data[name]) for name in _ABOUT if name in event.data}


def _set_aside(news: WasSetAside) -> WasSetAsideJson:
    undecodable = news.message.undecodable
    return {
        "type": "undecodable",
        "at": iso(news.at),
        "id": news.message.id,
        "source": undecodable.envelope.source,
        "reason": sound(undecodable.reason),
        "begins": undecodable.envelope.body[:_BEGINS].decode("utf-8", "backslashreplace"),
    }
