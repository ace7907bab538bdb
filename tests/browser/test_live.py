"""With JavaScript a page follows what happens."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK
from tests.web.house import House, job_failed


@pytest.fixture
def page(browser: Browser, served: House) -> Iterator[Page]:
    """The first page."""
    page = browser.new_page(viewport=DESK)
    page.set_default_timeout(20_000)
    page.goto(served.url)
    yield page
    page.close()


def test_what_fires_appears_by_itself(page: Page, served: House) -> None:
    """An event that comes while somebody looks is on the page without a reload."""
    served.tell(job_failed("job-appears"))
    expect(page.locator("article", has_text="job-appears").first).to_be_visible()


def test_what_somebody_types_is_left_alone(page: Page, served: House) -> None:
    """While a field has the focus nothing is replaced; once it has lost it, the page catches up."""
    field = page.get_by_label("Your name").first
    field.fill("wan")
    served.tell(job_failed("job-later"))
    page.wait_for_timeout(4000)
    expect(field).to_have_value("wan")
    expect(page.locator("article", has_text="job-later")).to_have_count(0)
    field.blur()
    expect(page.locator("article", has_text="job-later").first).to_be_visible()


def test_a_filter_answers_while_one_types(page: Page, served: House) -> None:
    """The clauses follow the field without a button, faults too, and the address keeps both for a reload."""
    page.goto(f"{served.url}/try")
    page.get_by_label("The event").fill('{"Category": "Job", "Event": "OnJobFailed", "JobId": "job-typed"}')
    page.get_by_label("A filter").press_sequentially("JobId == 'job-typed'", delay=5)
    answer = page.locator("#answer")
    expect(answer).to_contain_text("JobId = job-typed")
    page.get_by_label("A filter").press_sequentially(" &&")
    expect(answer.locator(".problem")).to_be_visible()
    page.reload()
    expect(page.get_by_label("A filter")).to_have_value("JobId == 'job-typed' &&")
