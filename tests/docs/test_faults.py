"""The table of faults in the operations page."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
_TITLE = "### When the machine or the network fails"


def rows() -> list[str]:
    """The lines of the table, without its head."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.partition(_TITLE)[2].partition("\n## ")[0]
    return [line for line in table.splitlines() if line.startswith("| ")][1:]


def test_the_table_has_its_lines() -> None:
    """The table is found where it is looked for."""
    assert len(rows()) > 15


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_each_fault_has_a_test_that_exists(row: str) -> None:
    """A line that promises something names the file and the function that shows it."""
    [(file, name)] = re.findall(r"<!-- (tests/[\w/]+\.py)::(\w+) -->", row)
    assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8")
