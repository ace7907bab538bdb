"""``--server``: commands ask a running router, or the store, and print the same."""

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from router import telemetry
from router.app import SystemClock
from router.cli.api import answer_of, api_of
from router.cli.tail import watch
from router.errors import RouterError
from router.web.gate import Gate, tokens_of
from router.web.proof import proof_of
from tests.cli.running import Done, run, run_json
from tests.web.house import House, house, job_failed

_AGO = re.compile(r" \((just now|[^()]* ago)\)")
ADD = ("silences", "add", "JobId == 'job-1'", "--for", "2h", "--comment", "moving", "--by", "kim")


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """The router beside us logs nothing into what a command prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telemetry, "log", silent)
        yield


def silent(_name: str, _level: str = "info", **_facts: Any) -> None:
    """Logs nothing."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A router that has told of three jobs, has a dead letter of each."""
    with house(tmp_path_factory.mktemp("server")) as one:
        for number in range(3):
            one.tell(job_failed(f"job-{number}\x1b[2J"))
        one.until(lambda: not open_deliveries(one))
        yield one


def open_deliveries(served: House) -> list[str]:
    """Deliveries that have not ended; at first there are none at all."""
    found = run_json("deliveries", "list", "--server", served.url)["deliveries"]
    return [one["id"] for one in found if one["ended_at"] is None] if len(found) >= 6 else ["not written"]


def ids(served: House, kind: str, *words: str) -> list[str]:
    """Ids that a command lists."""
    return [one["id"] for one in run_json(kind, "list", "--server", served.url, *words)[kind]]


def both(served: House, *words: str) -> Done:
    """What a command comes to; by the router and by the store it is the same."""
    by_router = run(*words, "--server", served.url)
    by_store = run(*words, "-c", str(served.file))
    if words[0] == "top":
        # Counted back from the moment at which it was asked.
        by_router, by_store = (one._replace(out=one.out.split("[", 1)[-1]) for one in (by_router, by_store))
    # A text says how long ago something was, and the second answer comes later.
    by_router, by_store = (one._replace(out=_AGO.sub("", one.out)) for one in (by_router, by_store))
    assert by_router == by_store
    assert "\x1b" not in by_router.out
    return by_router


READS: list[Callable[[House], tuple[str, ...]]] = [
    lambda _: ("alerts", "list"),
    lambda _: ("alerts", "list", "--rule", "job-failed", "--state", "firing", "--limit", "2"),
    lambda it: ("alerts", "show", ids(it, "alerts")[0]),
    lambda _: ("alerts", "show", "a-none"),
    lambda _: ("silences", "list", "--all"),
    lambda _: ("deliveries", "list"),
    lambda _: ("deliveries", "list", "--state", "dead", "--channel", "broken"),
    lambda it: ("deliveries", "show", ids(it, "deliveries")[0]),
    lambda _: ("deliveries", "show", "d/none?"),
    lambda _: ("tail", "--no-follow"),
    lambda _: ("tail", "--no-follow", "--rule", "job-faild"),
    lambda _: ("tail", "--no-follow", "--filter", "Event == 'OnJobFailed'", "--since", "1h"),
    lambda _: ("top", "--by", "channel", "--since", "1d"),
    lambda _: ("top", "--since", "soon"),
    lambda _: ("verify",),
    lambda _: ("events", "--undecodable"),
    lambda it: ("explain", "--clauses", "--id", it.ask("GET", "/v1/events").json()["events"][0]["id"]),
    lambda _: ("explain", "--id", "e-none"),
    lambda _: (*ADD, "--dry-run"),
    lambda _: ("silences", "add", "rule", "--comment", "c"),
    lambda _: ("silences", "add", "rule", "--comment", "c", "--for", "1h", "--interval", "x"),
]


@pytest.mark.parametrize("of", READS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_shown_is_the_same(served: House, of: Callable[[House], tuple[str, ...]], form: str) -> None:
    """Every command that shows something, and its faults; as text and for programs."""
    words = of(served)
    done = both(served, *words, "-o", form)
    assert done.out or done.error
    if form == "json" and done.status == 0 and words[0] not in ("tail", "top"):
        assert json.loads(done.out)


def test_what_is_changed_is_the_same(served: House) -> None:
    """Acknowledge, resolve, retry, drop, add and expire: the same words, done to the same store."""
    first, second, third = ids(served, "alerts")
    said = "1 acknowledged until T. Were acknowledged already: X. That holds until T now."
    assert twice(served, "alerts", "ack", first, second) == said
    assert twice(served, "alerts", "resolve", third, first) == "1 resolved. Not open: X (resolved)."
    # The ends of two are told as well, and refused.
    dead = served.until(
        lambda: found if len(found := ids(served, "deliveries", "--state", "dead")) == 5 else []
    )
    assert twice(served, "deliveries", "drop", *dead[:2]) == "1 dropped. Not in a state for it: X (dropped)."
    assert run("deliveries", "retry", "--channel", "broken", "--server", served.url).out == "3 due again.\n"
    served.until(lambda: not open_deliveries(served))
    for how in (("--server", served.url), ("-c", str(served.file))):
        made = run(*ADD, *how)
        assert re.sub("[0-9].*UTC", "T", made.out.split(" ", 1)[1]) == "is active until T.\n"
        silence = made.out.split()[0]
        assert run_json("silences", "expire", silence, *how)["silences"][0]["state"] == "expired"
        assert run("silences", "expire", silence, *how).error.startswith(f"silence {silence} is over since ")
    deeds = {one["what"]: one["by"] for one in served.ask("GET", "/v1/deeds").json()["deeds"]}
    assert (sorted(deeds), deeds["silence"]) == (
        ["acknowledge", "drop", "expire", "resolve", "retry", "silence"],
        "kim",
    )


def twice(served: House, noun: str, verb: str, one: str, other: str) -> str:
    """What is said when the router does it to one, and then the store to both; ids are X."""
    assert run(noun, verb, one, "--server", served.url).out.startswith("1 ")
    done = run(noun, verb, one, other, "-c", str(served.file)).out.strip()
    return re.sub(r"until [-0-9: ]+ UTC \(1h\)", "until T", done.replace(one, "X"))


def test_news_go_on_where_a_stream_ended(served: House) -> None:
    """What was shown is not shown again, what came meanwhile is."""
    shown: list[str] = []
    waits = iter([False, True])
    with api_of("", served.url, "") as api:
        new = api.news(lambda _: True, since="1h", follow=False)
        watch(lambda: after(served, new()), lambda one: shown.append(one["id"]), lambda _: next(waits))
    assert len(shown) == len(set(shown))
    assert len(shown) >= 8


def after(served: House, news: Any) -> Iterator[Any]:
    """The news, and then another event comes."""
    yield from news
    served.ask("POST", "/v1/events/hook", {"subject": "later"})


def test_the_router_of_the_configuration_is_asked_where_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own token, and only if it is the one of this file; who did it is the token's name."""
    with house(tmp_path, http=", token: t-admin") as served:
        served.tell(job_failed(), authorization="Bearer t-admin")
        configured = served.file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{served.port}")
        served.file.write_text(configured)
        [one] = run_json("alerts", "list", "-c", str(served.file))["alerts"]
        assert run("alerts", "ack", one["id"], "-c", str(served.file)).out.startswith("1 acknowledged until ")
        [shown] = run_json("alerts", "list", "-c", str(served.file))["alerts"]
        assert shown["acknowledged_by"] == "http.token"
        other = tmp_path / "other.yaml"
        other.write_text(configured.replace("state.db", "other.db"))
        assert run("alerts", "list", "-c", str(other)).out == "No alerts.\n"
        assert "a token is needed" in run("alerts", "list", "--server", served.url).error
        monkeypatch.setenv("ALERT_ROUTER_TOKEN", "t-admin")
        assert len(run_json("alerts", "list", "--server", served.url)["alerts"]) == 1


class Relay:
    """Listens in a router's place, hands every request on to it, and writes down what it was sent."""

    def __init__(self, to: int) -> None:
        heard = self.heard = list[str]()

        class Answers(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                heard.append(f"{self.path} {self.headers}")
                beyond = http.client.HTTPConnection("127.0.0.1", to, timeout=60)
                beyond.request("GET", self.path, headers=dict(self.headers.items()))
                answer = beyond.getresponse()
                body = answer.read()
                beyond.close()
                self.send_response(answer.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name
                """Nothing is printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


def test_what_listens_in_a_routers_place_is_shown_no_token(tmp_path: Path) -> None:
    """Though it can ask that router, which listens elsewhere: it proves nothing, and the store is asked."""
    with house(tmp_path, http=", token: t-admin") as served:
        served.tell(job_failed(), authorization="Bearer t-admin")
        relay = Relay(served.port)
        served.file.write_text(served.file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{relay.port}"))
        assert len(run_json("alerts", "list", "-c", str(served.file), "--token", "t-mine")["alerts"]) == 1
        relay.server.shutdown()
        relay.server.server_close()
        assert [one.split("?")[0] for one in relay.heard] == ["/-/proof", "/-/proof"]
        assert not re.search("authorization|t-admin|t-mine", "".join(relay.heard), re.IGNORECASE)


def test_faults_on_disk_do_not_hide_the_router_that_runs(tmp_path: Path) -> None:
    """It goes on with what it loaded, and is asked; its store is looked into without it, and not changed."""
    with house(tmp_path) as served:
        served.tell(job_failed())
        whole = served.file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{served.port}")
        served.file.write_text(whole.replace("channels:", "chanels:"))
        file = str(served.file)
        done = run("alerts", "list", "-c", file)
        assert (done.status, "job-failed" in done.out) == (0, True)
        [warning] = done.error.splitlines()
        assert warning.endswith(
            f"the router that runs at 127.0.0.1:{served.port} is asked, with what it has loaded."
        )
        [alert] = run_json("alerts", "list", "--server", served.url)["alerts"]
        assert run("alerts", "ack", alert["id"], "-c", file).out.startswith("1 acknowledged")
    done = run("alerts", "list", "-c", file)
    assert (done.status, "job-failed" in done.out) == (0, True)
    assert "its store is read" in done.error
    refused = run("alerts", "resolve", alert["id"], "-c", file)
    assert (refused.status, "unknown key chanels" in refused.error) == (2, True)
    assert "--server URL asks one elsewhere" in refused.error


@pytest.mark.parametrize(
    "text", ["store: [", "rules: [{name: a}]", "htpp: {listen: '127.0.0.1:1'}\nrules: []", None]
)
def test_where_to_ask_is_not_guessed(tmp_path: Path, text: str | None) -> None:
    """A file that cannot be read, or whose key for it is misspelt: the error names the way without it."""
    file = tmp_path / "router.yaml"
    if text is not None:
        file.write_text(text)
    done = run("alerts", "list", "-c", str(file))
    assert done.status == 2
    assert done.error.endswith("\n  A router that runs is asked without this file with --server URL.")


def test_a_proof_is_of_one_token_nonce_and_place() -> None:
    """The router answers only who has proved it first; guesses at it count as wrong tokens."""
    gate, meet = Gate(SystemClock(), tokens_of("t-admin", {})), ("127.0.0.1", 8080)
    asks = proof_of("t-admin", "asks", "n", meet)
    answer = gate.prove(asks, "n", meet, "10.0.0.1")
    assert answer == proof_of("t-admin", "answers", "n", meet) != asks
    wrong = [("", "n", meet), (answer, "n", meet), (asks, "m", meet), (asks, "n", ("127.0.0.1", 8081))]
    wrong += [(proof_of("guess", "asks", "n", meet), "n", meet)]
    for proof, nonce, place in wrong:
        with pytest.raises(RouterError, match="no token proves so"):
            gate.prove(proof, nonce, place, "10.0.0.2")


def test_a_server_that_is_none_is_said() -> None:
    """No address, nobody there, somebody else: what is wrong and what to look at."""
    assert "expected an address" in run("verify", "--server", "here").error
    assert "does not answer" in run("verify", "--server", "http://127.0.0.1:9").error
    for body in (b"<html>", b"[]", b'{"error": "no"}'):
        with pytest.raises(RouterError, match="answers as no router does"):
            answer_of(404, body)
