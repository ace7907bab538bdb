"""``check --fix``: what it writes, and that it never writes what is worse."""

import errno
import os
from pathlib import Path

import pytest

from router.cli.fixing import fix_files
from router.errors import Finding, Place
from tests.cli.running import run

TEXT = "rules:\n  - {name: a, when: \"ExitCode == '1'\", to: [b]}\n"


@pytest.mark.parametrize("instead", ["}", "&&&"])
def test_what_is_worse_is_never_written(tmp_path: Path, instead: str) -> None:
    """A bad replacement, for YAML or for JMESPath, is judged before the file holds it."""
    path = tmp_path / "rules.yaml"
    path.write_text(TEXT)
    seen: list[str] = []
    place, end = Place(str(path), 2, 37), Place(str(path), 2, 41)

    def check() -> list[Finding]:
        seen.append(path.read_text())
        return [Finding("F104", "error", place, "wrong", end=end, instead=instead)]

    assert fix_files(check) == []
    assert {*seen, path.read_text()} == {TEXT}
    assert [*tmp_path.iterdir()] == [path]


def test_what_yaml_would_take_for_itself_is_not_offered(tmp_path: Path) -> None:
    """A plain filter cannot begin with a backtick: that is left to the person, and the others are mended."""
    path = tmp_path / "rules.yaml"
    text = "rules:\n  - {name: a, when: 0 != ExitCode, to: [b]}\n"
    text += "  - {name: c, when: null != ErrorCode, to: [b]}\n"
    more = '  - {name: d, when: "0 != ExitCode", to: [b]}\n'
    path.write_text(text + more)
    done = run("check", str(path), "--fix")
    assert path.read_text() == text + more.replace("0 !=", "`0` !=")
    assert "0 lacks its backticks" in done.out
    assert "can be mended" not in done.out


def test_a_number_that_would_become_a_text_is_not_offered(tmp_path: Path) -> None:
    """In backticks, 01 is a text: what it was meant for is the person's to say."""
    path = tmp_path / "rules.yaml"
    text = "rules:\n  - {name: a, when: RetryCount == 01, to: [b]}\n"
    path.write_text(text)
    assert "write it without the leading 0" in run("check", str(path), "--fix").out
    assert path.read_text() == text


def test_a_byte_order_mark_moves_nothing_and_stays(tmp_path: Path) -> None:
    """A file of one line that begins with a mark is mended at the right place."""
    path = tmp_path / "rules.yaml"
    text = "{rules: [{name: a, when: \"ExitCode == '1'\", to: [b]}]}\n"
    path.write_text(text, encoding="utf-8-sig")
    done = run("check", "--fix", str(path))
    assert "rules.yaml:1:39: '1' → `1`" in done.error
    assert path.read_bytes() == b"\xef\xbb\xbf" + text.replace("'1'", "`1`").encode()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it leads to is mended, with the mode that it had."""
    path, link = tmp_path / "kept.yaml", tmp_path / "rules.yaml"
    path.write_text(TEXT)
    path.chmod(0o600)
    link.symlink_to(path)
    run("check", "--fix", str(link))
    assert link.is_symlink()
    assert "`1`" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is said, and nothing else is left behind."""
    path = tmp_path / "rules.yaml"
    path.write_text(TEXT)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    done = run("check", "--fix", str(path))
    assert done == (2, "", f"cannot write {path}: No space left on device")
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_text() == TEXT


def test_a_name_may_be_as_long_as_a_name_can_be(tmp_path: Path) -> None:
    """What is written beside the file has a name of its own."""
    path = tmp_path / ("r" * 250 + ".yaml")
    path.write_text(TEXT)
    assert run("check", "--fix", str(path)).status == 0
    assert "`1`" in path.read_text()
