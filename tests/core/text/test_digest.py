"""Many messages told as one: what is kept of each, and what fits."""

import pytest

from router.core.message import Message
from router.core.text import KINDS
from router.core.text.digest import digests
from router.core.text.kinds import Kind
from tests.core.text.making import a_rule, notified, rendered, sample
from tests.core.text.test_mail import FAILED, Page

FOLDING = [kind for kind in KINDS.values() if kind.folds]
LINK = "https://alerts.example.com/deliveries?channel=oncall"


def some(kind: str, count: int, severity: str = "warning") -> list[Message]:
    """Messages of that many jobs."""
    rule = a_rule(severity=severity)
    return [
        rendered(notified(sample("OnJobFailed", JobId=f"job-{n:05}", JobName=f"n-{n:05}"), rule=rule), kind)
        for n in range(count)
    ]


@pytest.mark.parametrize("kind", FOLDING, ids=lambda kind: kind.name)
@pytest.mark.parametrize(("count", "most"), [(2, 1), (30, 2), (400, 3)])
def test_it_fits_every_provider_and_counts_all(kind: Kind, count: int, most: int) -> None:
    """However many there are: no more digests than asked for, each within the limit, no message left out."""
    messages = some(kind.name, count)
    made = digests(messages, kind.name, most, link=LINK)
    assert len(made) <= most
    assert sum(one.count for one in made) == count
    for one in made:
        title = one.message.title
        assert len(title) <= kind.title or not kind.title
        assert kind.size(f"{title}\n{one.message.body}" if title else one.message.body) <= kind.limit


def test_all_of_it_is_told_where_it_fits() -> None:
    """In full, each under its title, in order."""
    messages = some("dingtalk", 20)
    [one] = digests(messages, "dingtalk", 1)
    assert "20 messages together" in one.message.title
    assert all(f"**{message.title}**\n\n{message.body}" in one.message.body for message in messages)


def test_several_are_made_before_anything_is_left_out() -> None:
    """As many as may be sent; only then are texts shortened."""
    messages = some("dingtalk", 150)
    made = digests(messages, "dingtalk", 9)
    assert 1 < len(made) <= 9
    said = "".join(one.message.body for one in made)
    assert all(message.body in said for message in messages)
    [short] = digests(messages, "dingtalk", 1)
    assert all(message.title in short.message.body for message in messages)
    assert not all(message.body in short.message.body for message in messages)


def test_what_is_not_shown_is_counted_by_severity() -> None:
    """With the link to the list of all of them."""
    messages = [*some("slack", 5, "critical"), *some("slack", 995)]
    [one] = digests(messages, "slack", 1, link=LINK)
    assert one.message.severity == "critical"
    assert "1,000 messages together" in one.message.title
    assert "WARNING" in one.message.body.splitlines()[-3]
    assert "CRITICAL" not in one.message.body.splitlines()[-3]
    assert LINK.replace("&", "&amp;") in one.message.body


def test_only_whole_lines_are_kept() -> None:
    """No markup is cut, nor a block of code left open."""
    body = "first\n```\n" + "x" * 300 + "\n```\nlast"
    messages = [Message(f"title {n}", body) for n in range(60)]
    [one] = digests(messages, "slack", 1)
    assert one.message.body.count("```") % 2 == 0
    assert "first" in one.message.body


def test_a_mail_has_a_page_of_all() -> None:
    """Its HTML says what its text says, escaped."""
    messages = [rendered(notified({**FAILED, "JobId": f"job-{n}"}), "email") for n in range(3)]
    [one] = digests(messages, "email", 1, link=LINK)
    page = Page(one.message.html)
    assert page.open == []
    assert page.references == [LINK]
    words = "".join(page.words)
    assert words.count("a < b & c") == 3
    assert all(message.title in words for message in messages)


def test_buttons_are_one_link_to_the_list() -> None:
    """Where links are buttons."""
    [one] = digests(some("teams", 3), "teams", 1, link=LINK)
    assert one.message.links == (("All messages", LINK),)
    assert LINK not in one.message.body


def test_it_speaks_chinese() -> None:
    """As the built-in texts do."""
    [one] = digests(some("wecom", 3), "wecom", 1, language="zh")
    assert "3 条消息合在一起" in one.message.title
