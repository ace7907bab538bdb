"""From a body to an event, whatever form it has."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from router.core.catalogue import EVENTS, NUMBERS
from router.core.event import MAX_BODY, Envelope, Event, Undecodable
from router.decoders import decode
from tests.decoders.forms import FORMS, MESSAGE_ID, PUBLISHED_MS, Form, in_form

NOW = 1_700_000_000_000_000


def envelope(body: bytes | str | dict[str, Any], **fields: Any) -> Envelope:
    if isinstance(body, dict):
        body = json.dumps(body)
    exact = body.encode() if isinstance(body, str) else body
    return replace(Envelope("hook", exact, NOW), **fields)


def event(body: bytes | str | dict[str, Any], **fields: Any) -> Event:
    decoded = decode(envelope(body, **fields))
    assert isinstance(decoded, Event), decoded
    return decoded


def reason(body: bytes | str | dict[str, Any], **fields: Any) -> str:
    given = envelope(body, **fields)
    decoded = decode(given)
    assert isinstance(decoded, Undecodable)
    assert decoded.envelope is given
    return decoded.reason


def decoded_sample(name: str) -> dict[str, Any]:
    sample = EVENTS[name].sample()
    return {field: int(text) if field in NUMBERS else text for field, text in sample.items()}


@pytest.mark.parametrize("resent", [False, True], ids=["once", "resent-in-base64"])
@pytest.mark.parametrize("encoded", [False, True], ids=["raw", "base64"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", EVENTS)
def test_every_event_in_every_form_is_the_same_event(
    name: str, form: Form, encoded: bool, resent: bool
) -> None:
    """19 events in JSON, XML and SIMPLIFIED, raw and base64, also when the whole body is base64."""
    body = in_form(form, EVENTS[name].sample_text, encoded=encoded)
    found = event(base64.b64encode(body) if resent else body)
    assert found.data == decoded_sample(name)
    assert found.kind == name
    assert found.odd_fields == ()
    if form != "SIMPLIFIED":
        assert (found.id, found.identity, found.at) == (MESSAGE_ID, f"mns:{MESSAGE_ID}", PUBLISHED_MS * 1000)


def test_a_push_says_in_headers_what_simplified_leaves_out() -> None:
    """Id and publish time of a SIMPLIFIED message stand in its headers."""
    headers = {"x-mns-message-id": MESSAGE_ID, "x-mns-publish-time": str(PUBLISHED_MS)}
    found = event(EVENTS["OnJobFailed"].sample(), headers=headers)
    assert (found.id, found.identity, found.at) == (MESSAGE_ID, f"mns:{MESSAGE_ID}", PUBLISHED_MS * 1000)


def test_unknown_fields_and_events_are_kept() -> None:
    """What the catalogue does not know is an event like any other, its numbers read all the same."""
    found = event({"Event": "OnJobDreaming", "ExitCode": "137", "Region": "1", "Tags": [{"Key": "a"}]})
    assert found.data == {"Event": "OnJobDreaming", "ExitCode": 137, "Region": "1", "Tags": [{"Key": "a"}]}
    assert found.kind == "OnJobDreaming"


def test_empty_values_are_null() -> None:
    """An empty number and an empty time are null, an empty text and an id stay."""
    sample = EVENTS["OnInstanceFailed"].sample() | {"ExitCode": "", "EndTime": "", "InstanceId": "7"}
    data = event(sample).data
    assert (data["ExitCode"], data["EndTime"], data["ErrorCode"], data["InstanceId"]) == (None, None, "", "7")


def test_odd_numbers_are_kept_and_listed() -> None:
    """Text that is no number stays, and the event says which fields that are."""
    found = event(EVENTS["OnInstanceFailed"].sample() | {"ExitCode": "SIGKILL", "Progress": True})
    assert (found.data["ExitCode"], found.data["Progress"]) == ("SIGKILL", True)
    assert set(found.odd_fields) == {"ExitCode", "Progress"}


def test_other_producers_fields_are_not_touched() -> None:
    """Only events named On… are Batch Compute's: in other JSON a text stays text."""
    mail = {"Event": "mail", "From": "10", "To": "", "StartTime": ""}
    found = event(mail)
    assert (found.data, found.odd_fields) == (mail, ())


def test_a_job_event_is_no_mns_envelope() -> None:
    """A job's own Message is data; only with a topic beside it is a Message an envelope's."""
    sample = EVENTS["OnJobFailed"].sample() | {"Message": '{"Event": "OnJobFinished"}'}
    assert event(sample).data["Message"] == '{"Event": "OnJobFinished"}'


@pytest.mark.parametrize("published", [PUBLISHED_MS, str(PUBLISHED_MS)])
def test_publish_time_is_a_number_or_text(published: object) -> None:
    """Both forms are seen in the field."""
    body = {"TopicName": "t", "Message": "{}", "PublishTime": published}
    assert event(body).at == PUBLISHED_MS * 1000


@pytest.mark.parametrize(
    "published",
    [None, "", "soon", -1, 0, 1_449_556_920, "1449556920", True, 1.5, [], "9" * 30, 10**17, "१", NOW],
)
def test_absurd_times_are_ignored(published: object) -> None:
    """Seconds for milliseconds, the future, and what is no time: then the receipt counts."""
    body = {"TopicName": "t", "Message": "{}", "PublishTime": published}
    assert event(body).at == NOW


def test_enqueue_time_counts_where_nothing_better_is_known() -> None:
    """A queue knows when it got the message; when it was published is better."""
    headers = {"x-mns-enqueue-time": "1600000000000"}
    assert event("{}", headers=headers).at == 1_600_000_000_000_000
    assert event(in_form("JSON", "{}"), headers=headers).at == PUBLISHED_MS * 1000


def test_the_times_of_a_job_are_data_and_no_clock() -> None:
    """When it was made, began and ended says nothing of when that was published."""
    times = {"CreationTime": "2016-11-01T15:00:00Z", "StartTime": "2016-11-01T15:30:00Z"}
    body = {"Event": "OnJobFailed", "JobId": "j", "EndTime": "2016-11-01T15:45:02.837728Z", **times}
    assert event(body).at == NOW
    headers = {"x-mns-enqueue-time": "1600000000000"}
    assert event(body, headers=headers).at == 1_600_000_000_000_000
    assert event({**CLOUD, "data": body}).at == NOW


MNS = {"TopicName": "t", "MessageId": "inner", "Message": "{}"}
CLOUD = {"specversion": "1.0", "id": "7", "source": "/jobs", "type": "failed"}


class TestIdentity:
    """What makes two receipts the same message: the strongest sign counts."""

    def test_the_inner_id_is_the_strongest(self) -> None:
        """Queue and push of one topic carry one inner id: it names the message, whatever came around it."""
        found = event(MNS, headers={"x-mns-message-id": "outer"}, identity="queue:1")
        assert (found.identity, found.id) == ("mns:inner", "inner")

    def test_then_the_envelopes_own(self) -> None:
        """A queue's message id is stronger than what a CloudEvent says."""
        assert event(CLOUD, identity="queue:1").identity == "queue:1"

    def test_then_a_cloudevents_source_and_id_together(self) -> None:
        """Both count, cut at the right place; an Idempotency-Key beside them does not."""
        same = [
            event(CLOUD, source=source, headers=headers).identity
            for source, headers in [("a", {}), ("b", {"idempotency-key": "k"})]
        ]
        assert same[0] == same[1]
        others = [
            {"id": "8"},
            {"source": "/job"},
            {"source": "/job", "id": "s7"},
            {"source": "/jobs7", "id": ""},
        ]
        assert same[0] not in {event(CLOUD | other).identity for other in others}

    def test_then_the_key_of_one_source(self) -> None:
        """The same Idempotency-Key at another source is another message."""
        keys = {"idempotency-key": "k"}
        first, again = event("{}", headers=keys), event("{}", headers=keys, received_at=NOW + 1)
        assert first.identity == again.identity
        assert first.id == again.id
        assert event("{}", headers=keys, source="other").identity != first.identity

    def test_else_every_receipt_is_new(self) -> None:
        """Nothing tells it: each receipt has an id of its own, which depends on nothing but the receipt."""
        first = envelope('{"a": 1}', position="1")
        assert event("{}").identity is None
        others = [
            replace(first, position="2"),
            replace(first, received_at=NOW + 1),
            replace(first, body=b"{}"),
        ]
        ids = [found.id for found in map(decode, [first, *others]) if isinstance(found, Event)]
        assert len(set(ids)) == 4
        again = decode(first)
        assert isinstance(again, Event)
        assert again.id == ids[0]

    def test_a_message_cannot_take_another_events_id(self) -> None:
        """A MessageId in the form of our own ids gets another id: two events never share one."""
        made = event("{}").id
        assert event(MNS | {"MessageId": made}).id != made

    @pytest.mark.parametrize("odd", ["a b", "x" * 65, "\x00", "<script>", "é", "../etc"])
    def test_an_odd_message_id_stays_out_of_ids(self, odd: str) -> None:
        """Foreign text stands in an id only if it is a plain word; it identifies the message all the same."""
        found = event(MNS | {"MessageId": odd})
        assert found.identity is not None
        assert odd not in found.id + found.identity
        assert found.identity == event(MNS | {"MessageId": odd}, received_at=NOW + 5).identity
        assert found.id.startswith("e-")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b"\xff\xfe", "neither JSON"),
        (b"hello", "neither JSON"),
        (b"[]", "array"),
        (b"42", "number"),
        (b"null", "null"),
        (b'"text"', "text"),
        (b'{"Event": }', "column 11"),
        (b'{"a": NaN}', "not JSON"),
        (b"{" * 200, "not JSON"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64"),
        (b"{" + b" " * MAX_BODY + b"}", str(MAX_BODY)),
        (b'{"TopicName": "t", "Message": "hello"}', "Message"),
        (b'{"TopicName": "t", "Message": "W10="}', "Message"),
        (b"<Notification>", "XML is broken"),
        (b"<Notification><Topic>t</Topic></Notification>", "no Message"),
        (b"<html><body/></html>", "root is html"),
        (b"<a>" * 9 + b"</a>" * 9, "deeper than 8"),
        (b"<Notification>" + b"<a/>" * 200 + b"</Notification>", "more than 200"),
        (b'<?xml version="1.0" encoding="gbk"?><Notification/>', "XML is broken"),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]><Notification><Message>&b;</Message></Notification>',
            "document type",
        ),
        (b"<Notification><Message>hello</Message></Notification>", "Message"),
        (base64.b64encode(b"hello"), "neither JSON"),
        (base64.b64encode(b"{}") + b"=", "neither JSON"),
        (base64.b64encode(b"{}").replace(b"=", b""), "neither JSON"),
    ],
)
def test_a_reason_says_what_is_wrong_and_what_to_do(body: bytes, said: str) -> None:
    """Each undecodable body has a reason a person can act on."""
    words = reason(body)
    assert said in words
    assert ": send " in words or ": publish " in words


def test_what_its_source_gave_up_is_set_aside_unread() -> None:
    """A message that came back too often is not looked into, and keeps its source's reason."""
    assert reason("{}", poison="received 11 times") == "received 11 times"


def test_a_reason_repeats_nothing_of_the_body() -> None:
    """What came in from outside does not get into our words."""
    assert "evil" not in reason("<evil\u202ename><Message/></evil\u202ename>")
    assert "evil" not in reason('{"TopicName": "t", "Message": "evil"}')


def test_lenient_base64_is_not_used() -> None:
    """A body that a lenient reader would take for base64 of an object is set aside."""
    packed = base64.b64encode(b'{"Event": "OnJobFailed"}').decode()
    assert event(packed).kind == "OnJobFailed"
    assert event(f" {packed}\n").kind == "OnJobFailed"
    for spoiled in (packed.replace("J", "J!", 1), packed[:4] + "\n" + packed[4:], packed + "===="):
        reason(spoiled)
