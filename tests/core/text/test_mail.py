"""The HTML part of a mail."""

from html.parser import HTMLParser

from router.core.group import Reason
from tests.core.text.making import LINKS, a_rule, notified, rendered, sample

FAILED = sample("OnInstanceFailed", ExitCode=137, ErrorMessage="a < b & c", Detail="one\ntwo")


class Page(HTMLParser):
    """Tags, what they refer to, and the words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        self.references += [
            value or "" for name, value in attrs if name in ("href", "src", "background", "action")
        ]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_mail_has_both_parts_and_they_say_the_same() -> None:
    """Every fact of the text part stands in the HTML, as words."""
    message = rendered(notified(FAILED), "email")
    page = Page(message.html)
    words = "".join(page.words)
    assert page.open == []
    assert "a < b & c" in words
    assert "one\ntwo" in words
    for line in message.body.splitlines():
        label = line.partition(": ")[0]
        assert label in words or label in LINKS.values() or line.strip() in words


def test_a_mail_loads_nothing_and_links_only_to_us() -> None:
    """No image, no style sheet, no script; the links are ours."""
    message = rendered(notified({**FAILED, "ErrorMessage": "https://evil.example/x.png"}), "email")
    page = Page(message.html)
    assert set(page.references) == set(LINKS.values())
    assert "url(" not in message.html
    assert "@import" not in message.html


def test_a_mail_of_an_end_is_green_and_asks_for_nothing() -> None:
    """A resolved mail has no button to acknowledge."""
    message = rendered(notified(FAILED, reason=Reason.RESOLVED), "email")
    assert "#188038" in message.html
    assert Page(message.html).references == [LINKS["explain"]]


def test_a_rule_s_text_stands_in_the_page() -> None:
    """Its words are escaped in the HTML part, whole in the text part; headline and links stay ours."""
    rule = a_rule(body="*{{ ErrorMessage }}*\nsecond line")
    message = rendered(notified(FAILED, rule), "email", rule)
    assert message.body == "*a < b & c*\nsecond line"
    assert "*a &lt; b &amp; c*\nsecond line</div>" in message.html
    assert Page(message.html).open == []


def test_a_rule_s_html_is_html() -> None:
    """A text that begins with a tag is HTML; its values are escaped, its words are the text part."""
    rule = a_rule(body="<p>Failed: <b>{{ ErrorMessage }}</b></p><p>{{ Detail }}</p>")
    message = rendered(notified(FAILED, rule), "email", rule)
    assert "<p>Failed: <b>a &lt; b &amp; c</b></p>" in message.html
    assert message.body == "Failed: a < b & c\none\ntwo"
    assert message.faults == ()
