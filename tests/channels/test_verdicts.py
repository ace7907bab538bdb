"""The table from recorded exchanges to verdicts."""

import time
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.channels import answers
from router.channels.providers import PROVIDERS
from router.channels.recording import Exchange
from router.channels.verdicts import LONGEST_WAIT, Judge
from router.core.delivery import SECOND, Outcome
from router.core.filter import Filter
from tests.channels.making import DELIVERY, MESSAGE, NOW, channel, send
from tests.channels.servers import Behaviour, Provider, answer, reset

HOOK = "json://127.0.0.1"


def answered(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Exchange:
    return Exchange(
        "POST",
        "https://example.com",
        sent=True,
        status=status,
        headers=headers or {},
        body=body,
        complete=True,
    )


@pytest.mark.parametrize(
    ("status", "outcome", "broken"),
    [
        (200, Outcome.ACCEPTED, False),
        (299, Outcome.ACCEPTED, False),
        (301, Outcome.REFUSED, True),
        (400, Outcome.REFUSED, False),
        (401, Outcome.REFUSED, True),
        (403, Outcome.REFUSED, True),
        (404, Outcome.REFUSED, True),
        (408, Outcome.UNREACHABLE, False),
        (410, Outcome.REFUSED, True),
        (413, Outcome.REFUSED, False),
        (425, Outcome.UNREACHABLE, False),
        (429, Outcome.THROTTLED, False),
        (500, Outcome.UNREACHABLE, False),
        (501, Outcome.REFUSED, False),
        (502, Outcome.UNREACHABLE, False),
        (503, Outcome.THROTTLED, False),
        (504, Outcome.UNREACHABLE, False),
        (522, Outcome.UNREACHABLE, False),
    ],
)
def test_what_a_status_means(status: int, outcome: Outcome, broken: bool) -> None:
    """Without codes of the provider's own, the status decides; for good, for now, or about the channel."""
    said = Judge(single=True).verdict([answered(status)], True, NOW)
    assert (said.outcome, said.broken, said.status) == (outcome, broken, status)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7 * SECOND),
        ("0.5", SECOND // 2),
        ("0", 0),
        ("-5", 0),
        ("99999999", LONGEST_WAIT),
        ("inf", LONGEST_WAIT),
        ("Tue, 14 Nov 2023 22:14:00 GMT", 40 * SECOND),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
        ("Fri, 31 Dec 2999 23:59:59 GMT", LONGEST_WAIT),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Tue, 99 Nov 2023 99:99:99 GMT", None),
        ("Tue, 14 Nov 99999999999999999999 22:14:00 GMT", None),
        ("Tue, 14 Nov 2023 22:14:00 +999999999999999999", None),
    ],
)
def test_how_long_to_wait(header: str, wait: int | None) -> None:
    """``Retry-After`` is seconds or a date; what is absurd is cut to an hour, what is neither is ignored."""
    said = Judge().verdict([answered(429, headers={"Retry-After": header})], False, NOW)
    assert said.outcome is Outcome.THROTTLED
    assert said.retry_at == (None if wait is None else NOW + wait)


def test_a_time_on_a_client_error_is_a_throttle() -> None:
    """A provider that says when to come back has not refused for good."""
    said = Judge().verdict([answered(420, headers={"Retry-After": "3"})], False, NOW)
    assert (said.outcome, said.retry_at) == (Outcome.THROTTLED, NOW + 3 * SECOND)


def test_no_time_counts_on_an_acceptance() -> None:
    """A header on a 200 delays nothing."""
    assert Judge().verdict([answered(200, headers={"Retry-After": "9"})], True, NOW).retry_at is None


@pytest.mark.parametrize("claimed", [True, False])
def test_nothing_was_sent(claimed: bool) -> None:
    """A plugin that made no request delivered nothing, whatever it says."""
    assert Judge().verdict([], claimed, NOW).outcome is Outcome.REFUSED


def test_the_exchange_that_decided_is_told() -> None:
    """Of several requests the one that explains the plugin's word is on record."""
    login, post, goodbye = answered(200, b"welcome"), answered(403, b"not you"), answered(200, b"bye")
    assert Judge().verdict([login, post, goodbye], False, NOW).status == 403
    assert Judge().verdict([post, login], True, NOW).answer == "welcome"


@pytest.mark.parametrize(("claimed", "outcome"), [(True, Outcome.ACCEPTED), (False, Outcome.UNKNOWN)])
def test_a_service_without_http(claimed: bool, outcome: Outcome) -> None:
    """For syslog or IRC only the plugin's word counts; when it failed nobody knows how far it came."""
    assert Judge(recorded=False).verdict([], claimed, NOW).outcome is outcome


@pytest.mark.parametrize(
    ("exchanges", "outcome"),
    [
        ([], Outcome.REFUSED),
        ([Exchange("POST", "https://example.com")], Outcome.UNREACHABLE),
        ([Exchange("POST", "https://example.com", sent=True)], Outcome.UNKNOWN),
        ([answered(200)], Outcome.UNKNOWN),
        ([answered(403)], Outcome.REFUSED),
    ],
)
def test_a_plugin_that_raises(exchanges: list[Exchange], outcome: Outcome) -> None:
    """A plugin's bug is a verdict like any other, by how far it came."""
    assert Judge().failed(exchanges, "KeyError", NOW).outcome is outcome


@pytest.mark.parametrize(
    ("judge", "exchanges", "outcome"),
    [
        (Judge(), [], Outcome.UNREACHABLE),
        (Judge(recorded=False), [], Outcome.UNKNOWN),
        (Judge(), [answered(200), Exchange("POST", "https://example.com")], Outcome.UNKNOWN),
        (Judge(), [answered(429)], Outcome.THROTTLED),
        (Judge(single=True), [answered(200)], Outcome.ACCEPTED),
        (Judge(), [answered(200)], Outcome.UNKNOWN),
    ],
)
def test_out_of_time(judge: Judge, exchanges: list[Exchange], outcome: Outcome) -> None:
    """A send that is given up at its deadline is judged by how far it came."""
    assert judge.late(exchanges, 12, NOW).outcome is outcome


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ('{"accepted": 1}', Outcome.ACCEPTED),
        ('{"accepted": 0}', Outcome.REFUSED),
        ("{}", Outcome.REFUSED),
        ("not JSON", Outcome.REFUSED),
    ],
)
def test_accept_decides_for_a_success(provider: Provider, body: str, outcome: Outcome) -> None:
    """With ``accept`` a 2xx counts only where the filter holds for the JSON answer."""
    provider.does(answer(200, body))
    said = send(f"{HOOK}:{provider.port}/", accept=Filter("accepted > `0`"))
    assert said.outcome is outcome


def test_accept_overrules_the_providers_own_code(provider: Provider) -> None:
    """A gateway with codes of its own can be told from its answer; a code that says "later" stays one."""
    ding = f"dingtalk://{'a' * 64}"
    egress = {"https://oapi.dingtalk.com": provider.origin}
    provider.does(answer(200, {"errcode": 1, "queued": True}), answer(200, {"errcode": 130101}))
    accept = Filter("queued")
    assert send(ding, egress=egress, accept=accept).outcome is Outcome.ACCEPTED
    assert send(ding, egress=egress, accept=accept).outcome is Outcome.THROTTLED


def test_an_error_status_is_no_acceptance(provider: Provider) -> None:
    """``accept`` never makes a 500 an acceptance."""
    provider.does(answer(500, {"accepted": 1}))
    assert send(f"{HOOK}:{provider.port}/", accept=Filter("accepted")).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"errcode": 310000, "errmsg": "sign not match"}', "310000: sign not match"),
        ('{"error": {"code": "E1", "message": "no"}}', "E1: no"),
        ('{"error": "invalid_grant", "error_description": "expired"}', "expired"),
        ('{"errors": ["user key is invalid"], "status": 0}', '["user key is invalid"]'),
        ('{"something": "else"}', '{"something": "else"}'),
        ("<html><head><title>502 Bad\nGateway</title></head></html>", "502 Bad Gateway"),
        ("no_service", "no_service"),
        ("a\x00b\x1b[31mc\r\nd", "a b [31mc d"),
        ("\ufeff \u202eevil", "evil"),
    ],
)
def test_the_providers_words(provider: Provider, body: str, words: str) -> None:
    """From whatever a provider answers, one line of its words is kept."""
    provider.does(answer(400, body))
    assert send(f"{HOOK}:{provider.port}/").answer == f"400 Bad Request: {words}"


def test_a_page_of_titles_costs_nothing() -> None:
    """An answer made to be slow to read is read at once."""
    begun = time.thread_time()
    Judge().verdict([answered(400, b"<title>" * 9000)], False, NOW)
    assert time.thread_time() - begun < 2


@pytest.mark.parametrize("nested", [(b'{"error":', b"}"), (b"[", b"]")])
def test_an_answer_nested_deeper_than_anybody_reads_is_judged_by_its_status(
    nested: tuple[bytes, bytes],
) -> None:
    """Its words are the answer as it came."""
    body = b'{"errors":' + nested[0] * 900 + b"1" + nested[1] * 900 + b"}"
    assert Judge().verdict([answered(200, body)], True, NOW).outcome is Outcome.ACCEPTED
    said = Judge().verdict([answered(400, body)], False, NOW)
    assert (said.outcome, said.answer) == (Outcome.REFUSED, f"400: {body.decode()}")


@given(body=st.binary(max_size=2000), status=st.integers(200, 599))
def test_no_answer_breaks_a_rule(body: bytes, status: int) -> None:
    """Every rule has a verdict for every answer, and its words are bounded."""
    for rule in {provider.rule for provider in PROVIDERS.values()} | {answers.usual}:
        Judge(rule, single=True).verdict([answered(status, body)], True, NOW)


NAMES = st.sampled_from(["ok", "errcode", "code", "messages", "status", "parameters", "retry_after", "error"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


@given(found=JSON, status=st.sampled_from([200, 400, 429, 500]))
def test_no_json_breaks_a_rule(found: object, status: int) -> None:
    """Fields of the wrong type are no fault of ours."""
    try:
        body = orjson.dumps(found)
    except TypeError:
        return
    for rule in {provider.rule for provider in PROVIDERS.values()} | {answers.usual}:
        Judge(rule, single=True).verdict([answered(status, body)], True, NOW)


def test_telegrams_and_discords_own_times(provider: Provider) -> None:
    """Both say in the body how long to wait."""
    provider.does(answer(429, {"ok": False, "parameters": {"retry_after": 35}}))
    egress = {"https://api.telegram.org": provider.origin, "https://discord.com": provider.origin}
    said = send("tgram://123456789:abcdefg_hijklmnop/12315544", egress=egress)
    assert said.retry_at == NOW + 35 * SECOND
    provider.does(answer(429, {"message": "slow", "retry_after": 0.25}, {"Retry-After": "1"}))
    said = send(f"discord://{'1' * 18}/{'b' * 68}", egress=egress)
    assert said.retry_at == NOW + SECOND // 4


PERSON = answer(200, {"ok": True, "user": {"id": "U123"}})
WRITTEN = answer(200, {"ok": True, "result": [{"message": {"from": {"id": 5, "first_name": "Chris"}}}]})


@pytest.mark.parametrize(
    ("url", "found", "sent"),
    [
        ("slack://xoxb-1234-1234-abc124/night@example.com", PERSON, {"ok": True, "ts": "1.2"}),
        ("tgram://123456789:abcdefg_hijklmnop/", WRITTEN, {"ok": True, "result": {"message_id": 7}}),
    ],
)
@pytest.mark.parametrize(
    ("posted", "outcome"),
    [
        (None, Outcome.ACCEPTED),
        (answer(429, "slow", {"Retry-After": "9"}), Outcome.THROTTLED),
        (answer(500), Outcome.UNREACHABLE),
        (answer(403), Outcome.REFUSED),
        (reset, Outcome.UNKNOWN),
    ],
)
def test_a_look_up_that_went_well_is_no_acceptance(
    provider: Provider,
    url: str,
    found: Behaviour,
    sent: dict[str, object],
    posted: Behaviour | None,
    outcome: Outcome,
) -> None:
    """Where a person or a chat is looked up first, the answer to the message decides."""
    provider.does(found, posted or answer(200, sent))
    egress = {"https://slack.com": provider.origin, "https://api.telegram.org": provider.origin}
    assert send(url, egress=egress).outcome is outcome
    assert len(provider.received) == 2


@pytest.mark.parametrize(
    ("url", "nobody"),
    [
        ("slack://xoxb-1234-1234-abc124/night@example.com", {"ok": True, "user": {"id": ""}}),
        ("tgram://123456789:abcdefg_hijklmnop/", {"ok": True, "result": []}),
    ],
)
def test_a_look_up_that_finds_nobody_is_a_refusal(
    provider: Provider, url: str, nobody: dict[str, object]
) -> None:
    """The provider's yes is to the question: nothing was sent, and the channel says so.

    A look-up that breaks has told nobody, either: it is tried again without doubt.
    """
    egress = {"https://slack.com": provider.origin, "https://api.telegram.org": provider.origin}
    provider.does(answer(200, nobody))
    said = send(url, egress=egress)
    assert (said.outcome, said.broken) == (Outcome.REFUSED, True)
    provider.does(reset)
    assert send(url, egress=egress).outcome is Outcome.UNREACHABLE


def test_services_that_nobody_reads_are_marked(provider: Provider) -> None:
    """A channel says whether a 2xx is all there is; the usual words of a refusal count nevertheless."""
    bark = channel(f"bark://127.0.0.1:{provider.port}/abcdefgh")
    assert getattr(bark, "unverified") is True  # noqa: B009
    assert getattr(channel(f"{HOOK}/"), "unverified") is False  # noqa: B009
    provider.does(answer(200, {"success": True}))
    assert bark.send(MESSAGE, DELIVERY).answer.endswith("(unverified: this service's answers are not read)")
    provider.does(answer(200, {"success": False, "message": "no such device"}))
    said = bark.send(MESSAGE, replace(DELIVERY))
    assert (said.outcome, said.answer) == (Outcome.REFUSED, "no such device")
    provider.does(answer(200, {"code": 80403, "error": "no such key"}))
    assert bark.send(MESSAGE, DELIVERY).outcome is Outcome.REFUSED
    provider.does(answer(200, {"code": 0, "error": "none"}))
    assert bark.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
