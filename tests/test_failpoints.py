"""Every failpoint of the registry stands in the code, once, and nowhere else."""

import re
from pathlib import Path

import pytest

from router import failpoints
from router.failpoints import REGISTRY, FailpointError, arm, failpoint

CODE = Path(failpoints.__file__).parent


def test_the_registry_and_the_code_name_the_same_failpoints() -> None:
    """A failpoint that no step passes, or that is not listed, turns this red."""
    used = [
        name
        for file in CODE.rglob("*.py")
        for name in re.findall(r'\bfailpoint\("([^"]+)"\)', file.read_text(encoding="utf-8"))
    ]
    assert sorted(used) == sorted(REGISTRY)


def test_every_step_that_commits_has_a_failpoint_before_and_after() -> None:
    """Each call of the store's write in a loop is followed by a failpoint, and has one in its transaction."""
    for file in (CODE / "pipeline").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        writes = [match.end() for match in re.finditer(r"self\._store\.write\(work\)", text)]
        for end in writes:
            assert "failpoint(" in text[end : end + 200], f"{file.name}: a commit without a failpoint"


def test_an_armed_failpoint_acts_at_its_hit_only() -> None:
    """``raise@2`` lets the first passing through and stops the second."""
    arm("ingest.received=raise@2")
    try:
        failpoint("ingest.received")
        with pytest.raises(FailpointError):
            failpoint("ingest.received")
        failpoint("ingest.received")
    finally:
        arm("")


def test_an_unknown_name_is_refused() -> None:
    """A misspelt failpoint in the variable is an error, not silence."""
    with pytest.raises(ValueError, match="no failpoint is named"):
        arm("ingest.recieved=kill")
