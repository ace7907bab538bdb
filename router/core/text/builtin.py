"""The built-in texts: a story laid out for each kind of channel, long, compact and in one line."""

from collections.abc import Callable

from router.core.text.escape import ESCAPES, one_line
from router.core.text.kinds import Kind
from router.core.text.story import Story

_MARKS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}

#: Facts of a compact text.
FEW = 3


def title(story: Story, kind: Kind) -> str:
    """One line; the severity in a word where a colour does not show."""
    if kind.name == "email":
        return f"[{story.severity}] {one_line(story.headline)}"
    escape = ESCAPES["mrkdwn" if kind.markup == "mrkdwn" else "plain"]
    return f"{_MARKS[story.severity]} {escape(story.headline)}"


def bodies(story: Story, kind: Kind) -> list[str]:
    """The text at full length, compact, and as short as it gets; each is whole."""
    if kind.name == "sms":
        return _short(story)
    lay_out = {"slack": _mrkdwn, "dingtalk": _markdown}.get(kind.name, _plain)
    escape = ESCAPES[kind.markup]
    compact = Story(story.headline, story.severity, story.facts[:FEW], (), None, story.foot)
    summary = Story(story.headline, story.severity, (), (), None, story.foot)
    return [lay_out(one, escape) for one in (story, compact, summary)]


def _mrkdwn(story: Story, escape: Callable[[str], str]) -> str:
    lines = [
        f"*{label}:* {escape(value)}" if label else f"      {escape(value)}" for label, value in story.facts
    ]
    lines += [f"*{label}:* {escape(path)}" for label, path in story.logs]
    if story.next_step:
        lines.append(f"*{story.next_step[0]}:* {story.next_step[1]}")
    return "\n".join([*lines, f"_{escape(story.foot)}_"])


def _markdown(story: Story, escape: Callable[[str], str]) -> str:
    lines = [
        f"- **{label}:** {escape(value)}" if label else f"- {escape(value)}" for label, value in story.facts
    ]
    lines += [f"- **{label}:** {escape(path)}" for label, path in story.logs]
    if story.next_step:
        lines += ["", f"**{story.next_step[0]}:** {story.next_step[1]}"]
    return "\n".join([*lines, "", f"> {escape(story.foot)}"])


def _plain(story: Story, escape: Callable[[str], str]) -> str:
    lines = [f"{label}: {escape(value)}" if label else f"  {escape(value)}" for label, value in story.facts]
    lines += [f"{label}: {escape(path)}" for label, path in story.logs]
    if story.next_step:
        lines += ["", f"{story.next_step[0]}: {story.next_step[1]}"]
    return "\n".join([*lines, "", escape(story.foot)]).strip()


def _short(story: Story) -> list[str]:
    """For a telephone: the headline, then what there is room for."""
    escape = ESCAPES["plain"]
    head = f"{story.severity.upper()}: {escape(story.headline)}"
    facts = [f"{label}: {escape(one_line(value))}" for label, value in story.facts if label]
    return ["\n".join([head, *facts[:count]]) for count in (4, 3, 2, 1, 0)]
