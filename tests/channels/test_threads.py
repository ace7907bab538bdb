"""A group's later messages stand below its first, where the provider can do that."""

from dataclasses import replace

import pytest

from router.core.delivery import Outcome, Thread, Verdict
from router.core.message import Message
from tests.channels.mail_servers import mailbox
from tests.channels.making import DELIVERY, MESSAGE, send
from tests.channels.servers import Behaviour, Provider, answer, reset

BOT = "slack://xoxb-1234-1234-abc124/#general"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544"
POSTED = answer(200, {"ok": True, "channel": "C024BE91L", "ts": "1503435956.000247"})
DONE = replace(MESSAGE, title="job-1 is well", body="after 3 min", data={"reason": "resolved"})
BELOW = Thread("#general C024BE91L 1503435956.000247", MESSAGE.to_json())


def slack(
    provider: Provider,
    *behaviours: Behaviour,
    message: Message = DONE,
    url: str = BOT,
    thread: Thread | None = BELOW,
) -> Verdict:
    provider.does(*behaviours)
    delivery = replace(DELIVERY, thread=thread)
    return send(url, message, delivery, egress={"https://slack.com": provider.origin})


def test_slack_says_what_it_calls_the_first(provider: Provider) -> None:
    """The answer's channel and time name the message, with the channel as the URL names it."""
    assert slack(provider, POSTED, thread=None).reference == BELOW.reference
    (request,) = provider.received
    assert "thread_ts" not in request.json


def test_a_later_message_stands_below_and_the_first_shows_how_things_are(provider: Provider) -> None:
    """The first keeps its text, under the title and in the colour of now."""
    said = slack(provider, POSTED)
    assert (said.outcome, said.reference) == (Outcome.ACCEPTED, None)
    below, edit = provider.received
    assert (below.target, edit.target) == ("/api/chat.postMessage", "/api/chat.update")
    assert (below.json["channel"], below.json["thread_ts"]) == ("C024BE91L", "1503435956.000247")
    assert "reply_broadcast" not in below.json
    assert below.json["text"] == "job-1 is well"
    assert (edit.json["channel"], edit.json["ts"]) == ("C024BE91L", "1503435956.000247")
    (attachment,) = edit.json["attachments"]
    assert (edit.json["text"], attachment["color"]) == ("job-1 is well", "#2e7d32")
    assert attachment["blocks"][0]["text"]["text"] == MESSAGE.body


def test_what_is_worse_is_shown_in_the_channel_too(provider: Provider) -> None:
    """Who does not follow the thread hears of it."""
    slack(provider, POSTED, message=replace(MESSAGE, data={"reason": "worse"}))
    assert provider.received[0].json["reply_broadcast"] is True


@pytest.mark.parametrize(
    "failing",
    [
        answer(200, {"ok": False, "error": "cant_update_message"}),
        answer(429, "slow", {"Retry-After": "9"}),
        answer(500),
        reset,
    ],
)
def test_an_edit_that_fails_changes_nothing(provider: Provider, failing: Behaviour) -> None:
    """The message below was accepted, and that counts."""
    said = slack(provider, POSTED, failing)
    assert (said.outcome, said.retry_at, said.broken) == (Outcome.ACCEPTED, None, False)
    assert len(provider.received) == 2


@pytest.mark.parametrize(
    ("failing", "outcome"),
    [
        (answer(200, {"ok": False, "error": "token_revoked"}), Outcome.REFUSED),
        (answer(429, "slow", {"Retry-After": "9"}), Outcome.THROTTLED),
        (answer(500), Outcome.UNREACHABLE),
        (reset, Outcome.UNKNOWN),
    ],
)
def test_a_message_below_that_fails_edits_nothing(
    provider: Provider, failing: Behaviour, outcome: Outcome
) -> None:
    """The first shows no state that was not told."""
    assert slack(provider, failing).outcome is outcome
    assert len(provider.received) == 1


@pytest.mark.parametrize("error", ["thread_not_found", "channel_not_found"])
def test_where_the_first_is_gone_a_new_one_begins(provider: Provider, error: str) -> None:
    """Somebody deleted it: the message is told in the channel, and the next stands below it."""
    again = answer(200, {"ok": True, "channel": "C024BE91L", "ts": "1503435999.000001"})
    said = slack(provider, answer(200, {"ok": False, "error": error}), again)
    assert said.outcome is Outcome.ACCEPTED
    assert said.reference == "#general C024BE91L 1503435999.000001"
    assert "thread_ts" not in provider.received[1].json


@pytest.mark.parametrize(
    ("failing", "outcome"),
    [
        (answer(429, "slow", {"Retry-After": "9"}), Outcome.THROTTLED),
        (answer(500), Outcome.UNREACHABLE),
        (answer(403), Outcome.REFUSED),
        (reset, Outcome.UNKNOWN),
    ],
)
def test_a_new_one_that_fails_is_judged_by_its_own_answer(
    provider: Provider, failing: Behaviour, outcome: Outcome
) -> None:
    """That the first is gone is no refusal of the message."""
    gone = answer(200, {"ok": False, "error": "thread_not_found"})
    assert slack(provider, gone, failing).outcome is outcome


@pytest.mark.parametrize("url", [f"{BOT}:1405894322.002768", "slack://xoxb-1234-1234-abc124/#other"])
def test_slack_posts_where_its_url_says(provider: Provider, url: str) -> None:
    """A thread that the URL names, or another channel than the first message's, comes before the group's."""
    assert slack(provider, POSTED, url=url).outcome is Outcome.ACCEPTED
    (request,) = provider.received
    assert request.json["channel"] == url.split("/")[-1].split(":")[0]
    assert request.json.get("thread_ts") != "1503435956.000247"


def telegram(provider: Provider, thread: Thread | None) -> Verdict:
    provider.does(answer(200, {"ok": True, "result": {"message_id": 77}}))
    egress = {"https://api.telegram.org": provider.origin}
    return send(TELEGRAM, delivery=replace(DELIVERY, thread=thread), egress=egress)


def test_telegram_answers_the_first(provider: Provider) -> None:
    """A later message is an answer to it, sent also where it was deleted; in another chat it begins anew."""
    first = telegram(provider, None)
    assert first.reference == "12315544 77"
    assert telegram(provider, Thread("12315544 77", "")).reference is None
    assert telegram(provider, Thread("99 77", "")).reference == "12315544 77"
    answers = [request.json.get("reply_parameters") for request in provider.received]
    assert answers == [None, {"message_id": 77, "allow_sending_without_reply": True}, None]


def test_a_later_mail_answers_the_first() -> None:
    """The first is named by its Message-ID; what follows refers to it and to the group."""
    with mailbox() as box:
        url = f"mailto://127.0.0.1:{box.port}?from=router@example.com&to=night@example.net"
        first = send(url).reference
        assert first == "<d-0123456789abcdef@example.com>"
        later = replace(DELIVERY, id="d-2", thread=Thread(first, ""))
        assert send(url, delivery=later).reference is None
    began, answered = box.mails
    assert (began["In-Reply-To"], began["References"]) == (None, "<g-1@example.com>")
    assert answered["In-Reply-To"] == first
    assert answered["References"] == f"<g-1@example.com> {first}"


def test_what_was_not_accepted_has_no_name(provider: Provider) -> None:
    """A reference is kept of accepted messages only."""
    said = slack(provider, answer(200, {"ok": False, "error": "fatal_error"}), thread=None)
    assert (said.outcome, said.reference) == (Outcome.UNREACHABLE, None)
