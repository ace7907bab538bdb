"""``doctor``: each fault is found, said with what to do, and nothing is changed or sent."""

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from mns.account import Account
from mns.queue import QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import TopicMeta

from router.cli.doctor import sources
from router.core.breaker import Breaker
from router.core.delivery import SECOND, State
from router.mns.application import KEYS, StandIn
from router.ports import TargetState
from router.storage import open_store, opening
from tests.acceptance.harness import Process, Sink
from tests.channels.servers import answer, listening
from tests.cli.running import run, write_router
from tests.databases import Postgres
from tests.mns.conftest import account, admin, shared_stand_in, stand_in
from tests.storage.making import delivery

__all__ = ["account", "admin", "shared_stand_in", "stand_in"]

RULE = {"name": "job-failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"]}


@pytest.fixture
def free() -> Iterator[str]:
    """An address on which nobody listens meanwhile: its port is held, and not listened on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def checks(file: str) -> dict[str, tuple[str, str, str]]:
    """What was found, by its name: state, message, remedy; of several the worst."""
    done = run("doctor", "-c", file, "-o", "json")
    found = sorted(
        json.loads(done.out)["checks"], key=lambda one: ("ok", "info", "warning", "error").index(one["state"])
    )
    assert done.status == any(one["state"] == "error" for one in found)
    return {one["name"]: (one["state"], one["message"], one["remedy"]) for one in found}


@pytest.mark.usefixtures("quiet")
def test_a_router_that_is_well_has_nothing_to_mend(tmp_path: Path, sink: Sink) -> None:
    """Every line is ok, beside a running router; the receiver heard of nothing."""
    file = write_router(
        tmp_path, [RULE], http={"listen": "127.0.0.1:0"}, channels={"oncall": {"url": sink.url("")}}
    )
    process = Process(Path(file))
    settings = json.loads(Path(file).read_text("utf-8"))
    Path(file).write_text(json.dumps(settings | {"http": {"listen": f"127.0.0.1:{process.port}"}}), "utf-8")
    done = run("doctor", "-c", file)
    assert done.status == 0, done
    assert {line.split()[0] for line in done.out.strip().splitlines()[:-2]} == {"ok"}, done.out
    assert done.out.endswith("\nNothing is wrong.\n")
    assert sink.received() == []
    assert process.terminate() == 0


def test_a_channel_that_cannot_be_reached_is_an_error(tmp_path: Path, free: str) -> None:
    """With what was tried and what to do; status 1."""
    file = write_router(tmp_path, [RULE], channels={"oncall": {"url": f"json://{free}/"}})
    state, said, remedy = checks(file)["channel oncall/1"]
    assert state == "error"
    assert said == f"http://{free} cannot be sent to: Connection refused"
    assert "alert-router send oncall" in remedy


def test_what_is_critical_should_have_a_second_way(tmp_path: Path) -> None:
    """A channel of critical rules without a fallback is a warning."""
    file = write_router(tmp_path, [RULE | {"severity": "critical"}], "oncall", "team")
    found = checks(file)
    assert found["channel oncall"][0] == "warning"
    assert "channel team" not in found


def test_every_remedy_says_all_of_it(tmp_path: Path) -> None:
    """Where something is to be written into a file, it stands there whole; nothing ends at a colon."""
    critical = RULE | {"severity": "critical"}
    for channels in ({}, dict.fromkeys(["oncall"]), dict.fromkeys(["oncall", "team"])):
        rules = [critical] if channels else []
        file = write_router(tmp_path, rules, *channels, sources={})
        out = run("doctor", "-c", file).out
        assert "→ Write sources: {hook: {kind: webhook}}\n" in out
        assert not [line for line in out.splitlines() if line.rstrip().endswith((":", ": "))]
        assert ("→ Write channels: {oncall: {url:" in out) == (not channels)
        assert ("→ Write fallback: and another channel, of another provider" in out) == ("team" in channels)


def test_a_fallback_that_is_proposed_is_well_and_elsewhere(tmp_path: Path) -> None:
    """Not the first by name, which may be broken; and no two that would go in a circle."""
    with listening() as here, listening() as there:
        channels = {
            "a-broken": {"url": "json://127.0.0.1:9/"},
            "oncall": {"url": f"json://127.0.0.1:{here.port}/"},
            "same": {"url": f"json://127.0.0.1:{here.port}/x"},
            "team": {"url": f"json://127.0.0.1:{there.port}/"},
        }
        rule = RULE | {"severity": "critical", "to": list(channels)}
        found = checks(write_router(tmp_path, [rule], channels=channels))
    advice = {name: found[f"channel {name}"][2].partition(" under ")[0] for name in channels}
    assert advice == {
        "a-broken": "Write fallback: oncall",
        "oncall": "Write fallback: team",
        "same": "Write fallback: team",
        "team": "Write fallback: and another channel, of another provider,",
    }


def test_who_does_not_run_is_said_in_words(tmp_path: Path, free: str) -> None:
    """No class of a library."""
    file = write_router(tmp_path, [RULE], "oncall", http={"listen": free})
    assert checks(file)["router"][1] == f"none answers at {free}: connection refused"


def test_no_store_yet_is_no_fault(tmp_path: Path, free: str) -> None:
    """Neither is a router that does not run; and none is made by looking."""
    file = write_router(tmp_path, [RULE], "oncall", http={"listen": free})
    found = checks(file)
    assert found["store"][0] == found["router"][0] == "info"
    assert not (tmp_path / "state.db").exists()


def test_a_damaged_store_is_an_error(tmp_path: Path) -> None:
    """It is said, and the file stays as it is."""
    file = write_router(tmp_path, [RULE], "oncall")
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database" * 1000)
    path.chmod(0o644)
    before = path.read_bytes()
    found = checks(file)["store"]
    assert found[0] == "error"
    assert path.read_bytes() == before


def test_a_store_that_cannot_be_opened_is_not_called_damaged(tmp_path: Path) -> None:
    """Whoever reads that it is damaged puts it away: on a read-only file system nothing is wrong with it."""
    file = write_router(tmp_path, [RULE], "oncall")
    open_store(f"sqlite:///{tmp_path / 'state.db'}").close()
    refused = sqlite3.OperationalError("unable to open database file")
    with patch("router.cli.doctor.store.sqlite3.connect", side_effect=refused):
        found = checks(file)["store"]
    assert "damaged" not in found[1]


def test_a_store_in_a_folder_that_lets_nobody_in_is_an_error(tmp_path: Path) -> None:
    """As that of a systemd unit does to another user: doctor says so, and does not fail itself."""
    file = write_router(tmp_path, [RULE], "oncall")
    with patch("router.cli.doctor.store.Path.exists", side_effect=PermissionError(13, "Permission denied")):
        found = checks(file)["store"]
    assert found[:2] == ("error", "this user may not open the store's file")


def test_messages_that_nobody_got_are_said(tmp_path: Path) -> None:
    """What waits for long, and what was given up, each with the command that says why."""
    file = write_router(tmp_path, [RULE], "oncall")
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    hour_ago = time.time_ns() // 1000 - 3600 * SECOND
    given_up = delivery("d2", at=hour_ago, state=State.DEAD, ended_at=hour_ago, reason="refused: 403")
    store.write(lambda unit: unit.add_deliveries([delivery("d1", at=hour_ago), given_up]))
    store.close()
    found = checks(file)
    assert found["outbox"][0] == "warning"
    assert found["outbox"][1] == "1 message waits, for 60 min"
    assert found["dead letters"][:2] == ("warning", "1 message was given up")


def test_proxies_of_the_environment_are_said_to_be_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name, without their values."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy:3128")
    file = write_router(tmp_path, [RULE], "oncall")
    assert checks(file)["proxy"][:2] == ("warning", "HTTPS_PROXY of the environment is ignored")
    assert "hunter2" not in run("doctor", "-c", file).out


def test_of_a_configuration_with_faults_the_router_and_the_store_are_looked_at(
    tmp_path: Path, free: str
) -> None:
    """How many faults, the first, the command that shows them; then what can be told beside them."""
    file = write_router(tmp_path, [RULE | {"to": ["nobody"]}], "oncall", http={"listen": free})
    found = checks(file)
    assert found["configuration"][0] == "error"
    assert found["configuration"][2] == f"alert-router check {file} shows all"
    assert found["router"][1].startswith(f"none answers at {free}")
    assert "there is none" in found["store"][1]
    assert "channel oncall/1" not in found


def test_where_faults_hide_the_store_only_they_are_said(tmp_path: Path) -> None:
    """Another one is not looked at in its place."""
    file = write_router(tmp_path, [RULE], "oncall", http={"listn": "127.0.0.1:1"})
    assert list(checks(file)) == ["configuration"]


def test_a_file_that_cannot_be_read_is_status_two(tmp_path: Path) -> None:
    """There is nothing to look at: said with the file, as by every command."""
    missing = run("doctor", "-c", str(tmp_path / "none.yaml"))
    assert (missing.status, missing.out) == (2, "")
    assert "none.yaml" in missing.error


def test_how_the_store_writes_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As SQLite says it; one that confirms what it may lose is an error."""
    file = write_router(tmp_path, [RULE], "oncall")
    open_store(f"sqlite:///{tmp_path / 'state.db'}").close()
    (tmp_path / "state.db").chmod(0o600)
    assert "ok       store: journal_mode is wal, synchronous is full\n" in run("doctor", "-c", file).out
    monkeypatch.setattr(opening, "_PRAGMAS", ("journal_mode=WAL", "synchronous=NORMAL"))
    assert checks(file)["store"][:2] == (
        "error",
        "journal_mode is wal, synchronous is normal: expected wal and full",
    )


def test_targets_that_are_not_sent_to_are_said(tmp_path: Path) -> None:
    """Refused for good, left alone, or asked for a pause: each with the provider's words."""
    file = write_router(tmp_path, [RULE], "oncall", "team", "late", "fails", "well")
    now = time.time_ns() // 1000
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    stands = {
        "oncall/1": Breaker(broken="401 Unauthorized: revoked"),
        "team/1": Breaker(failures=7, pauses=2, at=now, until=now + 60 * SECOND, answer="timed out"),
        "late/1": Breaker(at=now, until=now + 60 * SECOND),
        "fails/1": Breaker(failures=2, answer="500: no"),
    }
    store.write(lambda unit: unit.targets([*stands, "well/1"], [*stands, "well/1"]))
    store.write(
        lambda unit: unit.put_targets([TargetState(name, breaker=one) for name, one in stands.items()])
    )
    store.close()
    found = checks(file)
    assert found["target oncall/1"][:2] == ("error", "its provider refuses us: 401 Unauthorized: revoked")
    assert found["target team/1"][1] == "it failed 7 times in a row, only probes are sent: timed out"
    assert found["target late/1"][0] == "warning"
    assert found["target fails/1"][:2] == ("warning", "its last 2 attempts in a row failed: 500: no")
    assert "target well/1" not in found


def test_what_takes_nothing_is_not_well(tmp_path: Path) -> None:
    """That its address answers is no comfort: it is said where what is wrong stands, and what waits shows."""
    with listening() as provider:
        file = write_router(
            tmp_path, [RULE], channels={"oncall": {"url": f"json://127.0.0.1:{provider.port}/"}}
        )
        now = time.time_ns() // 1000
        store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
        store.write(lambda unit: unit.targets(["oncall/1"], ["oncall/1"]))
        failed = TargetState("oncall/1", breaker=Breaker(failures=1, answer="500: no"))
        store.write(lambda unit: unit.put_targets([failed]))
        store.write(lambda unit: unit.add_deliveries([delivery("d", at=now, state=State.WAITING)]))
        store.close()
        found = checks(file)
    assert found["target oncall/1"][1] == "its last attempt failed: 500: no"
    assert found["channel oncall/1"][:2] == (
        "info",
        f"http://127.0.0.1:{provider.port} can be reached; what is wrong stands at target oncall/1",
    )
    assert found["outbox"][0] == "info"
    assert "deliveries list --state waiting" in found["outbox"][2]


@pytest.mark.parametrize(
    ("listen", "public_url", "state"),
    [
        ("127.0.0.1:1", None, None),
        ("[::1]:1", None, None),
        ("0.0.0.0:1", None, "warning"),
        ("0.0.0.0:1", "http://alerts.example.com", "warning"),
        ("0.0.0.0:1", "https://alerts.example.com", "info"),
    ],
)
def test_a_listener_that_others_reach_needs_tls_in_front(
    tmp_path: Path, listen: str, public_url: str | None, state: str | None
) -> None:
    """On loopback nothing is said; elsewhere a token can be overheard unless something ends TLS."""
    http = {"listen": listen, "token": "t" * 32} | ({"public_url": public_url} if public_url else {})
    file = write_router(tmp_path, [RULE], "oncall", http=http)
    assert checks(file).get("listener", (None,))[0] == state


@pytest.mark.parametrize(("date", "state"), [("Tue, 14 Nov 2023 22:13:20 GMT", "warning"), ("no date", None)])
def test_the_clock_of_mns_is_compared(date: str, state: str | None) -> None:
    """By the head of any of its answers; without a time there nothing is said."""
    with listening() as provider:
        provider.does(answer(403, headers={"Date": date}))
        assert [one.state for one in sources.clock_of(provider.origin)] == ([state] if state else [])


def queue_source(stand_in: StandIn, **changed: Any) -> dict[str, Any]:
    """A source on a queue of the stand-in."""
    keys = {"access_key_id": "stand-in", "access_key_secret": KEYS["stand-in"]}
    return {"batch": {"kind": "mns-queue", "endpoint": stand_in.url, "queue": "jobs"} | keys | changed}


def test_a_queue_is_judged_by_its_settings(tmp_path: Path, stand_in: StandIn, account: Account) -> None:
    """Messages kept for a day, or hidden for five seconds, are warnings with the value to set."""
    account.get_queue("jobs").create(QueueMeta(msg_ttl=86400, vis_timeout=5))
    file = write_router(tmp_path, [RULE], "oncall", sources=queue_source(stand_in))
    done = run("doctor", "-c", file)
    assert "source batch: the queue jobs can be read" in done.out
    assert "it keeps messages for 1 days" in done.out
    assert "it hides a message for 5 s" in done.out
    assert "ok       clock: MNS's clock is" in done.out
    assert "Set MessageRetentionPeriod to 604800 (7 days)" in done.out


def test_what_is_subscribed_for_a_queue_is_shown(
    tmp_path: Path, stand_in: StandIn, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each topic that brings it something, with its tag; none is said too, and keys that may not ask."""
    account.get_queue("jobs").create(QueueMeta(msg_ttl=7 * 86400))
    file = write_router(tmp_path, [RULE], "oncall", sources=queue_source(stand_in))
    assert "none of 0 topics of this account has a subscription for it" in run("doctor", "-c", file).out
    to_queue = "acs:mns:stand-in:stand-in:queues/"
    for topic, queue, tag in (("events", "jobs", ""), ("tagged", "jobs", "red"), ("others", "other", "")):
        account.get_topic(topic).create(TopicMeta())
        account.get_subscription(topic, "to-it").subscribe(
            SubscriptionMeta(to_queue + queue, "BACKOFF_RETRY", "SIMPLIFIED", tag)
        )
    out = run("doctor", "-c", file).out
    by = f"by the subscription to-it to {to_queue}jobs"
    assert f"ok       source batch: all messages come from topic events, {by} (SIMPLIFIED)" in out
    assert f"info     source batch: only what is tagged red comes from topic tagged, {by}" in out
    assert "topic others" not in out

    def refused(*_: object) -> None:
        raise OSError("not allowed")

    monkeypatch.setattr(Account, "list_topic", refused)
    assert "what is subscribed for it cannot be listed" in run("doctor", "-c", file).out


@pytest.mark.usefixtures("stand_in")
def test_a_queue_that_cannot_be_read_is_an_error(tmp_path: Path, stand_in: StandIn) -> None:
    """A queue that is not there, and keys that are wrong, each with its remedy."""
    file = write_router(tmp_path, [RULE], "oncall", sources=queue_source(stand_in))
    state, said, remedy = checks(file)["source batch"]
    assert state == "error"
    assert "QueueNotExist" in said
    assert "mns setup" in remedy
    wrong = queue_source(stand_in, access_key_secret="wrong")
    state, said, _ = checks(write_router(tmp_path, [RULE], "oncall", sources=wrong))["source batch"]
    assert (state, "SignatureDoesNotMatch" in said) == ("error", True)


def test_a_server_that_confirms_what_it_may_lose_is_an_error(tmp_path: Path, postgres: Postgres) -> None:
    """The tests' own PostgreSQL has fsync off, for speed: exactly what must not be."""
    url = postgres.url(postgres.new_database())
    open_store(url).close()
    file = write_router(tmp_path, [RULE], "oncall", store=url)
    found = checks(file)
    assert found["store"][0] == "error"
    assert found["store"][1].startswith("fsync is off")
    assert found["clock"][0] == "ok"
