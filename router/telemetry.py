"""Every log event and every metric, declared once.

Logs are JSON lines, or coloured text on a terminal. Values from events are data: control
characters are escaped, long texts are cut, and no secret is ever handed to a log.
"""

import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Every log event: its name, and what it tells.
LOG_EVENTS: dict[str, str] = {
    "router.ready": "everything is up; the one line that says so",
    "router.stopping": "a signal asked the process to end",
    "router.stopped": "the process ends",
    "router.hung": "a loop has ended or hangs: /healthz says so, and systemd is not told that we live",
    "router.out_of_handles": "no file handle is left: whoever connects waits; at most once a minute",
    "router.loop_failed": "a loop met a fault that nobody expected; it goes on",
    "systemd.unreachable": "systemd could not be told that we are ready, live or stop",
    "config.loaded": "a configuration is in force",
    "config.refused": "a configuration has faults; the old one stays in force",
    "gate.wrong_tokens": "wrong tokens came: how many, and from where; at once, then at most once an hour",
    "source.undecodable": "a message could not be decoded; it was set aside",
    "source.refused": "a request to a source was refused; nothing was stored",
    "source.problem": "a source cannot receive; with the remedy",
    "source.recovered": "a source receives again",
    "source.never_caught_up": "a source could not be reached for an hour: what waits for it is judged",
    "filter.failed": "a filter failed on an event; it did not match",
    "template.failed": "a template failed; the built-in text was used",
    "store.unavailable": "the store did not commit; nothing was acknowledged",
    "store.recovered": "the store commits again",
    "delivery.sent": "a provider accepted a message",
    "delivery.waiting": "an attempt failed; it will be tried again",
    "delivery.dead": "a delivery was given up",
    "delivery.dropped": "a message that waited was not sent: its reason was gone",
    "delivery.not_judged": "whether a message is still due could not be judged; it is sent",
    "delivery.fenced": "a late owner's outcome was not written: another owner has the delivery",
    "delivery.digest": "more waited than a target takes: so many messages were told as one",
    "delivery.replaced": "later messages took the place of failing ones of their group",
    "delivery.overdue": "the fallback was told of deliveries that were not accepted in `fallback_after`",
    "delivery.rescued": "a delivery whose sender ended without an outcome was given back",
    "clock.differs": "this machine's clock is so many seconds ahead of the store's, which counts",
    "clock.set_back": "the clock was set back: what would wait that much longer is due now",
    "target.left_alone": "a target failed five times in a row: only probes are sent to it",
    "target.broken": "a provider refuses us, not a message: a token, an address or a right is wrong",
    "drill.failed": "a drill was not accepted in time; with how far it came",
    "drill.recovered": "a drill was accepted again",
    "ping.failed": "the address of `ping` cannot be reached or refuses; it is tried again at its interval",
    "ping.recovered": "the address of `ping` answers again",
    "traces.problem": "traces cannot be made or exported; of an exporter that fails at most once a minute",
    "target.recovered": "a target that was left alone or broken accepts messages again",
    "alert.acknowledged": "somebody pressed the button behind a link; with the name they gave",
    "links.keys_rotated": "links are signed with a fresh key; with whether the old ones were revoked",
    "maintain.pruned": "old records were deleted",
}

_LONGEST_VALUE = 1000


class Metrics:
    """Prometheus metrics of one process; names and labels as Alertmanager's users know them.

    Labels hold names from the configuration only, never what an event contains.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=True)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"alert_router_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"alert_router_{name}", text, labels, registry=registry)

        self.received = counter("events_received", "Messages received, by outcome.", "source", "outcome")
        self.refused = counter("requests_refused", "Requests that a source refused.", "source", "reason")
        self.lag = gauge(
            "source_lag_seconds", "Of the newest message: from its publication to its receipt.", "source"
        )
        self.odd_fields = counter("odd_fields", "Fields that should hold a number and do not.", "field")
        self.matched = counter("rule_matches", "Events that a rule matched.", "rule")
        self.rule_label = gauge(
            "rule_label", "Always 1: a word of a rule's `labels`.", "rule", "label", "value"
        )
        self.filter_errors = counter("filter_errors", "Events on which a rule's filter failed.", "rule")
        self.template_errors = counter(
            "template_errors", "Texts for which a template failed and the built-in text was used.", "rule"
        )
        self.advanced = counter("alert_steps", "Alerts that time changed, by what it did.", "step")
        self.healed = counter("alerts_healed", "Alerts that ended before they were to be told.", "rule")
        self.muted = counter("alerts_muted", "Alerts that were due and held back, by what.", "by")
        self.notifications = counter(
            "notifications", "Notifications written, by reason.", "channel", "reason"
        )
        self.attempts = counter("delivery_attempts", "Attempts to send, by verdict.", "channel", "verdict")
        self.ended = counter("deliveries_ended", "Deliveries that ended, by state.", "channel", "state")
        self.fenced = counter("deliveries_fenced", "Outcomes that came too late to be written.")
        self.outbox = gauge("outbox_deliveries", "Open deliveries.", "state")
        self.oldest = gauge("outbox_oldest_seconds", "Age of the oldest open delivery.")
        self.target_open = gauge("target_open", "1 while only probes are sent to a target.", "target")
        self.target_broken = gauge(
            "target_broken", "1 from a refusal that is about us until a message is accepted.", "target"
        )
        self.target_unverified = gauge(
            "target_unverified", "1 where nobody reads the answers of a target's service.", "target"
        )
        self.source_problem = gauge("source_problem", "1 while a source cannot receive.", "source")
        self.catching_up = gauge(
            "source_catching_up", "1 until a source has handed over what it held at the start.", "source"
        )
        self.store_up = gauge("store_up", "1 while the store commits.")
        self.reload_success = gauge("config_last_reload_successful", "1 if the last reload was taken.")
        self.reload_time = gauge(
            "config_last_reload_success_timestamp_seconds", "When a reload was last taken."
        )
        self.drill_successful = gauge(
            "drill_last_successful", "1 if the last drill was accepted in time.", "channel"
        )
        self.drill_seconds = gauge(
            "drill_seconds", "Of the last drill that was: from its event to its acceptance.", "channel"
        )
        self.build_info = gauge("build_info", "Always 1; the version is a label.", "version")
        self.latency = Histogram(
            "alert_router_notification_latency_seconds",
            "From an event's receipt to the provider's acceptance.",
            ["channel"],
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
            registry=registry,
        )


class _Log:
    """Which log events are written, and for whom.

    Args:
        terminal: people read it; None where standard error is a terminal.
        least: the lowest level that is written.
    """

    def __init__(self) -> None:
        self.terminal: bool | None = None
        self.least = logging.WARNING
        self._lock = threading.Lock()

    def write(self, event: str, level: str, fields: Mapping[str, Any]) -> None:
        """One whole line; none where standard error is gone or full: who is paged does not depend on it."""
        if _LEVELS[level] < self.least:
            return
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        said = {name: _shown(value) for name, value in fields.items()}
        pretty = sys.stderr.isatty() if self.terminal is None else self.terminal
        text = _line_for_people(now, level, event, said) if pretty else _line(now, level, event, said)
        with self._lock, contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def _line(now: str, level: str, event: str, fields: Mapping[str, Any]) -> str:
    return json.dumps({"timestamp": now, "level": level, "event": event, **fields}, default=str)


def _line_for_people(now: str, level: str, event: str, fields: Mapping[str, Any]) -> str:
    said = "".join(f" {_styled(name, 36)}={_word(value)}" for name, value in fields.items())
    return f"{_styled(now, 2)} {_styled(f'{level:<7}', _COLOURS[level])} {_styled(event, 1)}{said}"


def _word(value: Any) -> str:
    """A value that ends where it seems to: in quotes where it has spaces, on one line."""
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    return value if value and not {*' "\n='} & {*value} else json.dumps(value, ensure_ascii=False)


def _styled(text: str, style: int) -> str:
    return text if "NO_COLOR" in os.environ else f"\x1b[{style}m{text}\x1b[0m"


_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
#: Dim, green, yellow, red.
_COLOURS = {"debug": 2, "info": 32, "warning": 33, "error": 31}
_log = _Log()


def set_up_logs(*, terminal: bool | None = None, level: str = "info") -> None:
    """Sends logs to stderr: JSON lines, or coloured text when stderr is a terminal.

    Args:
        level: the lowest that is written; without this call it is WARNING.
    """
    _log.terminal, _log.least = terminal, _LEVELS[level]
    # Libraries print URLs with tokens at DEBUG, Apprise even at WARNING.
    for name in ("apprise", "urllib3", "requests", "mns"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _shown(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    cut = value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…"
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in cut)


def log(event: str, level: str = "info", **fields: Any) -> None:
    """Writes one log event; its name stands in :data:`LOG_EVENTS`."""
    if event not in LOG_EVENTS:
        raise KeyError(f"log event {event!r} is not declared in telemetry.LOG_EVENTS")
    _log.write(event, level, fields)
