"""What sources bring: Batch Compute's events, or what a user's JSON Schema says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from router.config.judging import Events
from router.config.settings import Settings
from router.config.yaml import Document
from router.core.check import Kind, kind_of_schema
from router.errors import Finding

#: Bytes of the longest schema.
_LONGEST = 1024 * 1024
_BATCH = ("mns-push", "mns-queue")


def events_of(document: Document, settings: Settings) -> Events:
    """What is known of the events of every source; a schema that cannot be read is a finding."""
    schemas: dict[str, Kind] = {}
    for name, source in settings.sources.items():
        if source.schema_file and (schema := _read(document, name, source.schema_file)) is not None:
            schemas[name] = kind_of_schema(name, schema)
    batch = frozenset(name for name, source in settings.sources.items() if source.kind in _BATCH)
    return Events(batch, schemas, frozenset(settings.sources))


def _read(document: Document, name: str, file: str) -> Mapping[str, Any] | None:
    path = Path(document.file).parent / file
    try:
        with path.open("rb") as stream:
            text = stream.read(_LONGEST + 1)
        if len(text) > _LONGEST:
            return _fault(document, name, f"{file} has more than {_LONGEST // 1024} KiB")
        schema = json.loads(text)
    except OSError as error:
        return _fault(document, name, f"cannot read {file}: {error.strerror}")
    except (ValueError, RecursionError) as error:
        return _fault(document, name, f"{file} is no JSON: {error}")
    if not isinstance(schema, dict):
        return _fault(document, name, f"{file} is no JSON Schema: expected an object")
    return cast("dict[str, Any]", schema)


def _fault(document: Document, name: str, said: str) -> None:
    place = document.place(("sources", name, "schema"))
    fix = f"paths are relative to {Path(document.file).parent.resolve()}"
    document.findings.append(Finding("Y016", "error", place, f"sources.{name}.schema: {said}", fix))
