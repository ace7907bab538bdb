"""The commonest accidents with filters: YAML takes a part of one for itself, a number lacks its backticks.

Each is said as ``F109``, with what to write instead.
"""

import re

#: Keys whose text is a filter.
FILTER_KEYS = frozenset({"when", "resolve_when", "event", "accept"})

BLOCK = "write the filter as a block: >- behind the key, and the filter on the next line"
QUOTES = "inside {…} or […] a filter takes double quotes"

_KEY = re.compile(r"[\s{,-](when|resolve_when|event|accept):[ \t]+")
_QUOTED = re.compile(r"""('([^']|'')*'|"([^"\\]|\\.)*")[ \t]*""")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
#: Those that are numbers in JSON, too: in backticks, 01 is a text.
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
#: What other languages write, and JMESPath.
_SIGN = re.compile(r"=|(?i:and|or)\b")
_SIGNS = {"=": "==", "and": "&&", "or": "||"}
#: What a plain filter cannot begin with.
_FIRST = "!&*`@%|>"
#: What other tools write, and what cannot simply be replaced.
_FOREIGN = re.compile(r"(?i:in)\b|[‘’“”]")


def is_taken(text: str) -> bool:
    """Whether YAML takes the beginning of a plain filter for itself."""
    return text[:1] in (*_FIRST, "'", '"')


def in_line(line: str, column: int, problem: str) -> tuple[str, str] | None:
    """What went wrong and what to write, if YAML stumbled over a filter in this line.

    Args:
        column: where it stumbled, from 0.
        problem: in libyaml's words.
    """
    keys = [found for found in _KEY.finditer(line) if found.end() <= column]
    if not keys:
        return None
    text, at = line[keys[-1].end() :], column - keys[-1].end()
    is_flow = "{" in line[: keys[-1].start() + 1]
    taken = _taken(text, at, problem, is_flow)
    if taken is None:
        return None
    return f"{keys[-1][1]}: YAML takes {taken} for itself", QUOTES if is_flow else BLOCK


def _taken(text: str, at: int, problem: str, is_flow: bool) -> str | None:
    if text[:1] in _FIRST and text:
        return f"the {text[0]} at the beginning"
    if _QUOTED.fullmatch(text[:at]):
        return "the quotes at the beginning"
    if "mapping values" in problem:
        return "the colon followed by a space"
    if is_flow and text[:1] not in ("'", '"') and re.search(r"[,\[{]|: | #", text[: at + 2]):
        return "a comma, a bracket, or what is behind a #"
    return None


def behind(rest: str) -> tuple[str, str] | None:
    """The same for a plain filter that is no JMESPath, by what follows it in its line."""
    rest = rest.rstrip()
    if re.match(r"[ \t]+#", rest):
        return f"YAML takes{rest} for a comment", BLOCK
    return ("YAML ends the filter at the comma", QUOTES) if rest.startswith(",") else None


def bare_number(text: str, column: int) -> tuple[str, str] | None:
    """The same for a filter that stops at a number."""
    number = _NUMBER.match(text, column)
    if number is None:
        return None
    advice = f"write `{number[0]}`" if _JSON_NUMBER.fullmatch(number[0]) else "write it without the leading 0"
    return f"{number[0]} lacks its backticks", advice


def other_sign(text: str, column: int) -> str:
    """What to write where a filter stops at a sign of another language; nothing elsewhere."""
    if sign := _SIGN.match(text, column):
        return f"JMESPath writes {_SIGNS[sign[0].lower()]}"
    if foreign := _FOREIGN.match(text, column):
        is_in = foreign[0].lower() == "in"
        return (
            "JMESPath writes contains(['one', 'other'], Event)"
            if is_in
            else "a text takes straight quotes: '…'"
        )
    return ""


def instead_of(text: str, column: int) -> tuple[int, str] | None:
    """Where the number or the sign at which a filter stops ends, and what may stand there instead."""
    if number := _NUMBER.match(text, column):
        return (number.end(), f"`{number[0]}`") if _JSON_NUMBER.fullmatch(number[0]) else None
    sign = _SIGN.match(text, column)
    return (sign.end(), _SIGNS[sign[0].lower()]) if sign else None
