"""The stream that tells an open page when to look again."""

import http.client
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from router.web import streams
from tests.web.house import House, house, job_failed


@contextmanager
def listening(served: House, path: str = "/live") -> Generator[http.client.HTTPResponse]:
    """A stream, read behind its first lines."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    try:
        assert (answer.status, answer.readline(), answer.readline()) == (200, b"retry: 5000\n", b"\n")
        assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
        yield answer
    finally:
        answer.close()
        connection.close()


def test_a_stream_says_that_something_was_written(tmp_path: Path) -> None:
    """And no more than that; it ends when the router does, which need not wait for it."""
    with house(tmp_path) as served, listening(served) as answer:
        served.tell(job_failed())
        said = answer.readline()
        while said in (b"\n", b": still here\n"):
            said = answer.readline()
        assert said == b"data: look\n"
        served.router.say_stopping()
        assert set(answer.read().split(b"\n")) <= {b"", b"data: look", b": still here"}


def test_only_so_many_pages_are_kept_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes later is refused in words; who has gone leaves room."""
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)
    with house(tmp_path) as served:
        with listening(served):
            refused = served.ask("GET", "/live")
            assert (refused.status, refused.headers["retry-after"]) == (503, "2")
        served.until(lambda: taken_again(served))


def taken_again(served: House) -> bool:
    """Whether there is room for one more."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request("GET", "/live")
    status = connection.getresponse().status
    connection.close()
    return status == 200


def test_a_stream_needs_a_person(tmp_path: Path) -> None:
    """Without a token nobody learns even that something happens; the script is for everybody."""
    with house(tmp_path, http=", token: t-admin") as served:
        assert served.ask("GET", "/live").status == 303
        assert served.ask("GET", "/live", None, {"authorization": "Bearer t-admin-"}).status == 303
        script = served.ask("GET", "/live.js")
        assert (script.status, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
