"""What libyaml stumbled over, in words of people who write YAML by hand."""

from typing import Any

import yaml

_COLON = "a colon and a space begin a value, and none can stand here"
_PUT_IN_QUOTES = "put the whole text in quotes (a filter as a block: >- and the next line), or align the line"
#: What begins something that must be closed.
_CLOSED_BY = {"[": "]", "{": "}", "'": "'", '"': '"'}


def stumbled(text: str, error: yaml.MarkedYAMLError) -> tuple[int, str, str]:
    """Where in a file's text it is wrong, what is wrong, and what to do.

    Args:
        text: the file's.
        error: with a mark.
    """
    mark: Any = error.problem_mark or error.context_mark
    begun: Any = error.context_mark
    problem = error.problem or ""
    if "cannot start any token" in problem:
        return mark.index, *_letter(text[mark.index])
    if "mapping values" in problem:
        return mark.index, _COLON, "put the text in quotes, or align the line"
    if "could not find expected ':'" in problem and begun:
        return begun.index, "expected a key, a colon and a space", ""
    if "expected '-' indicator" in problem and begun:
        return (
            mark.index,
            f"expected an entry of the list that begins in line {begun.line + 1}",
            "align the line",
        )
    if not text[mark.index :].strip():
        return _at_the_end(text, mark.index, error)
    return mark.index, _in_its_words(error), _PUT_IN_QUOTES if "expected key" in problem else ""


def _letter(letter: str) -> tuple[str, str]:
    if letter == "\t":
        return "a tab cannot indent", "indent with spaces"
    return f"a text cannot begin with {letter}", "put it in quotes"


def _at_the_end(text: str, at: int, error: yaml.MarkedYAMLError) -> tuple[int, str, str]:
    begun: Any = error.context_mark
    first = text[begun.index : begun.index + 1] if begun else ""
    if first in _CLOSED_BY:
        return begun.index, f"the {first} that begins here never ends", f"close it with {_CLOSED_BY[first]}"
    return at, f"the file ends too early: {_in_its_words(error)}", ""


def _in_its_words(error: yaml.MarkedYAMLError) -> str:
    mark: Any = error.problem_mark
    begun: Any = error.context_mark
    where = f" (begun in line {begun.line + 1})" if begun and mark and begun.line != mark.line else ""
    return " ".join(part for part in (error.context, error.problem) if part) + where
