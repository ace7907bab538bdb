"""The pictures of docs/page.md, taken of a router in the middle of a bad night: ``make pictures``."""

import os
import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, DESK, TELEPHONE
from tests.browser.scene import set_the_scene
from tests.web.house import house

TO = Path(__file__).parents[2] / "docs" / "pictures"


def main() -> None:
    """Takes them."""
    folder = Path(tempfile.mkdtemp())
    TO.mkdir(exist_ok=True)
    # The page of health shows where the files are.
    os.chdir(folder)
    with house(Path()) as served, sync_playwright() as playwright:
        set_the_scene(served)
        event = served.ask("GET", "/v1/events?name=OnInstanceFailed").json()["events"][0]["id"]
        tried = f"/try?id={event}&filter=ExitCode+%21%3D+%600%60+%26%26+JobName+%3D%3D+%27canary%27"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, path, viewport, dark in (
            ("now", "/", DESK, False),
            ("now-telephone", "/", TELEPHONE, True),
            ("event", f"/events/{event}", DESK, False),
            ("job", "/job?id=job-0000000058C3A1B2", DESK, False),
            ("rule", "/rules/instance-failed", DESK, True),
            ("try", tried, DESK, False),
            ("silence", "/silences?matcher=rule+%3D%3D+%27job-failed%27&lasts=2h", DESK, False),
            ("deliveries", "/deliveries?state=dead", DESK, False),
            ("health", "/health", DESK, True),
        ):
            page = browser.new_page(viewport=viewport, color_scheme="dark" if dark else "light")
            page.goto(served.url + path)
            _keep(page.screenshot(full_page=path != "/"), TO / f"{name}.png")
            page.close()
        browser.close()
    shutil.rmtree(folder)


def _keep(taken: bytes, path: Path) -> None:
    """Few colours and so few bytes: they stand in the repository."""
    with Image.open(BytesIO(taken)) as image:
        image.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
