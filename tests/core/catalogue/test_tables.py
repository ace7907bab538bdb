"""The catalogue's page in the documentation."""

from pathlib import Path

from router.core.catalogue import EVENTS, FIELDS, JOB
from router.core.catalogue.tables import markdown

PAGE = Path(__file__).parents[3] / "docs" / "events.md"


def test_the_page_is_current() -> None:
    """docs/events.md is what the catalogue says now."""
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: make docs"


def test_every_event_and_field_has_its_row() -> None:
    """A row begins with the name of each event and of each field."""
    rows = {line.split("`")[1] for line in markdown().splitlines() if line.startswith("| `")}
    assert rows == {*EVENTS, *FIELDS, JOB}
