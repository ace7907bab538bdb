"""MNS to the receiver: the stand-in and the router as real processes, the real SDK between them."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mns.account import Account
from mns.queue import QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import Topic, TopicMessage, TopicMeta

from tests.acceptance.harness import Process, Sink, get, sample, write_config

RULE: dict[str, Any] = {
    "name": "job-failed",
    "when": "Event == 'OnJobFailed'",
    "to": ["oncall"],
    "group_by": ["..."],
}
QUEUE = "acs:mns:stand-in:stand-in:queues/jobs"


class StandInProcess:
    """``alert-router mns serve`` as a user starts it, and an account there."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "router", "mns", "serve", "--listen", "127.0.0.1:0"]
        command += ["--data", str(folder / "mns.db")]
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.popen.stdout is not None
        self.url = self.popen.stdout.readline().split()[3].rstrip(";")
        self.port = int(self.url.rpartition(":")[2])
        self.account = Account(self.url, "stand-in", "stand-in-secret")
        self.account.get_client().set_connection_timeout(60)

    def close(self) -> None:
        self.account.get_client().close_connection()
        self.popen.send_signal(signal.SIGTERM)
        self.popen.wait(60)
        if self.popen.stdout is not None:
            self.popen.stdout.close()

    def shown(self) -> dict[str, Any]:
        return json.loads(get(self.port, "/admin")[1])

    def is_empty(self) -> bool:
        (queue,) = self.shown()["queues"]
        return not (queue["active"] or queue["inactive"] or queue["delayed"])

    def source(self, **more: object) -> dict[str, Any]:
        """An ``mns-queue`` source for the queue ``jobs`` here."""
        keys = {"access_key_id": "stand-in", "access_key_secret": "stand-in-secret"}
        return {"kind": "mns-queue", "endpoint": self.url, "queue": "jobs", "wait": "1s"} | keys | more


@pytest.fixture
def mns(tmp_path: Path) -> Iterator[StandInProcess]:
    process = StandInProcess(tmp_path)
    process.account.get_queue("jobs").create(QueueMeta(vis_timeout=2))
    yield process
    process.close()


@pytest.fixture
def topic(mns: StandInProcess) -> Topic:
    made = mns.account.get_topic("events")
    made.create(TopicMeta())
    return made


def wait_until(true: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)


def router(folder: Path, sink: Sink, sources: dict[str, Any]) -> Process:
    channels = {"oncall": {"url": sink.url("oncall"), "storm": "off"}}
    return Process(write_config(folder, channels, [RULE], sources=sources))


def failed(job: str) -> TopicMessage:
    return TopicMessage(json.dumps(sample("OnJobFailed", JobId=job)))


def jobs(sink: Sink) -> list[str]:
    return [json.loads(note["body"])["event"]["data"]["JobId"] for note in sink.received()]


def test_from_the_topic_through_the_queue(
    tmp_path: Path, sink: Sink, mns: StandInProcess, topic: Topic
) -> None:
    """A published event is told; its message is gone; SIGTERM ends the router within its wait."""
    topic.get_subscription("q").subscribe(SubscriptionMeta(QUEUE, notify_content_format="SIMPLIFIED"))
    process = router(tmp_path, sink, {"batch": mns.source()})
    topic.publish_message(failed("job-1"))
    topic.publish_message(TopicMessage("no event at all"))
    assert len(sink.wait_for(1)) == 1
    wait_until(mns.is_empty)
    assert jobs(sink) == ["job-1"]
    assert b'source="batch"} 0.0' in get(process.port, "/metrics")[1]
    started = time.monotonic()
    assert process.terminate() == 0
    assert time.monotonic() - started < 20


def test_queue_and_push_of_one_topic_count_once(
    tmp_path: Path, sink: Sink, mns: StandInProcess, topic: Topic
) -> None:
    """The same message comes both ways, verified, and is told once."""
    (tmp_path / "mns.pem").write_bytes(get(mns.port, "/certificate.pem")[1])
    push = {"kind": "mns-push", "certificate": "mns.pem", "expect": {"topic": "events"}, "max_age": "1m"}
    process = router(tmp_path, sink, {"batch": mns.source(), "push": push})
    address = f"http://127.0.0.1:{process.port}/v1/events/push"
    topic.get_subscription("q").subscribe(SubscriptionMeta(QUEUE, notify_content_format="JSON"))
    topic.get_subscription("p").subscribe(SubscriptionMeta(address, notify_content_format="JSON"))
    for number in range(3):
        topic.publish_message(failed(f"job-{number}"))
    sink.wait_for(3)

    def counted() -> bool:
        metrics = get(process.port, "/metrics")[1]
        duplicates = [
            line for line in metrics.splitlines() if b'outcome="duplicate"' in line and b"_total" in line
        ]
        return sum(float(line.rpartition(b" ")[2]) for line in duplicates) == 3

    wait_until(counted)
    assert mns.shown()["pushes"] == []
    assert sorted(jobs(sink)) == ["job-0", "job-1", "job-2"]
    assert process.terminate() == 0


def test_a_push_that_is_not_genuine_is_refused(
    tmp_path: Path, sink: Sink, mns: StandInProcess, topic: Topic
) -> None:
    """403, counted and on record at MNS; another certificate in the push changes nothing; nothing is told."""
    (tmp_path / "mns.pem").write_bytes(get(mns.port, "/certificate.pem")[1])
    sources = {
        "pinned": {"kind": "mns-push", "certificate": "mns.pem", "expect": {"topic": "another"}},
        "fetched": {"kind": "mns-push"},
    }
    process = router(tmp_path, sink, sources)
    for name in sources:
        meta = SubscriptionMeta(f"http://127.0.0.1:{process.port}/v1/events/{name}")
        topic.get_subscription(name).subscribe(meta)
    topic.publish_message(failed("job-1"))
    wait_until(lambda: all(push["last_answer"] == "status 403" for push in mns.shown()["pushes"]))
    assert len(mns.shown()["pushes"]) == 2
    metrics = get(process.port, "/metrics")[1].decode()
    assert 'alert_router_requests_refused_total{reason="forbidden",source="pinned"} 1.0' in metrics
    assert 'alert_router_requests_refused_total{reason="forbidden",source="fetched"} 1.0' in metrics
    assert process.terminate() == 0
    assert sink.received() == []


def test_what_is_wrong_with_the_source_is_at_readyz(tmp_path: Path, sink: Sink, mns: StandInProcess) -> None:
    """A wrong secret: 503 with the remedy, a metric, one line in the log; never the secret itself."""
    process = router(tmp_path, sink, {"batch": mns.source(access_key_secret="wrong-secret")})
    wait_until(lambda: get(process.port, "/readyz")[0] == 503)
    problem = json.loads(get(process.port, "/readyz")[1])["problems"][0]
    assert "SignatureDoesNotMatch" in problem
    assert "Check access_key_secret: it does not belong to access_key_id" in problem
    assert 'alert_router_source_problem{source="batch"} 1.0' in get(process.port, "/metrics")[1].decode()
    assert process.terminate() == 0
    assert "source.problem" in process.log
    assert "wrong-secret" not in process.log + problem


def test_killed_with_messages_in_hand_nothing_is_lost(
    tmp_path: Path, sink: Sink, mns: StandInProcess, topic: Topic
) -> None:
    """SIGKILL before the commit: the messages come back after their timeout and are told once."""
    topic.get_subscription("q").subscribe(SubscriptionMeta(QUEUE, notify_content_format="SIMPLIFIED"))
    channels = {"oncall": {"url": sink.url("oncall"), "storm": "off"}}
    config = write_config(tmp_path, channels, [RULE], sources={"batch": mns.source()})
    process = Process(config, ALERT_ROUTER_FAILPOINTS="ingest.written=kill")
    for number in range(20):
        topic.publish_message(failed(f"job-{number}"))
    process.popen.wait(60)
    process.kill()
    assert not mns.is_empty()
    process = Process(config)
    sink.wait_for(20)
    wait_until(mns.is_empty)
    assert sorted(jobs(sink)) == sorted(f"job-{number}" for number in range(20))
    assert process.terminate() == 0


def test_the_cloud_is_loaded_only_with_its_sources(tmp_path: Path, sink: Sink) -> None:
    """A router with a webhook alone imports neither the SDK nor cryptography."""
    config = write_config(
        tmp_path, {"oncall": {"url": sink.url("x")}}, [RULE], sources={"hook": {"kind": "webhook"}}
    )
    code = (
        "import sys; from router.app import load_config, sources_of, SystemClock\n"
        "from router.telemetry import Metrics\n"
        f"sources_of(load_config({str(config)!r}), SystemClock(), Metrics())\n"
        "print([name for name in ('mns', 'cryptography', 'defusedxml') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
