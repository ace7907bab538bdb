"""Files of a configuration that change are noticed, each change once."""

import asyncio
import os
from pathlib import Path

import pytest

from router import sidecar
from router.config.watched import Watched

SETTINGS = "channels: {oncall: {url: 'slack://${file:token}'}}\nrules: ['rules/*.yaml']\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A router.yaml with a rule file and a secret."""
    (tmp_path / "router.yaml").write_text(SETTINGS)
    (tmp_path / "token").write_text("a/b/c")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yaml").write_text("rules: []\n")
    return tmp_path


def noticed(watched: Watched) -> list[bool]:
    """What three looks say."""
    return [watched.changed() for _ in range(3)]


@pytest.mark.parametrize("name", ["router.yaml", "rules/one.yaml", "rules/two.yaml", "token"])
def test_each_file_counts(folder: Path, name: str) -> None:
    """Changed or new: said once, at the second look that finds it so."""
    watched = Watched(folder / "router.yaml")
    assert noticed(watched) == [False, False, False]
    with (folder / name).open("a") as file:
        file.write("# changed\n")
    assert noticed(watched) == [False, True, False]


def test_a_file_that_is_being_written_is_waited_for(folder: Path) -> None:
    """As long as each look finds something else, nothing is said."""
    watched, file = Watched(folder / "router.yaml"), folder / "rules" / "one.yaml"
    for part in range(3):
        file.write_text("#" * part + "\nrules: []\n")
        assert not watched.changed()
    assert watched.changed()


def test_what_was_read_meanwhile_is_no_change(folder: Path) -> None:
    """Whoever has asked for a reload already does not get a second one."""
    watched = Watched(folder / "router.yaml")
    (folder / "token").write_text("d/e/f")
    watched.look()
    assert noticed(watched) == [False, False, False]


def test_what_is_put_back_is_no_change(folder: Path) -> None:
    """The same content again, though the file is another."""
    watched, file = Watched(folder / "router.yaml"), folder / "rules" / "one.yaml"
    before = file.read_text()
    file.write_text("# for a moment\n")
    assert not watched.changed()
    file.unlink()
    file.write_text(before)
    assert noticed(watched) == [False, False, False]


def test_a_config_map_is_swapped_by_its_link(tmp_path: Path) -> None:
    """Kubernetes changes one symbolic link; the names of the files and their links stay."""
    for number in (1, 2):
        (tmp_path / f"..{number}").mkdir()
        (tmp_path / f"..{number}" / "router.yaml").write_text(f"rules: ['*.yaml']  # {number}\n")
    os.symlink("..1", tmp_path / "..data")
    os.symlink("..data/router.yaml", tmp_path / "router.yaml")
    watched = Watched(tmp_path / "router.yaml")
    os.symlink("..2", tmp_path / "..new")
    os.replace(tmp_path / "..new", tmp_path / "..data")
    assert noticed(watched) == [False, True, False]


def test_what_cannot_be_read_is_a_change_and_so_is_its_return(folder: Path) -> None:
    """A router.yaml that is gone, or no YAML, is said once; nothing is thrown."""
    watched, file = Watched(folder / "router.yaml"), folder / "router.yaml"
    file.unlink()
    assert noticed(watched) == [False, True, False]
    file.write_text("{[")
    assert noticed(watched) == [False, True, False]
    file.write_text(SETTINGS)
    assert noticed(watched) == [False, True, False]


def test_a_reload_that_fails_is_not_the_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever becomes of one change, the next one is read."""
    monkeypatch.setattr(sidecar, "FILES_EVERY", 0.0)
    watched, file, reloads = Watched(folder / "router.yaml"), folder / "token", list[str]()

    def reload() -> bool:
        reloads.append(file.read_text())
        if len(reloads) == 2:
            raise asyncio.CancelledError
        file.write_text("second")
        raise ValueError("nobody expected this")

    file.write_text("first")
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(sidecar.follow(watched, reload))
    assert reloads == ["first", "second"]
