"""Alerts as Prometheus posts them, and Alertmanager's webhook."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.core.delivery import SECOND
from router.core.event import STANDING, Event, Undecodable
from router.core.filter import Filter
from router.core.rule import Inhibition, Rule
from router.decoders import decode
from router.errors import RouterError
from router.pipeline.rerun import recorded, rerun
from router.pipeline.tongue import Tongue
from router.sources.alertmanager import HEARD_AGAIN, MOST_ALERTS, AlertmanagerSource, fingerprint
from router.storage.memory import MemoryStore
from tests.pipeline.conftest import START, MakePipeline, Pipeline, make, rule, store
from tests.pipeline.test_alerts import at, reasons
from tests.sources.doors import post, receive

SOURCE = AlertmanagerSource("prometheus", "/v1/events/prometheus")
NOW = post(b"").received_at
RESOLVED = Filter("status == 'resolved'")
__all__ = ["make", "store"]
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


def test_the_fingerprint_is_that_of_prometheus() -> None:
    """As in the tests of prometheus/common; in any order, and a label without a value is none."""
    known = {"name": "garland, briggs", "fear": "love is not enough"}
    assert fingerprint({}) == "cbf29ce484222325"
    assert int(fingerprint(known), 16) == 5799056148416392346
    assert fingerprint(dict(reversed(known.items()))) == fingerprint(known | {"empty": ""})


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ({}, "firing"),
        ({"endsAt": "0001-01-01T00:00:00Z"}, "firing"),
        ({"endsAt": "soon"}, "firing"),
        ({"endsAt": 20200101}, "firing"),
        ({"endsAt": moment(-1), "status": {}}, "resolved"),
        ({"endsAt": moment(240)}, "firing"),
        ({"endsAt": moment(-1)}, "resolved"),
        ({"endsAt": moment(-1)[:-1]}, "resolved"),
        ({"endsAt": moment(-1), "status": "firing"}, "firing"),
    ],
)
def test_an_alert_is_resolved_once_its_end_has_passed(keys: dict[str, Any], status: str) -> None:
    """Unless it says itself what it is, as in a webhook."""
    assert event(**keys).data["status"] == status


def said(pipeline: Pipeline, second: float, **keys: Any) -> str:
    """What becomes of an alert that is said at that second."""
    at(pipeline, second)
    [envelope] = receive(SOURCE, post(json.dumps([ALERT | keys]).encode()))
    answer = pipeline.ingest.submit([replace(envelope, received_at=pipeline.clock.now())])
    pipeline.ingest.step()
    pipeline.run()
    return answer.result(timeout=60)[0].outcome


def alerts_rule() -> Rule:
    return rule(when="labels.alertname == 'DiskFull'", key=(Filter("fingerprint"),), resolve_when=RESOLVED)


def test_what_is_said_again_is_a_double(make: MakePipeline) -> None:
    """An end that moves is no news, and who said it first does not matter; its end is told once."""
    pipeline = make(alerts_rule())
    outcomes = [said(pipeline, 0, endsAt=moment(240)), said(pipeline, 60, endsAt=moment(300))]
    outcomes.append(said(pipeline, 70, startsAt=moment(-3)))
    outcomes += [said(pipeline, second, endsAt=moment(-9)) for second in (120, 180)]
    assert outcomes == ["routed", "duplicate", "duplicate", "routed", "duplicate"]
    assert reasons(pipeline) == ["first", "resolved"]


def test_what_fires_again_after_its_end_is_told_again(make: MakePipeline) -> None:
    """Also with the beginning it had, as another server, or Alertmanager, says it."""
    pipeline = make(alerts_rule())
    said(pipeline, 0)
    said(pipeline, 60, endsAt=moment(-9))
    assert said(pipeline, 61) == "routed"
    assert reasons(pipeline) == ["first", "resolved", "first"]


@pytest.mark.parametrize("none", [{}, {"endsAt": ""}, {"endsAt": "0001-01-01T00:00:00Z"}])
def test_an_end_without_its_time_is_heard_each_time(make: MakePipeline, none: dict[str, str]) -> None:
    """A sender that says "resolved" and not when: the end of the next firing is no double of this one."""
    pipeline = make(alerts_rule())
    for second in (0, 120):
        said(pipeline, second)
        assert said(pipeline, second + 60, status="resolved", **none) == "routed"
    assert reasons(pipeline) == ["first", "resolved", "first", "resolved"]


def test_of_two_servers_the_one_that_goes_on_is_heard(make: MakePipeline) -> None:
    """One says for a while that it is over, the other that it is not, and then too: two of each."""
    pipeline = make(alerts_rule())
    ends = {"status": "resolved", "endsAt": moment(-9)}
    for minute in range(10):
        said(pipeline, 60 * minute, **(ends if minute > 2 else {}))
        said(
            pipeline, 60 * minute + 20, startsAt=moment(-5), **({"endsAt": moment(-1)} if minute > 7 else {})
        )
    assert reasons(pipeline) == ["first", "resolved", "first", "resolved"]


def node_down_inhibits(make: MakePipeline) -> Pipeline:
    down = replace(alerts_rule(), name="down", when=Filter("labels.alertname == 'NodeDown'"))
    by_node = Inhibition("down", (Filter("labels.instance"),))
    return make(replace(alerts_rule(), inhibited_by=(by_node,)), down)


NODE_DOWN = {"labels": {"alertname": "NodeDown", "instance": "a:9100"}}


def test_what_fires_on_after_its_inhibitor_has_ended_is_told(make: MakePipeline) -> None:
    """It is said every minute, and heard once: when that may be told."""
    pipeline = node_down_inhibits(make)
    said(pipeline, 0, **NODE_DOWN)
    outcomes = [said(pipeline, second) for second in (1, 60)]
    said(pipeline, 90, **NODE_DOWN, endsAt=moment(-9))
    assert reasons(pipeline) == ["first", "resolved"]
    outcomes += [said(pipeline, second) for second in (120, 180, 240)]
    assert outcomes == ["routed", "duplicate", "routed", "duplicate", "duplicate"]
    assert reasons(pipeline) == ["first", "resolved", "first"]


def test_what_fires_while_its_inhibitor_does_is_heard_once(make: MakePipeline) -> None:
    """And what nothing inhibits any more is told by a match, also where its inhibitor came back before."""
    pipeline = node_down_inhibits(make)
    said(pipeline, 0, **NODE_DOWN)
    said(pipeline, 1)
    said(pipeline, 2, **NODE_DOWN, endsAt=moment(-9))
    said(pipeline, 3, **NODE_DOWN)
    assert [said(pipeline, second) for second in (60, 120)] == ["duplicate", "duplicate"]
    assert reasons(pipeline) == ["first", "resolved", "first"]


def test_a_day_that_is_played_again_hears_the_same(make: MakePipeline) -> None:
    """What makes a double is kept with the event."""
    pipeline = make(alerts_rule())
    for second, keys in ((0, {}), (60, {"endsAt": moment(-9)}), (61, {}), (62, {"endsAt": moment(-8)})):
        said(pipeline, second, **keys)
    envelopes = recorded(pipeline.store, 0, 10).envelopes
    told = rerun(envelopes, pipeline.policy, decode, MemoryStore(), Tongue(), START, START + HEARD_AGAIN)
    assert [one.reason.value for one in told] == reasons(pipeline) == ["first", "resolved"] * 2


def test_it_is_heard_again_after_half_a_day() -> None:
    """So that an alert is not closed while it is said that it fires."""
    early, late = (
        receive(SOURCE, replace(post(json.dumps([ALERT]).encode()), received_at=NOW + later))[0]
        for later in (0, HEARD_AGAIN)
    )
    assert early.headers[STANDING] != late.headers[STANDING]


def test_an_alert_that_looks_like_another_message_is_an_alert() -> None:
    """Keys that no alert has are left away."""
    found = event(TopicName="t", Message="m", specversion="1.0", id="1", source="s", type="t")
    assert found.data["labels"] == ALERT["labels"]
    assert "Message" not in found.data


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


# Drawing nested JSON is slow at first, on a machine that is busy.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6), max_size=4))
def test_any_list_of_objects_is_taken(alerts: list[dict[str, Any]]) -> None:
    """An event or something set aside for each, whatever they hold."""
    assert len(events(alerts)) == len(alerts)
