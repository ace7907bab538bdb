"""A Chromium without a window, and a router that it looks at."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.browser.scene import set_the_scene
from tests.web.house import House, house

#: Where Debian and others put it.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
#: A machine that does much else takes its time.
expect.set_options(timeout=60_000)
DESK: ViewportSize = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a file of tests: while it lives, this thread has a loop, and asyncio.run fails elsewhere."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed, and on CI these tests must run")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A router in the middle of a bad night."""
    with house(tmp_path_factory.mktemp("browser")) as one:
        set_the_scene(one)
        yield one


@pytest.fixture(params=["desk", "telephone", "desk without JavaScript", "telephone without JavaScript"])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Both widths, with JavaScript and without."""
    made = browser.new_context(
        viewport=TELEPHONE if request.param.startswith("telephone") else DESK,
        java_script_enabled="without" not in request.param,
    )
    made.set_default_timeout(60_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, served: House) -> Page:
    """A page of its own for each test; a fault in the browser's console is a failure."""
    page = context.new_page()
    page.on(
        "console", lambda said: pytest.fail(f"{said.type}: {said.text}") if said.type == "error" else None
    )
    page.goto(served.url)
    return page
