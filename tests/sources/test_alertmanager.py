"""Alerts as Prometheus posts them, and Alertmanager's webhook."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.delivery import SECOND
from router.core.event import Event, Undecodable
from router.decoders import decode
from router.errors import RouterError
from router.sources.alertmanager import HEARD_AGAIN, MOST_ALERTS, AlertmanagerSource, fingerprint
from tests.sources.doors import post, receive

SOURCE = AlertmanagerSource("prometheus", "/v1/events/prometheus")
NOW = post(b"").received_at
ALERT: dict[str, Any] = {
    "labels": {"alertname": "DiskFull", "instance": "a:9100"},
    "annotations": {"summary": "disk is full"},
    "startsAt": "2026-11-01T15:45:02.123456789Z",
    "generatorURL": "http://prometheus/graph",
}


def moment(seconds: int) -> str:
    """A time so many seconds after the receipt."""
    return datetime.fromtimestamp(NOW / SECOND + seconds, UTC).isoformat().replace("+00:00", "Z")


def events(body: Any) -> list[Event | Undecodable]:
    return [decode(envelope) for envelope in receive(SOURCE, post(json.dumps(body).encode()))]


def event(**keys: Any) -> Event:
    [found] = events([ALERT | keys])
    assert isinstance(found, Event)
    return found


def test_each_alert_is_an_event() -> None:
    """With its own keys, a status and a fingerprint; in a list, or in the body of a webhook."""
    other = ALERT | {"labels": {"alertname": "Down"}}
    for body in ([ALERT, other], {"version": "4", "status": "firing", "alerts": [ALERT, other]}):
        first, second = events(body)
        assert isinstance(first, Event)
        assert isinstance(second, Event)
        print_of = fingerprint(ALERT["labels"])
        assert first.data == ALERT | {"status": "firing", "fingerprint": print_of}
        assert (first.source, second.data["labels"]) == ("prometheus", {"alertname": "Down"})
        assert first.identity != second.identity


def test_the_fingerprint_is_that_of_prometheus() -> None:
    """FNV-1a as prometheus/common has it: the offset for no labels, order does not matter."""
    assert fingerprint({}) == "cbf29ce484222325"
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    assert fingerprint({"a": "1b", "c": ""}) != fingerprint({"a": "1", "bc": ""})


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ({}, "firing"),
        ({"endsAt": "0001-01-01T00:00:00Z"}, "firing"),
        ({"endsAt": "soon"}, "firing"),
        ({"endsAt": 7}, "firing"),
        ({"endsAt": moment(240)}, "firing"),
        ({"endsAt": moment(-1)}, "resolved"),
        ({"endsAt": moment(-1)[:-1]}, "resolved"),
        ({"endsAt": moment(-1), "status": "firing"}, "firing"),
    ],
)
def test_an_alert_is_resolved_once_its_end_has_passed(keys: dict[str, Any], status: str) -> None:
    """Unless it says itself what it is, as in a webhook."""
    assert event(**keys).data["status"] == status


def test_what_is_said_again_is_a_double() -> None:
    """The end that moves is no news; another beginning is, and the end, and half a day later."""
    first = event(endsAt=moment(240))
    assert event(endsAt=moment(300)).identity == first.identity
    others = [event(endsAt=moment(-1)), event(endsAt=moment(240), startsAt=moment(-5))]
    later = AlertmanagerSource("prometheus", "/")._envelope(ALERT, NOW + HEARD_AGAIN)  # pyright: ignore[reportPrivateUsage]
    assert first.identity not in {one.identity for one in [*others, later]}


@pytest.mark.parametrize("wrong", [7, "x", None, [], {}, {"labels": {}}, {"labels": 1}, {"labels": {"a": 1}}])
def test_what_is_no_alert_is_set_aside_and_the_others_are_kept(wrong: Any) -> None:
    """One that is wrong does not take the others with it."""
    kept, aside = events([ALERT, wrong])
    assert isinstance(kept, Event)
    assert isinstance(aside, Undecodable)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"42", "a JSON number"),
        (b"{}", "no list of alerts"),
        (b'{"alerts": {}}', "no list of alerts"),
        (b"[" + b"{}," * MOST_ALERTS + b"{}]", f"{MOST_ALERTS + 1} alerts in one request"),
    ],
)
def test_what_is_no_list_of_alerts_is_refused(body: bytes, said: str) -> None:
    """The sender is told what is wrong and what to send; nothing is kept."""
    with pytest.raises(RouterError) as refused:
        receive(SOURCE, post(body))
    assert refused.value.code == "bad-request"
    assert said in str(refused.value)
    assert refused.value.remedy.startswith("Send")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["labels", "startsAt", "endsAt", "status", "fingerprint", "annotations"]


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6), max_size=4))
def test_any_list_of_objects_is_taken(alerts: list[dict[str, Any]]) -> None:
    """An event or something set aside for each, whatever they hold."""
    assert len(events(alerts)) == len(alerts)
