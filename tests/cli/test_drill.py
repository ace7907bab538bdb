"""``drill``: one marked event goes the whole way of a real router, and each step is said."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.acceptance.harness import Process, Sink
from tests.cli.running import run, run_json, write_router

RULE = {"name": "everything", "when": "always", "to": ["oncall"]}


@contextmanager
def routing(folder: Path, url: str, within: str = "30s") -> Generator[str]:
    """The address of a router whose drills go to this URL; the first one, at its start, is over."""
    channels: dict[str, Any] = {"oncall": {"url": "json://127.0.0.1:9/"}, "drills": {"url": url}}
    keys = {"channel": "drills", "every": "1d", "within": within}
    http = {"listen": "127.0.0.1:0"}
    process = Process(Path(write_router(folder, [RULE], channels=channels, drill=keys, http=http)))
    try:
        yield f"http://127.0.0.1:{process.port}"
    finally:
        process.terminate()


def test_a_drill_by_hand_is_followed_to_its_acceptance(tmp_path: Path, sink: Sink) -> None:
    """Stored, written, sent, each with its time; the message says that it is a drill; it is on record."""
    with routing(tmp_path, sink.url("")) as server:
        sink.wait_for(1)
        done = run("drill", "--server", server)
        assert done.status == 0, done
        first, *_, last, end = done.out.splitlines()
        assert first.startswith("  0.0 s  its event is stored: e-")
        assert " s  drills/1 is sent (200)" in last
        assert end.startswith("Accepted by drills, ")
        assert "Drill of alert-router: nothing is wrong" in sink.wait_for(2)[1]["body"]
        whole = run_json("drill", "--server", server)
        assert (whole["accepted"], [one["state"] for one in whole["deliveries"]]) == (True, ["sent"])
        assert whole["event"] not in first


def test_a_drill_that_is_not_accepted_is_status_one(tmp_path: Path) -> None:
    """When its time is over, with how far it came and where to look."""
    with routing(tmp_path, "json://127.0.0.1:9/", within="1s") as server:
        done = run("drill", "--server", server)
        assert done.status == 1
        assert "Not accepted by drills. What was tried: alert-router deliveries show d-" in done.out


def test_a_drill_needs_a_router_that_runs_and_has_drills(tmp_path: Path) -> None:
    """Each is said with what to do."""
    idle = run("drill", "-c", write_router(tmp_path, [RULE], "oncall"))
    assert (idle.status, "no router runs here" in idle.error) == (2, True)
    process = Process(Path(write_router(tmp_path, [RULE], "oncall", http={"listen": "127.0.0.1:0"})))
    try:
        none = run("drill", "--server", f"http://127.0.0.1:{process.port}")
    finally:
        process.terminate()
    assert (none.status, "drill: {channel: oncall}" in none.error) == (2, True)
