"""Filters and templates in a file: each tried, each fault at its very character."""

from typing import Any

from router.config.accidents import bare_number, behind, instead_of, other_sign
from router.config.yaml import Document, Way, listed, mapping
from router.core.filter import Filter, FilterError
from router.core.text import compile_template
from router.core.text.template import BadTemplateError
from router.errors import Finding


def read_filter(document: Document, way: Way, text: Any, subject: str = "") -> Filter | None:
    """The filter that stands there, or None: it is no text (others say so), or it has a finding now."""
    if not isinstance(text, str):
        return None
    try:
        return Filter(text)
    except FilterError as error:
        is_cut = error.column >= len(text) or "Unclosed" in error.message or "Incomplete" in error.message
        known = behind(document.behind(way)) if is_cut else bare_number(text, error.column)
        said, fix = known or (error.message.removesuffix(", for expression"), other_sign(text, error.column))
        end, instead = (not is_cut and instead_of(text, error.column)) or (error.column, None)
        document.findings.append(
            Finding(
                "F109" if known else "Y020",
                "error",
                document.place_in(way, error.column),
                f"{_name(subject, way)}: {said}",
                fix,
                document.place_in(way, end),
                document.as_written(way, error.column, instead),
            )
        )
        document.broken.add(way)
        return None


def read_filters(document: Document, way: Way, texts: Any, subject: str = "") -> None:
    """Tries each of a list."""
    for number, text in enumerate(listed(texts)):
        read_filter(document, (*way, number), text, subject)


def check_templates(document: Document, way: Way, keys: dict[str, Any], subject: str = "") -> None:
    """Tries ``title`` and ``body`` of a rule, a format."""
    for key in ("title", "body"):
        text = keys.get(key)
        if not isinstance(text, str):
            continue
        try:
            compile_template(text)
        except BadTemplateError as fault:
            place = document.place_in((*way, key), _line_start(text, fault.line))
            said = f"{_name(subject, (*way, key))}: {fault.message}"
            document.findings.append(Finding("T301", "error", place, said, fault.remedy))


def check_formats(document: Document, way: Way, formats: Any, subject: str = "") -> None:
    """Tries the templates under ``formats``."""
    for name, keys in mapping(formats).items():
        check_templates(document, (*way, name), mapping(keys), subject)


def _name(subject: str, way: Way) -> str:
    """``rule job-failed: when``; without a subject the whole way."""
    inner = way[2:] if way[0] == "rules" else way
    dotted = ".".join(str(step) for step in inner)
    return f"{subject}: {dotted}" if subject else dotted


def _line_start(text: str, line: int) -> int:
    """Where a line of a template begins; what is before the first is the first."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at
