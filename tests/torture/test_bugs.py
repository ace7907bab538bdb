"""The seeded bugs: each still fits the code, some are tried; ``make torture-bugs`` tries all."""

from pathlib import Path

import pytest

from tests.torture.bugs import BUGS, ROOT, Bug, seen

#: Quick ones, of three rooms.
TRIED = (
    "a repeat does not say that it may be one",
    "Retry-After is ignored",
    "a template that fails is not replaced by the built-in text",
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_still_fits_the_code(bug: Bug) -> None:
    """What it changes stands there exactly once, and the test named for it exists."""
    text = (ROOT / bug.file).read_text("utf-8")
    assert [text.count(old) for old, _ in bug.changes] == [1] * len(bug.changes)
    path, _, name = bug.test.split()[0].partition("::")
    assert Path(ROOT / path).exists()
    if name:
        assert f"def {name}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.name in TRIED], ids=lambda bug: bug.name)
def test_a_bug_is_noticed(bug: Bug) -> None:
    """With the bug in a copy of the project, the test named for it turns red."""
    assert seen(bug)
