"""The source ``alertmanager``: alerts as Prometheus posts them, and Alertmanager's own webhook.

Sources: the ``postAlerts`` operation of Alertmanager's API v2
(https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml), and the webhook of version 4
(https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import orjson

from router.core.delivery import SECOND
from router.core.event import ENDS, STANDING, Envelope, identity_of
from router.core.json_text import JsonError, kind_of, read_json
from router.errors import RouterError
from router.ports import Request
from router.sources.requests import refuse_encoding

#: Alerts in one request. Prometheus sends 256 at most.
MOST_ALERTS = 1000
#: A sender says every minute that an alert still fires. It is heard so often: before ``close_after`` (24h),
#: and rarely enough to be no noise.
HEARD_AGAIN = 12 * 3600 * SECOND

_REMEDY = "Send a list of alerts, as Prometheus does, or Alertmanager's webhook"
_SEPARATOR = 255
#: The year 1 is Go's way to say that there is no time.
_NONE = "0001-"
#: What of an alert is kept: with other keys it could look like another kind of message.
_KEYS = ("labels", "annotations", "startsAt", "endsAt", "generatorURL")


class AlertmanagerSource:
    """An ``HttpSource``: see router/ports/sources.py.

    Each alert of a request is an event of its own, ``{status, labels, annotations, startsAt, endsAt,
    generatorURL, fingerprint}``; all are committed together. What says again that an alert fires is a double
    until an end of it comes, and each end is told from the others by its time: two servers that say the same,
    one of them longer, are heard right. What is no alert is set aside; the others are kept.

    Args:
        name: as configured.
        path: where it listens.
    """

    accepted_status = 200
    signed = False
    #: 256 alerts, with annotations of some lines each.
    most_bytes = 1024 * 1024

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path

    async def receive(self, request: Request) -> list[Envelope]:
        """The envelopes in a request.

        Raises:
            RouterError: ``bad-request``, ``unsupported-encoding``.
        """
        refuse_encoding(request)
        alerts = _alerts(request.body)
        if len(alerts) > MOST_ALERTS:
            fix = f"Send at most {MOST_ALERTS}; max_alerts of a webhook_config says how many"
            raise RouterError("bad-request", f"{len(alerts)} alerts in one request", fix)
        return [self._envelope(alert, request.received_at) for alert in alerts]

    def _envelope(self, alert: Any, now: int) -> Envelope:
        labels = _labels(alert)
        if labels is None:
            return Envelope(self.name, orjson.dumps(alert), now, poison="it is no alert: it has no labels")
        event = {name: alert[name] for name in _KEYS if name in alert}
        event["status"] = _status(alert, now)
        event["fingerprint"] = _text(alert, "fingerprint") or fingerprint(labels)
        named = f"{self.name} {event['fingerprint']}"
        standing = identity_of("standing", f"{named} {now // HEARD_AGAIN}")
        if event["status"] == "firing":
            return Envelope(self.name, orjson.dumps(event), now, {STANDING: standing})
        end = _text(alert, "endsAt")
        # Without its time it may be that of another firing: each is heard.
        ended = identity_of("ended", f"{named} {end}") if end and not end.startswith(_NONE) else None
        return Envelope(self.name, orjson.dumps(event), now, {ENDS: standing}, identity=ended)


def fingerprint(labels: Mapping[str, str]) -> str:
    """That of Prometheus: FNV-1a, 64 bits, over the sorted labels (prometheus/common, model/signature.go).

    A label without a value is no label there.
    """
    total = 14695981039346656037
    for name, value in sorted(labels.items()):
        for byte in (*name.encode(), _SEPARATOR, *value.encode(), _SEPARATOR) if value else ():
            total = ((total ^ byte) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"


def _alerts(body: bytes) -> list[Any]:
    try:
        value = read_json(body)
    except JsonError as fault:
        raise RouterError("bad-request", f"the body is not JSON: {fault}", _REMEDY) from None
    if isinstance(value, dict):
        value = cast("dict[str, Any]", value).get("alerts")
        if not isinstance(value, list):
            raise RouterError("bad-request", "the body has no list of alerts", _REMEDY)
    if not isinstance(value, list):
        raise RouterError("bad-request", f"the body is a JSON {kind_of(value)}", _REMEDY)
    return cast("list[Any]", value)


def _labels(alert: Any) -> dict[str, str] | None:
    """The labels; None when it is no alert."""
    labels = cast("dict[str, Any]", alert).get("labels") if isinstance(alert, dict) else None
    found = cast("dict[str, Any]", labels) if isinstance(labels, dict) else {}
    return found if found and all(isinstance(value, str) for value in found.values()) else None


def _text(alert: Mapping[str, Any], name: str) -> str:
    value = alert.get(name)
    return value if isinstance(value, str) else ""


def _status(alert: Mapping[str, Any], now: int) -> str:
    """What it says itself; else, as Alertmanager judges, resolved once its end has passed."""
    said = _text(alert, "status")
    if said in ("firing", "resolved"):
        return said
    try:
        ends = datetime.fromisoformat(_text(alert, "endsAt"))
    except ValueError:
        return "firing"
    if ends.year == 1:  # none
        return "firing"
    ends_at = ends if ends.tzinfo else ends.replace(tzinfo=UTC)
    return "resolved" if ends_at.timestamp() * SECOND <= now else "firing"
