"""A public address with a path: pages, forms, log-in and links under it, as a proxy passes them on."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from tests.web.house import House, house, job_failed
from tests.web.test_live import listening
from tests.web.test_pages import PAGES, page, post, proof

#: The hardest one: a page of ours has this name.
BASE = "/alerts"
PUBLIC = "https://alerts.example.com"
FROM = {"host": "alerts.example.com", "origin": PUBLIC}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A router without a token."""
    with house(tmp_path_factory.mktemp("prefix"), http=f", public_url: '{PUBLIC}{BASE}'") as one:
        one.tell(job_failed())
        one.until(lambda: "job-1" in page(one, BASE + "/"))
        yield one


@pytest.mark.parametrize("path", PAGES)
def test_what_a_page_leads_to_is_under_the_prefix(served: House, path: str) -> None:
    """Every link, form and script has it, and leads to what is there."""
    text = page(served, BASE + path)
    assert f'href="{BASE}{path}" aria-current="page"' in text
    found = re.findall(r'(href|src|action)="([^"?][^"]*)"', text)
    assert len(found) > 8
    assert [where for _, where in found if not where.startswith(BASE + "/")] == []
    for where in {where.replace("&amp;", "&") for kind, where in found if kind != "action"}:
        assert served.ask("GET", where).status == 200, where


def test_no_template_leaves_the_prefix_out() -> None:
    """Every address of ours in a page begins with it, also on pages that the test above does not see."""
    folder = files("router.web.pages") / "templates"
    texts = {
        one.name: one.read_text(encoding="utf-8") for one in folder.iterdir() if one.name.endswith(".html")
    }
    assert len(texts) > 10
    assert {name for name, text in texts.items() if re.search(r'(href|src|action)="/', text)} == set()


def test_the_script_follows_the_stream_beside_it(served: House) -> None:
    """It asks for `live` where it was loaded from, and that is answered."""
    script = served.ask("GET", f"{BASE}/live.js").text
    assert 'new URL("live", document.currentScript.src)' in script
    assert '"/live"' not in script
    with listening(served, f"{BASE}/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_form_changes_and_leads_back(served: House) -> None:
    """From the public address, with the proof; from another site nothing."""
    served.tell(job_failed("job-2"))
    text = page(served, f"{BASE}/alerts")
    [alert] = [one.id for one in served.read(lambda unit: unit.list_alerts()) if "job-2" in one.key]
    fields = [("form", proof(text)), ("id", alert), ("by", "kim")]
    assert (
        post(served, f"{BASE}/alerts/resolve", fields, **FROM | {"origin": "https://evil.example"}).status
        == 403
    )
    done = post(served, f"{BASE}/alerts/resolve", fields, **FROM)
    assert (done.status, done.headers["location"]) == (303, f"{BASE}/alerts")
    [after] = served.read(lambda unit: unit.alerts([alert]))
    assert after.end_reason == "resolved by kim"


def test_without_the_prefix_the_listener_answers_as_ever(served: House) -> None:
    """All but the page that is named as the prefix; a name that only begins alike is not the prefix."""
    for path in ("/healthz", "/metrics", "/v1/alerts", "/events", f"{BASE}/healthz", f"{BASE}/v1/alerts"):
        assert served.ask("GET", path).status == 200, path
    assert served.ask("POST", f"{BASE}/v1/events/hook", job_failed("job-3")).status == 200
    assert "with firing alerts</h1>" in served.ask("GET", BASE).text
    assert served.ask("GET", f"{BASE}x").status == 404


def test_a_session_is_for_what_is_under_the_prefix(tmp_path: Path) -> None:
    """The log-in leads there and back, and no other application of the host is sent the cookie."""
    with house(tmp_path, http=f", public_url: '{PUBLIC}{BASE}', token: t-admin") as one:
        away = one.ask("GET", f"{BASE}/events")
        assert (away.status, away.headers["location"]) == (303, f"{BASE}/login")
        entered = post(one, f"{BASE}/login", [("token", "t-admin")], **FROM)
        assert entered.headers["location"] == f"{BASE}/"
        cookie = entered.headers["set-cookie"]
        assert {f"Path={BASE}", "Secure", "HttpOnly"} <= set(cookie.split("; "))
        session = cookie.partition(";")[0]
        assert page(one, f"{BASE}/events", cookie=session)
        left = post(one, f"{BASE}/logout", [], **FROM, cookie=session)
        assert left.headers["location"] == f"{BASE}/login"
        assert f"Path={BASE}" in left.headers["set-cookie"]


def test_the_link_of_a_message_is_answered_under_the_prefix(served: House) -> None:
    """As the message has it."""
    [link, *_] = served.until(
        lambda: [
            found[0]
            for one in served.read(lambda unit: unit.deliveries())
            if (found := re.findall(rf'"{PUBLIC}({BASE}/a/[^"]+)"', one.content))
        ]
    )
    assert served.ask("GET", link).status == 200
