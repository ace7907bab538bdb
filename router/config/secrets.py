"""``${env:NAME}`` and ``${file:PATH}`` in the values of router.yaml."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from router.config.files import read_small
from router.config.yaml import Document, Way, listed, mapping
from router.errors import Finding, RouterError

#: Bytes of a file that a reference names.
MOST_BYTES = 64 << 10

_REFERENCE = re.compile(r"\$\{([^}]*)(\}?)")


#: What stands for a secret that is not there and that nobody needs.
_LACKING = "lacking"


def expand(document: Document, environ: Mapping[str, str], *, to_look: bool = False) -> Any:
    """The document's value with references replaced; ``document.value`` keeps them.

    What is missing is a finding that names the key and the reference, never a value; its key is broken then.

    Args:
        to_look: nothing is received or sent: addresses of channels and access keys may be missing, with a
            warning, and their keys are lacking then.
    """
    return _Expansion(document, environ, to_look).of(document.value, ())


class _Expansion:
    def __init__(self, document: Document, environ: Mapping[str, str], to_look: bool) -> None:
        self._document = document
        self._environ = environ
        self._to_look = to_look
        self._folder = Path(document.file).parent

    def of(self, value: Any, way: Way) -> Any:
        if isinstance(value, dict):
            return {key: self.of(inner, (*way, key)) for key, inner in mapping(value).items()}
        if isinstance(value, list):
            return [self.of(inner, (*way, number)) for number, inner in enumerate(listed(value))]
        if not isinstance(value, str) or "${" not in value or _is_expression(way):
            return value
        return _REFERENCE.sub(lambda found: self._replaced(found, way), value)

    def _replaced(self, found: re.Match[str], way: Way) -> str:
        try:
            return self._named(found)
        except RouterError as error:
            said = f"{'.'.join(map(str, way))}: {error.message}"
            place = self._document.place_in(way, found.start())
            if self._to_look and _is_for_sending(way):
                self._document.findings.append(Finding("Y013", "warning", place, said, error.remedy))
                self._document.lacking.add(way)
                return _LACKING
            self._document.findings.append(Finding("Y013", "error", place, said, error.remedy))
            self._document.broken.add(way)
            return ""

    def _named(self, found: re.Match[str]) -> str:
        kind, _, name = found[1].partition(":")
        if kind not in ("env", "file") or not name or not found[2]:
            said = "${ begins a reference: ${env:NAME} or ${file:PATH}"
            raise RouterError("config", said, f"did you mean ${{env:{kind}}}?" if kind and not name else "")
        held = self._from_environment(name) if kind == "env" else self._from_file(name)
        if not held:
            raise RouterError("config", f"${{{kind}:{name}}} is empty")
        return held

    def _from_environment(self, name: str) -> str:
        if name not in self._environ:
            remedy = f"export {name}=… in the terminal or the unit that it runs in"
            raise RouterError("config", f"the environment has no {name}", remedy)
        return self._environ[name]

    def _from_file(self, name: str) -> str:
        try:
            return read_small(self._folder / name, MOST_BYTES).decode().rstrip("\r\n")
        except RouterError as error:
            raise RouterError("config", f"the file {name}: {error.message}") from error
        except UnicodeDecodeError:
            raise RouterError("config", f"the file {name}: it is not UTF-8") from None


def _is_for_sending(way: Way) -> bool:
    """Whether only who sends to a channel, or takes from a source, needs it."""
    if way[0] == "channels":
        return way[2:3] in (("url",), ("urls",))
    return way[0] == "sources" and way[2:] in (
        ("access_key_id",),
        ("access_key_secret",),
        ("security_token",),
    )


def _is_expression(way: Way) -> bool:
    """Expressions and templates are never expanded: what they hold is theirs."""
    return way[0] == "channels" and way[2:3] in (("accept",), ("formats",))
