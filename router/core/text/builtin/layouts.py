"""A story laid out as text: for chats, plain text and short messages, from full length to one line."""

from collections.abc import Iterator
from dataclasses import replace

from router.core.text.builtin.story import Fact, Story
from router.core.text.builtin.words import Words
from router.core.text.clip import clip
from router.core.text.dialects import DIALECTS, Dialect, one_line
from router.core.text.kinds import Kind

_SIGNS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}
_ENDED = "✅"

_LONGEST_TITLE = 200

#: How long values may be, from the full text to the shortest compact one.
_FULL = (2_000, 500)
_COMPACT = (200, 80)
#: In a short message whose link takes half of it.
_TERSE = 40
#: How long the headline may be where there is room for nothing else.
_HEADLINES = (120, 80, 50, 30, 15, 5)


def title(story: Story, kind: Kind, words: Words) -> str:
    """One line, escaped, which fits the kind: the severity by a sign or in a word."""
    escape = DIALECTS[kind.dialect].escape
    longest = kind.title or _LONGEST_TITLE
    before = _mark(story, kind, words)
    text = clip(story.headline, longest - len(before))
    made = before + escape(text)
    while len(made) > longest and len(text) > 1:
        text = clip(story.headline, max(1, len(text) - (len(made) - longest)))
        made = before + escape(text)
    return made


def ended(said: str, kind: Kind, words: Words) -> str:
    """A rule's own words as the heading of the end, which built-in titles have by themselves."""
    sign = f"{_ENDED} " if kind.mark == "sign" else ""
    return f"{sign}{words.resolved.format(said=said)}"


def _mark(story: Story, kind: Kind, words: Words) -> str:
    if story.ended and kind.mark != "none":
        return f"{_ENDED} " if kind.mark == "sign" else ""
    return mark_of(story.severity, kind, words)


def mark_of(severity: str, kind: Kind, words: Words) -> str:
    """How a title of the kind begins."""
    if kind.mark == "none":
        return ""
    return f"{_SIGNS[severity]} " if kind.mark == "sign" else f"{words.severities[severity]}{words.colon}"


def bodies(story: Story, kind: Kind, words: Words) -> Iterator[str]:
    """The text at full length, then shorter ones; each is whole and says so when it is not all."""
    lay_out = _short if kind.title == 0 else _lines
    dialect = DIALECTS[kind.dialect]
    for longest in _FULL:
        yield lay_out(story.clipped(longest), dialect, words)
    for longest in _COMPACT:
        yield lay_out(story.compact(longest, words.shortened), dialect, words)
    if kind.title == 0:
        # Better a few words of what happened than a link alone.
        yield lay_out(story.compact(_TERSE, words.shortened), dialect, words)
        for longest in (*_COMPACT, _TERSE):
            yield lay_out(replace(story.compact(longest, words.shortened), links=()), dialect, words)
    summary = replace(story, facts=(), step="", note=words.shortened)
    yield lay_out(summary, dialect, words)
    yield dialect.escape(words.shortened) if kind.title else ""


def headlines(story: Story, kind: Kind, words: Words) -> Iterator[str]:
    """For where even the shortest body does not fit: the headline alone, ever shorter."""
    escape = DIALECTS[kind.dialect].escape
    for longest in _HEADLINES:
        yield _mark(story, kind, words) + escape(clip(story.headline, longest))
    yield escape(clip(story.headline, _HEADLINES[-1]))


# lines, for everything that has room


def _lines(story: Story, dialect: Dialect, words: Words) -> str:
    lines = [_line(fact, dialect, words) for fact in story.facts]
    if story.step:
        lines.append(_labelled(words.label_next, story.step, dialect, words))
    links = [dialect.link(label, url) for label, url in story.links if url]
    if links:
        lines.append(dialect.line + dialect.apart.join(links))
    return "\n".join([*lines, dialect.line + dialect.escape(foot(story, words))])


def foot(story: Story, words: Words) -> str:
    """Which rule, when, and whether this is all."""
    happened = words.happened.format(time=story.time, ago=story.ago)
    return " · ".join(filter(None, (story.rule, happened, story.note)))


def _line(fact: Fact, dialect: Dialect, words: Words) -> str:
    has_lines = "\n" in fact.value
    value = (dialect.code if fact.code or has_lines else dialect.escape)(fact.value)
    if has_lines:
        value = f"\n{value}" if value.startswith("```") else value.replace("\n", "\n  ")
    return (
        _labelled(dialect.escape(fact.label), value, dialect, words) if fact.label else dialect.line + value
    )


def _labelled(label: str, value: str, dialect: Dialect, words: Words) -> str:
    # Markup ends at its mark only where a space follows.
    spaced = words.colon.endswith(" ") or dialect.strong(label) != label
    space = " " if spaced and not value.startswith("\n") else ""
    return f"{dialect.line}{dialect.strong(label + words.colon.rstrip())}{space}{value}"


# short messages: what the headline has not said, each in a line


def _short(story: Story, dialect: Dialect, words: Words) -> str:
    said = [
        f"{fact.label}{words.colon}{one_line(fact.value)}" if fact.label else one_line(fact.value)
        for fact in story.facts
        if fact.essential and not fact.code and fact.label != words.label_exit
    ]
    links = [url for label, url in story.links if url and label == words.ack]
    return "\n".join(dialect.escape(line) for line in (*said, story.time, *links) if line)
