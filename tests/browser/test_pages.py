"""The pages in a real browser: on a telephone and at a desk, with JavaScript and without."""

import importlib
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, TELEPHONE
from tests.browser.scene import dead_letters
from tests.web.house import House, house, job_failed

FULL = os.environ.get("ALERT_ROUTER_TORTURE") == "1"
#: WCAG 2.2 A and AA, and what axe-core knows of good habits.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def addresses(served: House) -> Iterator[str]:
    """Every page, and one of each kind of detail."""
    yield from ("/", "/events", "/alerts", "/deliveries", "/deliveries?state=dead", "/silences", "/rules")
    yield from ("/silences?matcher=rule+%3D%3D+%27job-failed%27&lasts=2h", "/silences?matcher=%5B&lasts=2h")
    yield from ("/health", "/try", "/login", "/alerts?state=nothing", "/nowhere")
    event = served.ask("GET", "/v1/events").json()["events"][0]["id"]
    delivery = served.ask("GET", "/v1/deliveries?state=dead").json()["deliveries"][0]["id"]
    yield f"/groups/{served.ask('GET', '/v1/groups').json()['groups'][0]['id']}"
    yield from ("/job?id=job-0000000058C3A1B2", "/rules/instance-failed", "/rules/job-failed")
    yield from (f"/events/{event}", f"/try?id={event}&filter=ExitCode", f"/deliveries/{delivery}")


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [(TELEPHONE, "dark"), (DESK, "light"), *([(TELEPHONE, "light"), (DESK, "dark")] if FULL else [])],
    ids=lambda one: one if isinstance(one, str) else str(one["width"]),
)
def test_everybody_can_use_each_page(browser: Browser, served: House, viewport: Any, scheme: Any) -> None:
    """axe-core finds nothing, nothing runs over the edge, nothing is asked of another site."""
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    page = context.new_page()
    axe: Any = importlib.import_module("axe_playwright_python.sync_playwright")
    hosts: set[str] = set()
    page.on("request", lambda asked: hosts.add(urlsplit(asked.url).netloc))
    for address in addresses(served):
        page.goto(served.url + address)
        found = axe.Axe().run(page, options=RULES)
        assert not found.response["violations"], f"{address}: {found.generate_report()}"
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{address} is {wide} pixels too wide"
    assert hosts == {urlsplit(served.url).netloc}
    context.close()


def test_the_keyboard_is_enough(browser: Browser, served: House) -> None:
    """From the top of the page, Tab and Enter reach the first group's Acknowledge, visibly."""
    page = browser.new_page(viewport=DESK)
    page.goto(served.url)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Acknowledge":
            break
    focused = page.locator(":focus")
    expect(focused).to_have_text("Acknowledge")
    assert focused.evaluate("it => getComputedStyle(it).outlineStyle") == "solid"
    page.close()


def test_acknowledging_a_group(page: Page, served: House) -> None:
    """One press of a button: the group says that somebody has seen it, and who stands in the audit trail."""
    job = f"job-{page.context.__hash__():x}"
    served.tell(job_failed(job))
    card = page.locator("article", has_text=job).filter(has_text="oncall")
    served.until(lambda: (page.goto(served.url), card.count())[1])
    page.get_by_label("Your name").fill("wang")
    card.get_by_role("button", name="Acknowledge").click()
    expect(card).to_contain_text("acknowledged")
    expect(card.get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.get_by_role("link", name="Health").click()
    expect(page.locator("main")).to_contain_text("wang")


def test_enter_in_the_name_acknowledges_nothing(browser: Browser, served: House) -> None:
    """The one field of the first page belongs to all of its buttons, so none of them is pressed by Enter."""
    page = browser.new_page(viewport=TELEPHONE)
    page.goto(served.url)
    buttons = page.get_by_role("button", name="Acknowledge").count()
    page.get_by_label("Your name").fill("wang")
    page.keyboard.press("Enter")
    page.goto(served.url)
    assert page.get_by_role("button", name="Acknowledge").count() == buttons > 0
    page.close()


def test_a_group_is_resolved(page: Page, served: House) -> None:
    """Resolve is behind a fold, so that no thumb presses it by accident; then the card is gone."""
    job = f"job-{page.context.__hash__():x}-over"
    served.tell(job_failed(job))
    cards = page.locator("article", has_text=job)
    served.until(lambda: (page.goto(served.url), cards.count())[1])
    expect(cards.first.get_by_role("button", name="Resolve", exact=True)).to_be_hidden()
    cards.first.get_by_text("Resolve …").click()
    cards.first.get_by_role("button", name="Resolve", exact=True).click()
    expect(cards).to_have_count(0)


def test_a_silence_with_its_preview(page: Page) -> None:
    """What it would mute is seen before it is made; afterwards it stands in the list and can be ended."""
    page.get_by_role("link", name="Silences").click()
    page.get_by_label("Matcher").fill("rule == 'job-failed' && Event == 'OnJobFailed'")
    page.get_by_label("For how long").fill("30m")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="It would mute")).to_contain_text("open alerts")
    expect(page.locator("main")).to_contain_text("nightly-report")
    page.get_by_label("Why").fill("a test")
    page.get_by_role("button", name="Silence for 30m").click()
    row = page.locator("tr", has_text="rule == 'job-failed' &&")
    expect(row).to_contain_text("a test")
    row.get_by_role("button", name="End now").click()
    expect(row).to_have_count(0)


def test_a_dead_letter_is_tried_again(page: Page, served: House) -> None:
    """Picked and tried again: it is due, and dead once more only after another answer of the provider."""
    page.goto(f"{served.url}/deliveries?state=dead")
    row = page.locator("tbody tr").first
    address = row.get_by_role("link").get_attribute("href")
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Try again").click()
    served.until(lambda: dead_letters(served))
    attempts = page.locator("main")
    served.until(lambda: (page.goto(f"{served.url}{address}"), "404" in attempts.inner_text())[1])


def test_a_filter_is_tried(page: Page) -> None:
    """A recorded event, a filter of one's own: each clause with its value."""
    page.get_by_role("link", name="Events").click()
    page.locator("tbody tr", has_text="OnInstanceFailed").first.get_by_role("link").first.click()
    page.get_by_role("link", name="Try a filter on it").click()
    page.get_by_label("A filter").fill("ExitCode == `137` && JobName == 'nobody'")
    page.get_by_role("button", name="Try").click()
    own = page.locator("main")
    expect(own.get_by_role("heading", name="Your filter")).to_be_visible()
    expect(own).to_contain_text("ExitCode = 137")
    expect(own).to_contain_text("← decided")


def test_nothing_in_an_event_acts(browser: Browser, served: House) -> None:
    """Markup in every field is text in the browser too: nothing runs, nothing is fetched."""
    evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>\'"><svg onload=alert(3)>{{7*7}}'
    event = served.tell(job_failed("job-evil" + evil, JobName=evil, Region=evil))
    page = browser.new_page()
    acted: list[str] = []
    page.on("dialog", lambda dialog: (acted.append(dialog.message), dialog.dismiss())[0])
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.resource_type))
    for address in ("/", "/events", "/alerts", f"/events/{event}", f"/try?id={event}", "/deliveries"):
        page.goto(served.url + address)
    assert not acted
    assert "image" not in asked
    assert page.locator("main img, main script, main svg[onload]").count() == 0
    page.close()


def test_logging_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A wrong token is refused in words; with the right one, whoever may only read sees no buttons."""
    http = ", token: t-admin, tokens: {guest: {role: read, token: t-read}}"
    with house(tmp_path_factory.mktemp("guarded"), http=http) as guarded:
        page = browser.new_page(viewport=TELEPHONE)
        page.goto(f"{guarded.url}/alerts")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Token").fill("t-read")
        page.get_by_role("button", name="Log in").click()
        guarded.ask("POST", "/v1/events/hook", job_failed(), {"authorization": "Bearer t-admin"})
        expect(page.get_by_role("button", name="Log out guest")).to_be_visible()
        page.goto(f"{guarded.url}/silences")
        expect(page.get_by_role("button", name="Preview")).to_be_visible()
        expect(page.get_by_role("button", name="End now")).to_have_count(0)
        page.get_by_role("button", name="Log out guest").click()
        expect(page.get_by_label("Token")).to_be_visible()
        page.close()
