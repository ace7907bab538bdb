"""Makes the pictures of docs/gallery.md: built-in texts in every kind of channel (needs Chromium).

``make pictures`` takes them. They show what :mod:`tests.core.text.gallery` puts into docs/texts.md.
"""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from router.core.message import Message
from router.core.text.kinds import KINDS
from tests.browser.conftest import CHROMIUM
from tests.core.text.gallery import stories
from tests.core.text.making import a_rule, rendered
from tests.docs.looks import LOOKS, sheet

DOCS = Path(__file__).parents[2] / "docs"
TO = DOCS / "pictures" / "gallery"

#: Headings of the stories that are pictured; what differs only in a code stands in docs/texts.md.
PICTURED = (
    "An instance fails: exit code 137",
    "An instance fails: no exit code",
    "An instance fails: error and detail, the job's name unknown",
    "OnJobFailed",
    "OnTaskFailed",
    "OnPriorityChange",
    "OnClusterDeleted",
    "Ten thousand instances, told as `new`",
    "Ten thousand instances, told as `escalation`",
    "Ten thousand instances, told as `storm`",
    "A job that had failed finishes",
    "A CloudEvent",
    "Any JSON",
)


def messages(kind: str) -> Iterator[tuple[str, Message]]:
    """Every pictured text of a kind, with its caption; two of them in Chinese as well."""
    for heading, notification, severity in stories():
        if heading not in (PICTURED[:4:3] if kind == "webhook" else PICTURED):
            continue
        alerts = tuple(replace(alert, severity=severity) for alert in notification.alerts)
        told, rule = replace(notification, alerts=alerts), a_rule(severity=severity)
        yield heading.replace("`", ""), rendered(told, kind, rule)
        if heading in PICTURED[:1] + PICTURED[7:8]:
            yield f"{heading.replace('`', '')} (in Chinese)", rendered(told, kind, rule, language="zh")


def page() -> str:
    """docs/gallery.md."""
    pictures = "".join(
        f"\n## {LOOKS[kind][0]}\n\n![Built-in texts: {LOOKS[kind][0]}](pictures/gallery/{kind}.png)\n"
        for kind in KINDS
    )
    return _HEAD + pictures


_HEAD = """# Gallery: the built-in texts, as they arrive

One picture for each kind of channel: the words, the layout and the buttons are what the router sends;
the frames are drawings, since each provider's app looks a little different and changes. `make pictures`
takes them again. All texts of all events, to copy and search: [texts](texts.md). Texts of your own:
[templates](templates.md).
"""


def _keep(taken: bytes, path: Path) -> None:
    """With 96 colours: a third of the bytes, and nobody sees it."""
    with Image.open(BytesIO(taken)) as image:
        image.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Takes them."""
    TO.mkdir(parents=True, exist_ok=True)
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for kind in KINDS:
            shown = browser.new_page(viewport={"width": 1400, "height": 600})
            shown.set_content(sheet(kind, list(messages(kind))))
            _keep(shown.screenshot(full_page=True), TO / f"{kind}.png")
            shown.close()
        browser.close()


if __name__ == "__main__":
    main()
