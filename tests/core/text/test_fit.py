"""Whatever an event says, what is sent fits the provider, whole."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.catalogue import EVENTS
from router.core.group import Reason
from router.core.message import Message
from router.core.notification import Cause
from router.core.text import KINDS
from router.core.text.kinds import Kind
from tests.core.text.corpus import CORPUS
from tests.core.text.making import a_rule, notified, rendered, sample

PIECES = [
    "a",
    "字",
    "😀",
    "👩‍👩‍👧",
    "🇨🇳",
    "e\u0301",
    "&",
    "<",
    "\n",
    '"',
    "\\",
    "`",
    "*",
    "[",
    "{",
    "\x1b",
    "\ud83d",
    "م",
    "{{",
]
#: Texts up to 60,000 characters that are quick to make: pieces, each repeated.
TEXTS = st.lists(
    st.tuples(st.sampled_from(PIECES) | st.text(max_size=5), st.integers(1, 3_000)), max_size=4
).map(lambda parts: "".join(piece * times for piece, times in parts))


def fits(message: Message, kind: Kind) -> bool:
    """Whether title and body together are within the limit, in its unit."""
    together = "\n".join(part for part in (message.title, message.body) if part)
    return kind.size(together) <= kind.limit and len(message.title) <= kind.title


def is_whole(text: str) -> bool:
    """No half of a pair, no accent without its letter after a mark, no entity or escape that was cut."""
    text.encode()
    cut = [at for at, character in enumerate(text) if character == "…"]
    return all(at + 1 == len(text) or not unicodedata.combining(text[at + 1]) for at in cut)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30)
@given(data=st.data())
def test_any_event_fits_every_kind(kind: str, data: st.DataObject) -> None:
    """For any words in any field, any reason, many alerts and causes: within the limit, and whole."""
    name = data.draw(st.sampled_from([*EVENTS, "Other"]))
    fields: dict[str, Any] = (
        dict(sample(name)) if name in EVENTS else {"type": "t", "title": "", "data": {"x": ""}}
    )
    for field in data.draw(st.sets(st.sampled_from(sorted(fields)), max_size=6)):
        if field != "Event":
            fields[field] = data.draw(TEXTS)
    notification = notified(
        fields,
        reason=data.draw(st.sampled_from(Reason)),
        keys=tuple(data.draw(st.lists(TEXTS.map(lambda text: text[:500]), max_size=6))),
        causes=tuple(Cause(data.draw(TEXTS), 7) for _ in range(data.draw(st.integers(0, 3)))),
    )
    message = rendered(notification, kind, language=data.draw(st.sampled_from(["en", "zh"])))
    assert fits(message, KINDS[kind])
    assert is_whole(message.title + message.body)
    assert message.title or message.body


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(detail=TEXTS)
def test_any_event_fits_through_a_rule_s_own_text(kind: str, detail: str) -> None:
    """The rule's own words stay whole around shortened values, or the built-in text takes their place."""
    rule = a_rule(title="BEGIN {{ Detail }}", body="BEGIN {{ Detail }} {{ Detail }} END")
    message = rendered(notified(sample("OnInstanceFailed", Detail=detail), rule), kind, rule)
    assert fits(message, KINDS[kind])
    assert is_whole(message.title + message.body)
    assert message.body.endswith("END") or "the built-in text was used" in "".join(message.faults)


@pytest.mark.parametrize("kind", ["slack", "wecom", "sms", "plain", "short"])
def test_a_shortened_text_says_so(kind: str) -> None:
    """Where something was left out there is a mark."""
    data = sample("OnInstanceFailed", ExitCode=1, ErrorMessage="字" * 5_000, Detail="x" * 5_000)
    body = rendered(notified(data), kind).body
    assert "…" in body or "..." in body or "shortened" in body or "字" not in body


def test_the_headline_survives_longest() -> None:
    """In the smallest of channels there is still what failed."""
    data = sample("OnInstanceFailed", ExitCode=137, Task="render", InstanceId="41")
    assert rendered(notified(data), "pager").body.startswith("Instance 41 of render failed: exit code 137")


@pytest.mark.parametrize("hostile", CORPUS)
def test_one_line_of_a_sms_is_a_line_of_ours(hostile: str) -> None:
    """No value makes a line of its own, so none looks like one of ours."""
    plain = rendered(notified(sample("OnInstanceFailed", ExitCode=1, ErrorMessage="x")), "sms").body
    changed = rendered(notified(sample("OnInstanceFailed", ExitCode=1, ErrorMessage=hostile)), "sms").body
    assert len(changed.splitlines()) <= len(plain.splitlines())


ACK = {"ack": "https://alerts.example.com/a/" + "A" * 40}


@pytest.mark.parametrize(
    ("kind", "language", "has_link"),
    [("sms", "en", True), ("sms", "zh", True), ("short", "en", True), ("pager", "en", False)],
)
def test_a_link_leaves_words_of_what_happened(kind: str, language: str, has_link: bool) -> None:
    """The error is shortened for the link, and where both have no room, the link is left out."""
    data = sample("OnJobFailed", JobName="nightly", Message="out of memory " * 30)
    body = rendered(notified(data, links=ACK), kind, language=language).body
    assert (ACK["ack"] in body) == has_link
    assert has_link == ("out of memory" in body)
