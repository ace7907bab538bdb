"""How ``tail`` shows what is new: a line for people, or an object on a line for programs."""

import sys
from typing import Any, cast

from router.cli.output import as_json, colour, moment, on_one_line, say
from router.web.news import CameJson, NewsJson, WasSetAsideJson, WentJson

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
#: Letters that are shown: of a field, of a filter's error, of a text.
_FIELD, _ERROR, _TEXT = 40, 80, 200


class Lines:
    """One line for each, in columns; on a terminal the day stands above its first."""

    def __init__(self) -> None:
        self._day = ""
        self._where = 8

    def show(self, news: NewsJson) -> None:
        """Prints it."""
        outcome, where, what = _columns(news)
        self._where = max(self._where, len(where))
        outcome = colour(f"{outcome:<11}", _COLOURS[outcome]) if outcome in _COLOURS else f"{outcome:<11}"
        say(f"{self._time(moment(news['at']))}  {outcome}  {where:<{self._where}}  {what}".rstrip())

    def _time(self, at: str) -> str:
        if not sys.stdout.isatty():
            return at
        day, time = at.split()
        if day != self._day:
            self._day = day
            say(colour(f"{day} UTC", "dim"))
        return colour(time, "dim")


def _columns(news: NewsJson) -> tuple[str, str, str]:
    """What became of it, where it came from or goes to, and what it is: nothing of it acts on a terminal."""
    if news["type"] == "event":
        came = cast("CameJson", news)
        return came["outcome"], _short(came["source"]), _event(came)
    if news["type"] == "undecodable":
        aside = cast("WasSetAsideJson", news)
        said = f"{_short(aside['reason'], _TEXT)}: {on_one_line(aside['begins'])}"
        return "undecodable", _short(aside["source"]), said
    went = cast("WentJson", news)
    return went["state"], _short(went["target"]), _delivery(went)


def _event(came: CameJson) -> str:
    name = " ".join(filter(None, (_short(came["event"] or "event"), _about(came))))
    reason = "" if came["outcome"] == "unmatched" else _short(came["reason"], _TEXT)
    muted = [f"{rule} muted: {_short(by, _TEXT)}" for rule, by in came["muted"].items() if by != "shadow"]
    failed = [f"the filter of {it['rule']} failed: {_short(it['error'], _ERROR)}" for it in came["failures"]]
    return "; ".join(filter(None, (name, reason, *muted, *failed)))


def _about(came: CameJson) -> str:
    """The job, task and instance of an event, or the cluster and its machine; else its subject, if any."""
    parts = [_short(str(value)) for value in came["about"].values() if value not in (None, "")]
    return "/".join(parts) or _short(came["subject"])


def _delivery(went: WentJson) -> str:
    reason = f"{went['told']}: " if went["told"] else ""
    title = _short(went["title"], _TEXT)
    why = "" if went["state"] in ("sent", "pending") else _short(went["reason"], _TEXT)
    due = f"again at {moment(went['due_at']).split()[1]}" if went["state"] == "waiting" else ""
    return "; ".join(filter(None, (reason + title, why, due)))


def _short(text: str, most: int = _FIELD) -> str:
    """On one line, and clipped."""
    clipped = text if len(text) <= most else text[: most - 1] + "…"
    return on_one_line(clipped)


def show_json(news: Any) -> None:
    """Prints an object on a line of its own, for programs."""
    sys.stdout.write(as_json(news, indent=None))
