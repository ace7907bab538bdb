"""Genuine pushes pass, all others are refused, and nobody is asked about them."""

import asyncio
import os
import random
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.catalogue import EVENTS
from router.core.event import Event, Undecodable
from router.decoders import decode
from router.errors import RouterError
from router.mns.keys import PushKey
from router.mns.notification import push_request
from router.mns.topics import Published, Subscription
from router.ports import Request
from router.sources.mns_push import MnsPushSource
from router.sources.mns_signature import Pinned, Verifier, public_key
from tests.sources.pushes import (
    BODY,
    CERTIFICATE,
    NOW,
    forms,
    push,
    signed,
    with_header,
    without_header,
)

PINNED = Pinned(public_key(CERTIFICATE))
RANDOM_BODIES = 10_000 if os.environ.get("ALERT_ROUTER_TORTURE") else 500


def verify(request: Request, verifier: Verifier | None = None) -> None:
    asyncio.run((verifier or Verifier(PINNED, {})).verify(request))


def refusal(request: Request, verifier: Verifier | None = None) -> str:
    with pytest.raises(RouterError) as error:
        verify(request, verifier)
    assert error.value.code == "forbidden"
    return error.value.message


def test_a_push_under_a_512_bit_key_with_a_certificate_that_has_ended() -> None:
    """Such a key, and such a certificate, are what MNS was seen to use: both are fine."""
    assert PINNED.key.key_size == 512
    verify(push())


@pytest.mark.parametrize("form", forms(b""))
def test_every_form_of_the_digest(form: str) -> None:
    """Hexadecimal in either case, base64 of it, base64 of the bytes."""
    verify(push(headers={"content-md5": forms(BODY)[form]}))


def test_the_stand_ins_pushes_in_each_format() -> None:
    """What the stand-in signs with its 2048-bit key verifies under its certificate."""
    key = PushKey()
    verifier = Verifier(Pinned(public_key(key.certificate_pem())), {})
    for content_format in ("XML", "JSON", "SIMPLIFIED"):
        message = Published("id", "events", "body", NOW, "red")
        subscription = Subscription("events", "s", "http://host/a/b?c=d%20e", content_format=content_format)
        made = push_request(message, subscription, "text", key, "https://x/", "request", NOW)
        headers = {name.lower(): value for name, value in made.headers.items()}
        verify(Request("POST", made.target, headers, made.body, NOW), verifier)


def test_bytes_beyond_ascii_in_a_header() -> None:
    """A tag in Chinese comes as bytes that were read as Latin-1; the same bytes were signed."""
    verify(push(headers={"x-mns-message-tag": "任务".encode().decode("latin-1")}))


@pytest.mark.parametrize("name", ["content-type", "date", "x-mns-topic-name", "x-mns-request-id"])
def test_a_header_that_was_changed(name: str) -> None:
    """Every signed header is covered, also one that is missing."""
    assert refusal(with_header(push(), name, "other")) == "the signature is wrong"
    assert refusal(without_header(push(), name)) == "the signature is wrong"


def test_a_header_that_was_added() -> None:
    """An x-mns- header that MNS did not sign is noticed; any other is not looked at."""
    assert refusal(with_header(push(), "x-mns-message-tag", "red")) == "the signature is wrong"
    verify(with_header(push(), "x-forwarded-for", "10.0.0.1"))


@pytest.mark.parametrize(
    "change", [{"target": "/other"}, {"target": "/v1/events/push?a=b"}, {"method": "PUT"}]
)
def test_another_address_or_method(change: dict[str, Any]) -> None:
    """A push to one address is none to another."""
    assert refusal(replace(push(), **change)) == "the signature is wrong"


def test_an_altered_body() -> None:
    """The digest does not fit; a digest that fits does not fit the signature."""
    altered = replace(push(), body=BODY.replace(b"Failed", b"Finish"))
    assert refusal(altered) == "Content-MD5 is missing or does not fit the body"
    fitting = with_header(altered, "content-md5", forms(altered.body)["HEX"])
    assert refusal(fitting) == "the signature is wrong"


@pytest.mark.parametrize("digest", ["", "AAAA", "=", "ÿ", "0" * 32, "Z" * 32])
def test_a_digest_that_is_none(digest: str) -> None:
    """Missing or garbage, and signed by whoever: refused."""
    request = signed(with_header(push(), "content-md5", digest))
    assert refusal(request) == "Content-MD5 is missing or does not fit the body"


def test_a_digest_that_is_missing() -> None:
    """Without it the body is not covered by the signature at all."""
    request = signed(without_header(push(), "content-md5"))
    assert refusal(request) == "Content-MD5 is missing or does not fit the body"


@pytest.mark.parametrize("value", ["", "not base64!", "AAAA", "ÿ", "A" * 100_000])
def test_a_signature_that_is_none(value: str) -> None:
    """Missing, garbage, too short, far too long."""
    assert refusal(with_header(push(), "authorization", value))


def test_the_signature_of_another_key() -> None:
    """Signed as it should be, by somebody else."""
    verifier = Verifier(Pinned(public_key(PushKey().certificate_pem())), {})
    assert refusal(push(), verifier) == "the signature is wrong"


def test_what_is_expected_in_headers() -> None:
    """Owner, topic and subscription as configured; another one is refused by its name."""
    expect = {"owner": "123", "topic": "events", "subscription": "router"}
    verify(push(), Verifier(PINNED, expect))
    for name in expect:
        other = Verifier(PINNED, {**expect, name: "another"})
        assert refusal(push(), other) == f"the push is not from the {name} that is expected"


@pytest.mark.parametrize(
    "body",
    [
        b'{"TopicOwner": "123", "TopicName": "events", "Message": "x"}',
        b"<?xml version='1.0'?><Notification xmlns='http://mns.aliyuncs.com/doc/v1/'>"
        b"<TopicOwner>123</TopicOwner><TopicName>events</TopicName></Notification>",
    ],
)
def test_what_is_expected_in_the_body(body: bytes) -> None:
    """The XML and JSON forms say it in the body, which the digest covers."""
    request = push(body)
    for name in ("x-mns-topic-owner", "x-mns-topic-name"):
        request = without_header(request, name)
    verify(signed(request), Verifier(PINNED, {"owner": "123", "topic": "events"}))
    assert refusal(signed(request), Verifier(PINNED, {"owner": "124"}))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<",
        b"not json",
        b'<!DOCTYPE n [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b"<n><TopicOwner>&b;</TopicOwner></n>",
        b'<!DOCTYPE n SYSTEM "http://127.0.0.1:1/x"><n><TopicOwner>123</TopicOwner></n>',
        b"<?xml version='1.0' encoding='utf-7'?><n/>",
    ],
)
def test_a_body_that_says_nothing_of_what_is_expected(body: bytes) -> None:
    """Nothing there, no JSON, an XML bomb, an outside entity: all are just not what is expected."""
    request = signed(without_header(push(body), "x-mns-topic-owner"))
    assert (
        refusal(request, Verifier(PINNED, {"owner": "123"}))
        == "the push is not from the owner that is expected"
    )


def test_old_pushes() -> None:
    """Without max_age any date is fine: a retry may be a day old. With it, not."""
    old = push(received_at=NOW + 3600 * 1_000_000)
    verify(old)
    strict = Verifier(PINNED, {}, max_age=900 * 1_000_000)
    verify(push(received_at=NOW + 899 * 1_000_000), strict)
    assert refusal(old, strict) == "the push is older, or younger, than max_age allows"
    assert refusal(push(received_at=NOW - 3600 * 1_000_000), strict)
    for date in ("", "yesterday", "Mon, 99 Foo 20000 00:00:00 GMT"):
        assert refusal(push(headers={"date": date}), strict) == "the push has no date"


@given(
    st.dictionaries(st.sampled_from(sorted(push().headers)), st.text(max_size=60)), st.binary(max_size=200)
)
def test_whatever_the_headers_hold(headers: dict[str, str], body: bytes) -> None:
    """Any headers and any body: refused, and nothing else happens."""
    request = Request("POST", "/v1/events/push", headers, body, NOW)
    assert refusal(request, Verifier(PINNED, {"owner": "1"}, max_age=1))


@pytest.mark.slow
def test_random_bodies_are_refused() -> None:
    """Thousands of random bodies under the headers of a genuine push: none passes, none crashes."""
    chance = random.Random(11)
    genuine = push()
    verifier = Verifier(PINNED, {"owner": "1"})

    async def all_of_them() -> int:
        refused = 0
        for _ in range(RANDOM_BODIES):
            try:
                await verifier.verify(replace(genuine, body=chance.randbytes(chance.randrange(2000))))
            except RouterError:
                refused += 1
        return refused

    assert asyncio.run(all_of_them()) == RANDOM_BODIES


XML_BOMB = (
    b"<?xml version='1.0'?><!DOCTYPE n [<!ENTITY a 'aaaaaaaaaa'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><Notification><TopicName>&j;</TopicName><Message>&j;</Message></Notification>"
)


@pytest.mark.parametrize(
    "body",
    [XML_BOMB, b"<" * 60_000, b"<a>" * 20_000, b"[" * 60_000, b"\xff" * 1000, b"=" * 60_000, b"", b"null"],
    ids=["bomb", "open", "deep", "deep JSON", "no text", "no base64", "empty", "null"],
)
def test_genuine_pushes_of_hostile_bodies(body: bytes) -> None:
    """Who may publish may publish anything: it is set aside, quickly, and nothing breaks."""
    source = MnsPushSource("push", "/v1/events/push", Verifier(PINNED, {}).verify)
    started = time.process_time()
    (envelope,) = asyncio.run(source.receive(push(body)))
    assert isinstance(decode(envelope), Undecodable)
    assert time.process_time() - started < 2


@pytest.mark.slow
def test_genuine_pushes_of_random_bodies() -> None:
    """Thousands of them, random bytes and broken events: each is an event or set aside."""
    chance = random.Random(12)
    source = MnsPushSource("push", "/v1/events/push", Verifier(PINNED, {}).verify)
    event = EVENTS["OnInstanceFailed"].sample_text.encode()

    def body() -> bytes:
        if chance.random() < 0.5:
            return chance.randbytes(chance.randrange(500))
        broken = bytearray(event)
        for _ in range(chance.randrange(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        return bytes(broken)

    async def all_of_them() -> set[type]:
        found: set[type] = set()
        for _ in range(RANDOM_BODIES):
            (envelope,) = await source.receive(push(body()))
            found.add(type(decode(envelope)))
        return found

    assert asyncio.run(all_of_them()) == {Event, Undecodable}


def test_a_certificate_without_an_rsa_key() -> None:
    """Another kind of key, or no certificate at all, is said in words."""
    with pytest.raises(ValueError, match="PEM"):
        public_key(b"no certificate")
