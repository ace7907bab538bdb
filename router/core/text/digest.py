"""Many messages told as one: the title of each, and as much of its text as fits the provider's limit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from router.core.message import Message
from router.core.text.builtin import words_of
from router.core.text.builtin.layouts import mark_of
from router.core.text.builtin.mail import mail_of_many
from router.core.text.builtin.words import Words
from router.core.text.dialects import DIALECTS, html
from router.core.text.kinds import KINDS, Kind

#: So many are shown by their titles at least, if they fit; of all others it is said how many there are.
SHOWN = 300
#: How much of each text is kept, in characters of whole lines, from all to nothing.
_LENGTHS = (100_000, 600, 200, 80, 0)
_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Digest:
    """A message that tells several, and how many of them in their order."""

    message: Message
    count: int


def digests(
    messages: Sequence[Message], kind: str, most: int, *, language: str = "en", link: str = ""
) -> list[Digest]:
    """All messages as a few: in full if that takes no more than so many, else each with less of its text.

    Args:
        messages: rendered for the kind, those that matter most first.
        link: where all of them are listed, or nothing.
    """
    making = _Making(KINDS.get(kind, KINDS["plain"]), words_of(language), link, messages)
    longest, shown = _packed(making, most)
    counts = [*shown[:-1], len(messages) - sum(shown[:-1])]
    starts = [sum(counts[:n]) for n in range(len(counts))]
    return [
        Digest(making.message(messages[start : start + count], longest, some), count)
        for start, count, some in zip(starts, counts, shown, strict=True)
    ]


def _packed(making: "_Making", most: int) -> tuple[int, list[int]]:
    """How much of each text is kept, and how many messages each digest shows."""
    for longest in _LENGTHS:
        shown = making.pack(longest)
        if shown is not None and len(shown) <= most:
            return longest, shown
    return 0, making.fill()[:most]


class _Making:
    def __init__(self, kind: Kind, words: Words, link: str, messages: Sequence[Message]) -> None:
        self._kind = kind
        self._words = words
        self._messages = messages
        dialect = DIALECTS[kind.dialect]
        self._strong, self._escape = dialect.strong, dialect.escape
        self._link = link if kind.title else ""
        has_line = self._link and not kind.buttons
        self._link_line = dialect.line + dialect.link(words.digest_list, link) if has_line else ""
        # In Markdown a title and a list are apart, or one would be a part of the other.
        self._after_title = "\n\n" if dialect.line else "\n"
        self._between = "\n\n" if kind.title else "\n"

    # how many fit

    def pack(self, longest: int) -> list[int] | None:
        """How many messages each of the fewest digests shows that show all; None where that is impossible."""
        if len(self._messages) > SHOWN:
            return None
        shown = self._pack(longest, self._link_line)
        return shown if sum(shown) == len(self._messages) else None

    def fill(self) -> list[int]:
        """The same for titles alone, as many as there are room for."""
        return self._pack(0, self._end(self._messages)) or [0]

    def _pack(self, longest: int, end: str) -> list[int]:
        head, shown, text = self._head(self._messages), list[int](), ""
        for message in self._messages[:SHOWN]:
            part = self._part(message, longest)
            more = self._joined(text, part)
            if not shown or not self._fits(head, self._joined(more, end)):
                shown.append(0)
                more = part
            if not self._fits(head, self._joined(more, end)):
                return shown[:-1]
            text, shown[-1] = more, shown[-1] + 1
        return shown

    def _fits(self, head: str, body: str) -> bool:
        return self._kind.size(f"{head}\n{body}") <= self._kind.limit

    def _joined(self, *texts: str) -> str:
        return self._between.join(text for text in texts if text)

    # what they say

    def message(self, messages: Sequence[Message], longest: int, shown: int) -> Message:
        """One digest of these, of which so many are shown."""
        head, rest = self._head(messages), messages[shown:]
        end = self._end(rest) if rest else self._link_line
        body = self._joined(*(self._part(message, longest) for message in messages[:shown]), end)
        data = {**messages[0].data, "reason": "digest"}
        return Message(
            title=head if self._kind.title else "",
            body=body if self._kind.title else self._joined(head, body),
            html=self._page(messages, longest, shown) if self._kind.name == "email" else "",
            severity=_worst(messages),
            data=data,
            links=((self._words.digest_list, self._link),) if self._kind.buttons and self._link else (),
        )

    def _head(self, messages: Sequence[Message]) -> str:
        said = self._words.digest.format(count=f"{len(messages):,}")
        return mark_of(_worst(messages), self._kind, self._words) + said

    def _part(self, message: Message, longest: int) -> str:
        title, body = self._parted(message, longest)
        return self._after_title.join(filter(None, (self._strong(title) if message.title else title, body)))

    def _parted(self, message: Message, longest: int) -> tuple[str, str]:
        """The title, and the first lines of the text."""
        first, _, rest = (message.title, "", message.body) if message.title else message.body.partition("\n")
        return first, _lines(rest, longest)

    def _end(self, rest: Sequence[Message]) -> str:
        counts = Counter(message.severity for message in rest)
        said = [f"{self._words.severities[one]} {counts[one]:,}" for one in _SEVERITIES if counts[one]]
        more = self._words.and_more.format(count=f"{len(rest):,}")
        line = self._escape(f"{more}{self._words.colon}{self._words.comma.join(said)}")
        return self._joined(line, self._link_line)

    def _page(self, messages: Sequence[Message], longest: int, shown: int) -> str:
        texts = [self._parted(message, longest) for message in messages[:shown]]
        rest = messages[shown:]
        end = self._words.and_more.format(count=f"{len(rest):,}") if rest else ""
        link = f'<a href="{html(self._link)}">{html(self._words.digest_list)}</a>' if self._link else ""
        return mail_of_many(self._head(messages), _worst(messages), texts, end, link)


def _lines(text: str, longest: int) -> str:
    """Whole lines, so that no markup is ever divided."""
    if len(text) <= longest:
        return text
    kept: list[str] = []
    for line in text.split("\n"):
        longest -= len(line) + 1
        if longest < 0:
            break
        kept.append(line)
    # A block of code would have lost its end.
    fenced = [n for n, line in enumerate(kept) if line.startswith("```") and not line.endswith("```", 3)]
    if len(fenced) % 2:
        kept = kept[: fenced[-1]]
    return "\n".join(kept)


def _worst(messages: Sequence[Message]) -> str:
    return min((message.severity for message in messages), key=_SEVERITIES.index)
