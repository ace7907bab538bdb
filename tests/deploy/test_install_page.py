"""docs/install.md says what the files in deploy/ are."""

import re

from router.version import __version__
from tests.acceptance.harness import ROOT

PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")


def test_every_file_it_names_is_there() -> None:
    """And every way has its place in deploy/."""
    named = set(re.findall(r"deploy/[\w./-]*\w", PAGE))
    assert {"deploy/Dockerfile", "deploy/kubernetes/base", "deploy/systemd/alert-router.service"} <= named
    overlays = {f"deploy/kubernetes/{name}" for name in re.findall(r"`(overlays/\w+)`", PAGE)}
    assert overlays == {
        str(path.relative_to(ROOT)) for path in (ROOT / "deploy/kubernetes/overlays").iterdir()
    }
    assert all((ROOT / path).exists() for path in named | overlays)


def test_the_secret_has_the_keys_that_the_settings_read() -> None:
    """A key that the page forgets is a router that does not start."""
    given = set(re.findall(r"--from-literal=([\w-]+)=", PAGE))
    settings = (ROOT / "deploy/kubernetes").rglob("router.yaml")
    read = {
        name
        for file in settings
        for name in re.findall(r"/run/secrets/alert-router/([\w-]+)", file.read_text())
    }
    assert given == read


def test_the_image_is_of_this_version() -> None:
    """A new version turns this red until the page names it."""
    assert set(re.findall(r"alert-router:(\d[\w.]*)", PAGE)) == {__version__}
