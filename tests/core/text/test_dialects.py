"""An event's words stay words in every markup."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.text.dialects import DIALECTS, clean, one_line
from tests.core.text.corpus import CORPUS

_PINGS = re.compile(r"@(?:all|here|channel|everyone|所有人|[!&]?\d{5,})")
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

#: What must not be left of an event's words, by dialect.
FORBIDDEN: dict[str, re.Pattern[str]] = {
    "slack": re.compile(r"[<>`]|&(?!amp;|lt;|gt;)|(?:^|[\s(])[*_~]\w"),
    "markdown": re.compile(r"[\[\]*`]|<[\w!@/]|(?m:^[ \t]*(?:#|>|- |\d+\. ))|~~"),
    "discord": re.compile(r"(?<!\\)(?:\\\\)*[*`~|<>\[\]]|(?m:^[ \t]*(?:#|-#|- |\d+\. ))"),
    "html": re.compile(r"[<>\"']|&(?!amp;|lt;|gt;|quot;|#x27;)"),
    "chat": re.compile(r"<[\w!@#/]|\]\("),
}


def faults_of(dialect: str, text: str) -> list[str]:
    """What acts in a text that came out of a dialect's escape."""
    found = [_ACTING.search(text), FORBIDDEN[dialect].search(text) if dialect in FORBIDDEN else None]
    if dialect in ("slack", "markdown", "discord", "chat"):
        found.append(_PINGS.search(text))
    return [one[0] for one in found if one]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("hostile", CORPUS)
def test_nothing_of_a_hostile_text_acts(dialect: str, hostile: str) -> None:
    """No ping, no link under other words, no markup, no control, also where it stands inside a text."""
    for text in (hostile, f"x {hostile} y", hostile + hostile):
        assert faults_of(dialect, DIALECTS[dialect].escape(text)) == []


@pytest.mark.parametrize("dialect", FORBIDDEN)
@given(text=st.text() | st.text(alphabet="<>[]()*_~`@#!|\\&-+=.:/1a \n\r\x1b\u202e"))
def test_nothing_of_any_text_acts(dialect: str, text: str) -> None:
    """The same holds for any text."""
    assert faults_of(dialect, DIALECTS[dialect].escape(text)) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_plain_words_stay_as_they_are(dialect: str) -> None:
    """What people may want to copy is not changed: names, paths, addresses, numbers, signs."""
    text = 'job-1_a/b.c:8080 -9 45 % user@example.com 内存不足 (see C:/x) 😀, "quoted"'
    escaped = DIALECTS[dialect].escape(text)
    assert escaped.replace("&quot;", '"') == text


@pytest.mark.parametrize("dialect", ["slack", "discord"])
@pytest.mark.parametrize("hostile", CORPUS)
def test_nobody_leaves_a_code_span(dialect: str, hostile: str) -> None:
    """Inside a code span or block there is no mark that ends it."""
    coded = DIALECTS[dialect].code(hostile)
    fence = "```" if "\n" in coded else "`"
    inside = coded.removeprefix(fence).removesuffix(fence)
    assert coded == f"{fence}{inside}{fence}"
    assert "`" not in inside
    assert _ACTING.search(inside) is None


@pytest.mark.parametrize(
    ("text", "shown"), [("\x1b[31m", "␛[31m"), ("a\x00", "a␀"), ("a\r\nb\x85c", "a\nb\nc"), ("\u202ex", "x")]
)
def test_a_control_is_shown(text: str, shown: str) -> None:
    """A control shows as its picture, any line end is one line end, a turned direction vanishes."""
    assert clean(text) == shown


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """What is clean stays as it is, and one line has no line end."""
    assert clean(clean(text)) == clean(text)
    assert "\n" not in one_line(text)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "piece", ["*", "_", "<", "[", "]", "\\", "@", "@*", "\n", " ", "\t", "1", "1.", "-", "a_", "~", "\n "]
)
def test_escaping_takes_time_in_proportion(dialect: str, piece: str) -> None:
    """64 KB of what a pattern dislikes are escaped within 2 s; in proportion to the square it is 30 s."""
    text = piece * (65_536 // len(piece))
    begun = time.process_time()
    DIALECTS[dialect].escape(text)
    assert time.process_time() - begun < 2
