"""``${env:NAME}`` and ``${file:PATH}`` in the values of router.yaml."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from router.config.yaml import Document, Way, listed, mapping
from router.errors import Finding

_REFERENCE = re.compile(r"\$\{(env|file):([^}]*)\}")


def expand(document: Document, environ: Mapping[str, str]) -> Any:
    """The document's value with references replaced; missing ones are findings that name the key."""
    return _expand(document, document.value, (), environ)


def _expand(document: Document, value: Any, way: Way, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _expand(document, inner, (*way, key), environ) for key, inner in mapping(value).items()}
    if isinstance(value, list):
        return [
            _expand(document, inner, (*way, number), environ) for number, inner in enumerate(listed(value))
        ]
    # Expressions and templates are never expanded: what they hold is theirs.
    if not isinstance(value, str) or "${" not in value or way[-1] == "accept" or "formats" in way:
        return value

    def replaced(found: re.Match[str]) -> str:
        try:
            if found[1] == "env":
                return environ[found[2]]
            return (Path(document.file).parent / found[2]).read_text(encoding="utf-8").strip()
        except KeyError:
            said = f"the environment has no {found[2]}"
        except (OSError, UnicodeDecodeError):
            said = f"cannot read the file {found[2]}"
        name = ".".join(str(step) for step in way)
        document.findings.append(Finding("Y013", "error", document.place(way), f"{name}: {said}"))
        return ""

    return _REFERENCE.sub(replaced, value)
