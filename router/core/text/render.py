"""A notification to a message for one kind of channel: the rule's templates, or the built-in text."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

from router.core.group import Reason
from router.core.message import Message
from router.core.notification import Notification
from router.core.rule import Rule, Texts
from router.core.text.builtin import words_of
from router.core.text.builtin.layouts import bodies, ended, headlines, title
from router.core.text.builtin.mail import mail, own_text
from router.core.text.builtin.story import Story, story_of
from router.core.text.builtin.words import Words
from router.core.text.dialects import DIALECTS, one_line
from router.core.text.kinds import KINDS, Kind
from router.core.text.run import Run
from router.core.text.template import compile_template
from router.core.text.values import values, whole
from router.errors import RouterError

_Change = Callable[[str], str]

#: How long the values that a rule's template prints may be, from its full text to its most compact.
_LONGEST_VALUES = (16_000, 2_000, 400, 100, 30)
_LONGEST_MAIL_VALUE = 4_000


def render(
    notification: Notification,
    rule: Rule,
    kind: str,
    channel: str,
    *,
    now: int,
    timezone: str = "UTC",
    language: str = "en",
) -> Message:
    """What a target of this kind is sent, escaped for it and fitted to its limit.

    Never raises for what an event or a template holds: a template that fails leaves the built-in text,
    and ``faults`` says so.

    Args:
        kind: a name of KINDS; any other is ``plain``.
        now: microseconds UTC.
        timezone: of the built-in texts, and of the filter ``local`` without a zone.
        language: of the built-in texts: ``en``, ``zh``.
    """
    form = KINDS.get(kind, KINDS["plain"])
    return _Rendering(notification, rule, form, channel, now, timezone, words_of(language)).message()


@dataclass(slots=True)
class _Rendering:
    notification: Notification
    rule: Rule
    kind: Kind
    channel: str
    now: int
    timezone: str
    words: Words
    faults: list[str] = field(default_factory=list[str])
    _story: Story | None = None
    _values: dict[str, Any] | None = None

    @property
    def story(self) -> Story:
        """What the built-in text says, made when it is needed."""
        if self._story is None:
            self._story = story_of(self.notification, self.now, self.timezone, self.words)
        return self._story

    def message(self) -> Message:
        own_title, own_body = self._chosen("title"), self._chosen("body")
        head = self._title(own_title)
        body, markup = self._body(head, own_title, own_body)
        return Message(
            title=head if self.kind.title else "",
            body=body,
            html=markup,
            severity=self.notification.heading.severity,
            data=self._data(head, body),
            faults=tuple(self.faults),
            links=self._buttons(),
        )

    def _buttons(self) -> tuple[tuple[str, str], ...]:
        return tuple(link for link in self.story.links if link[1]) if self.kind.buttons else ()

    def _chosen(self, part: str) -> str | None:
        """The template for this channel, else for this kind, else the rule's; None for the built-in text."""
        names = (self.channel, *self.kind.names)
        places = (*(self.rule.formats.get(name) for name in names), self.rule.texts)
        found = (getattr(place, part) for place in places if isinstance(place, Texts))
        return next((text for text in found if text is not None), None)

    def _title(self, own: str | None) -> str:
        if own is not None:
            longest, change = self.kind.title or 200, self._with_the_end(own, one_line)
            made = self._fitted("title", own, lambda text: len(text) <= longest, self.kind.dialect, change)
            if made:
                return made
        return title(self.story, self.kind, self.words)

    def _body(self, head: str, own_title: str | None, own: str | None) -> tuple[str, str]:
        """The body, and for a mail its HTML part."""
        if own is not None:
            made = self._own_body(head if self.kind.title or own_title else "", own)
            if made is not None:
                return made
        return self._built_in(head), mail(self._mail_story(), self.words) if self.kind.name == "email" else ""

    def _own_body(self, head: str, own: str) -> tuple[str, str] | None:
        kind = self.kind
        if kind.name == "email":
            return self._own_mail(own)

        def fits(text: str) -> bool:
            return kind.size(_together(head, text)) <= kind.limit

        # Where nothing stands above it, the body itself must say that it is over.
        change = self._with_the_end(own, str.strip) if not head and not kind.title else str.strip
        made = self._fitted("body", own, fits, kind.dialect, change)
        if made is None:
            return None
        return (made if kind.title else _together(head, made)), ""

    def _own_mail(self, own: str) -> tuple[str, str] | None:
        """A text that begins with a tag is HTML, and its words are the text part; any other is text."""
        is_html = own.lstrip().startswith("<")

        def fits(text: str) -> bool:
            return len(text) <= self.kind.limit

        marked = self._fitted("body", own, fits, "html")
        text = self._fitted("body", own, fits, "text") if not is_html else _words_of_html(marked or "")
        if marked is None or text is None:
            return None
        return text, mail(self._mail_story(), self.words, marked if is_html else own_text(marked))

    def _mail_story(self) -> Story:
        return self.story.clipped(_LONGEST_MAIL_VALUE)

    def _built_in(self, head: str) -> str:
        kind = self.kind
        story = replace(self.story, links=()) if kind.buttons else self.story
        for body in bodies(story, kind, self.words):
            if kind.size(_together(head, body)) <= kind.limit:
                return body if kind.title else _together(head, body)
        if kind.title:
            return DIALECTS[kind.dialect].escape(self.words.shortened)
        return _first(headlines(self.story, kind, self.words), lambda text: kind.size(text) <= kind.limit)

    def _fitted(
        self,
        part: str,
        template: str,
        fits: Callable[[str], bool],
        dialect: str,
        change: _Change = str.strip,
    ) -> str | None:
        """The rule's own text, its values shortened until it fits; None where it fails or never fits."""
        try:
            compiled = compile_template(template)
            for longest in _LONGEST_VALUES:
                run = self._run(dialect, longest)
                made = change(compiled.render(self._seen(), run))
                if fits(made):
                    self._fault(part, *run.faults)
                    return made
        except RouterError as error:
            self._fault(part, f"{error.message}; the built-in text was used")
            return None
        self._fault(part, "it is too long even with short values; the built-in text was used")
        return None

    def _with_the_end(self, template: str, change: _Change) -> _Change:
        """So that the message of the end says so; a text that says it itself is left as it is."""
        reason = self.notification.reason
        if not self.notification.says_the_end:
            return change
        if reason is Reason.RESOLVED and self._tells_the_end(template):
            return change

        def changed(text: str) -> str:
            said = change(text)
            return ended(said, self.kind, self.words) if said else ""

        return changed

    def _tells_the_end(self, template: str) -> bool:
        """Whether it reads ``reason``, and comes out otherwise at the end than at the first."""
        try:
            compiled = compile_template(template)
            if "reason" not in compiled.names:
                return False
            first, end = (
                compiled.render(
                    {**self._seen(), "reason": reason.value}, self._run("text", _LONGEST_VALUES[-1])
                )
                for reason in (Reason.FIRST, Reason.RESOLVED)
            )
            return first != end
        except RouterError:
            return False  # its fault is told where it is rendered

    def _run(self, dialect: str, longest: int) -> Run:
        words = self.words
        ago = (words.ago, words.ahead)
        return Run(DIALECTS[dialect], self.now, self.timezone, words.units, ago, longest)

    def _seen(self) -> dict[str, Any]:
        if self._values is None:
            self._values = values(self.notification)
        return self._values

    def _fault(self, part: str, *said: str) -> None:
        for one in said:
            fault = f"rule {self.rule.name}, {part} for {self.kind.name}: {one}"
            if fault not in self.faults:
                self.faults.append(fault)

    def _data(self, head: str, body: str) -> dict[str, Any]:
        if self.kind.name in ("webhook", "template"):
            return whole(self.notification, self.rule, head, body)
        return {"reason": self.notification.reason.value, "rule": self.rule.name}


def _together(head: str, body: str) -> str:
    return f"{head}\n{body}" if head and body else head or body


def _first(texts: Iterable[str], fits: Callable[[str], bool]) -> str:
    last = ""
    for last in texts:
        if fits(last):
            break
    return last


_LINE = re.compile(r"(?i)<(?:br|/p|/tr|/li|/div|/h[1-6]|/table)\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")


def _words_of_html(text: str) -> str:
    """The words of a template's HTML, a line for each block."""
    lines = unescape(_TAG.sub("", _LINE.sub("\n", text))).split("\n")
    return "\n".join(line.strip() for line in lines).strip()
