"""The docs as a site: whole, and asking no other site for anything; what its pages show works."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from router.core.text.kinds import KINDS
from tests.cli.running import run
from tests.docs import gallery
from tests.docs.looks import LOOKS
from tests.docs.reference import commands_page, metrics_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
RECIPES = re.findall(r"## (.+?)\n.*?```yaml\n(.*?)```", (DOCS / "recipes.md").read_text("utf-8"), re.S)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a link to a page or a heading that is not there fails the build."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "zensical.toml").write_bytes((ROOT / "zensical.toml").read_bytes())
    shutil.copytree(DOCS, folder / "docs")
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


def test_every_page_is_built_and_asks_no_other_site(site: Path) -> None:
    """Each page stands in the site; scripts, styles, fonts and pictures are its own."""
    pages = [site / page.relative_to(DOCS).with_suffix(".html") for page in PAGES]
    assert [page for page in pages if not page.is_file()] == []
    for page in pages:
        loads = re.findall(
            r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"([^\"]+)", page.read_text("utf-8")
        )
        assert [url for url in loads if re.match(r"(?:https?:)?//", url)] == [], page


def _named(nav: Any) -> Iterator[str]:
    for entry in nav:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else _named(value)


def test_every_page_has_a_place_in_the_navigation() -> None:
    """A new page is reached, and none is named twice."""
    nav = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    assert sorted(_named(nav)) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pictures_are_there_and_say_what_they_show(page: Path) -> None:
    """No picture is missing, and each has words for whoever does not see it."""
    for words, path in re.findall(r"!\[([^\]]*)\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert words
        assert path.startswith("https://") or (page.parent / path).is_file(), path


def test_every_kind_of_channel_is_pictured() -> None:
    """The gallery is what its maker makes, with a picture for each kind."""
    assert (DOCS / "gallery.md").read_text("utf-8") == gallery.page()
    assert {path.stem for path in gallery.TO.iterdir()} == set(KINDS) == set(LOOKS)


@pytest.mark.parametrize(("heading", "rules"), RECIPES, ids=[heading for heading, _ in RECIPES])
def test_a_recipe_is_right(heading: str, rules: str, tmp_path: Path) -> None:
    """`check` finds nothing in it, and its tests pass."""
    file = tmp_path / "rules.yaml"
    file.write_text(rules, encoding="utf-8")
    checked = run("check", str(file))
    assert (checked.status, checked.out.strip()) == (0, "No fault found.")
    if "tests:" in rules:
        tested = run("test", str(file))
        assert tested.status == 0, tested.out


@pytest.mark.parametrize(
    ("page", "made"),
    [("commands.md", commands_page), ("metrics.md", metrics_page)],
    ids=["commands", "metrics"],
)
def test_the_reference_is_what_the_code_says(page: str, made: Callable[[], str]) -> None:
    """Every command, option, metric and log event stands there: renew it with `make docs`."""
    assert (DOCS / page).read_text("utf-8") == made()
