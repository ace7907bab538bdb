"""Several replicas on one PostgreSQL: killed, stopped, cut off; and any statement that breaks."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.acceptance.harness import Sink, post, sample
from tests.torture.campaign import Blow, Load, Replica, Starter, books_balance, config_in, count, told
from tests.torture.proxy import Proxy, Way
from tests.torture.test_kills import IN_FLIGHT

FULL = os.environ.get("ALERT_ROUTER_TORTURE") == "1"
SEED = int(os.environ.get("ALERT_ROUTER_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
ROUNDS = 20 if FULL else 1
ROUND = ("kill", "kill", "stop", "cut", "cut")
STATEMENTS = 60 if FULL else 8
#: Seconds that a claim holds. A send takes 2, and who stands still in a transaction holds up what the others
#: write until PostgreSQL ends it, after 5; the rest is for a machine that is slow.
LEASE = 10.0


@pytest.fixture
def starter() -> Iterator[Starter]:
    made = Starter()
    yield made
    made.close()


class Beside:
    """A replica with a connection of its own to the store, so that it can be cut off alone."""

    def __init__(self, starter: Starter, folder: Path, sink: Sink, store_url: str) -> None:
        address = make_url(store_url)
        self.proxy = Proxy(str(address.query["host"]))
        url = f"postgresql://postgres@127.0.0.1:{self.proxy.port}/{address.database}"
        self.router = Replica(starter, config_in(folder, sink, url), LEASE)
        self.router.start()

    def strike(self, how: str, chance: random.Random) -> Blow:
        """Kills it, stops it for longer than its claims hold, or cuts it off."""
        began = time.time_ns()
        if how == "kill":
            self.router.kill()
            time.sleep(chance.uniform(0, 0.5))
            self.router.start()
        elif how == "stop":
            self.router.signal(signal.SIGSTOP)
            time.sleep(LEASE + chance.uniform(0.5, 2))
            self.router.signal(signal.SIGCONT)
        else:
            self.proxy.cut()
            time.sleep(chance.uniform(0, 2))
            self.proxy.mend()
        return began, time.time_ns()

    def end(self) -> None:
        """SIGTERM, and it ends well."""
        self.router.terminate()
        self.proxy.close()


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [2, 4] if FULL else [4])
def test_replicas_that_die_stand_still_or_are_cut_off_lose_nothing(
    tmp_path: Path, sink: Sink, starter: Starter, postgres_url: str, replicas: int
) -> None:
    """Whoever is struck, the others tell what it held; twice only what was in flight, and that says so."""
    chance, began = random.Random(SEED), time.monotonic()
    beside = [Beside(starter, tmp_path / str(n), sink, postgres_url) for n in range(replicas)]
    load = Load(lambda: [one.router.port for one in beside], clients=2, pause=0.02)
    blows: list[Blow] = []
    for how in (how for _ in range(ROUNDS) for how in chance.sample(ROUND, len(ROUND))):
        time.sleep(chance.uniform(0.1, 0.8))
        blows.append(chance.choice(beside).strike(how, chance))
    load.stop()
    figures = count(sink, load.acknowledged, blows, 60)
    for one in beside:
        one.end()
    books_balance(config_in(tmp_path / "verify", sink, postgres_url))
    print(
        f"\n{replicas} replicas: struck {len(blows)} times, acknowledged {figures.acknowledged}, lost"
        f" {len(figures.lost)}, repeated {figures.repeated}, of these marked"
        f" {figures.repeated - len(figures.unmarked)}, max copies {figures.most},"
        f" {time.monotonic() - began:.0f} s; ALERT_ROUTER_SEED={SEED}"
    )
    figures.sound(IN_FLIGHT)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["before", "after"])
def test_a_connection_that_breaks_in_any_statement_loses_and_repeats_nothing(
    tmp_path: Path, sink: Sink, starter: Starter, postgres_url: str, way: Way
) -> None:
    """Each statement in turn is lost, or its answer: every event is told once; its source sends again."""
    one = Beside(starter, tmp_path / "router", sink, postgres_url)
    jobs = [f"job-{number}" for number in range(1, STATEMENTS + 1)]
    cuts = 0
    for number, job in enumerate(jobs, 1):
        assert one.router.port
        one.proxy.cut_at(number if FULL else random.Random(SEED + number).randrange(1, 60), way)
        event = sample("OnInstanceFailed", JobId=job, ExitCode="137")
        ends = time.monotonic() + 60
        while post(one.router.port, "/v1/events/push", event, {"x-mns-message-id": job})[0] != 204:
            assert time.monotonic() < ends
            time.sleep(0.1)
        while ("/oncall/hang=0.01", job) not in told(sink) and time.monotonic() < ends:
            time.sleep(0.05)
        cuts += not one.proxy.armed
    figures = count(sink, jobs, [], 60)
    one.end()
    books_balance(config_in(tmp_path / "verify", sink, postgres_url))
    print(
        f"\n{way}: {cuts} connections broken, lost 0, repeated {figures.repeated}; ALERT_ROUTER_SEED={SEED}"
    )
    assert cuts > STATEMENTS // 2
    figures.sound(0)
