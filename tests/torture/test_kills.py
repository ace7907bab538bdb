"""SIGKILL under load, hundreds of times, at random instructions and at every failpoint; both stores."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from router.failpoints import REGISTRY
from tests.acceptance.harness import Sink, post, sample
from tests.torture.campaign import Blow, Load, Replica, Starter, books_balance, config_in, count

FULL = os.environ.get("ALERT_ROUTER_TORTURE") == "1"
KILLS = 1_000 if FULL else 16
FLOODS = 40 if FULL else 2
SEED = int(os.environ.get("ALERT_ROUTER_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
#: Seconds that a claim holds. As short as a test can wait, as long as no send here takes.
LEASE = 8.0
#: As many as the channel sends at once, and as many as may have ended and are not yet on record.
IN_FLIGHT = 18


@pytest.fixture
def starter() -> Iterator[Starter]:
    made = Starter()
    yield made
    made.close()


def hit(point: str, chance: random.Random) -> int:
    """At which passing of a failpoint to kill; what a start passes once, then."""
    return 1 if point.startswith("maintain.") else chance.randrange(1, 4)


@pytest.mark.slow
def test_no_kill_loses_what_was_acknowledged_or_tells_it_twice_unsaid(
    tmp_path: Path, sink: Sink, starter: Starter, store_url: str
) -> None:
    """The receiver has everything that got its 2xx; twice only what was in flight, and that says so."""
    chance, began = random.Random(SEED), time.monotonic()
    router = Replica(starter, config_in(tmp_path / "router", sink, store_url, hold="1s"), LEASE)
    load = Load(lambda: [router.port])
    # No router lives in these times: what arrives then was sent before.
    blows, died_at = list[Blow](), time.time_ns()
    struck: Counter[str] = Counter()
    points = chance.sample(list(REGISTRY), len(REGISTRY))
    for number in range(KILLS):
        # Every second at a failpoint, each in its turn.
        point = points[number // 2 % len(points)] if number % 2 else ""
        alive = router.start(f"{point}=kill@{hit(point, chance)}" if point else "")
        blows.append((died_at, time.time_ns()))
        at_point = bool(point) and (not alive or router.ended(1.0) == -signal.SIGKILL)
        if not at_point:
            time.sleep(chance.uniform(0.0, 0.3))
            router.kill()
        died_at = time.time_ns()
        struck[point if at_point else "at random"] += 1
    router.start()
    blows.append((died_at, time.time_ns()))
    load.stop()
    figures = count(sink, load.acknowledged, blows, 60)
    router.terminate()
    books_balance(router.config)
    kind = store_url.partition(":")[0]
    print(
        f"\n{kind}: kills {KILLS} ({struck.pop('at random')} at random, {struck.total()} at {len(struck)} of"
        f" {len(REGISTRY)} failpoints), acknowledged {figures.acknowledged}, lost {len(figures.lost)},"
        f" repeated {figures.repeated}, of these marked {figures.repeated - len(figures.unmarked)},"
        f" max copies {figures.most}, {time.monotonic() - began:.0f} s; ALERT_ROUTER_SEED={SEED}"
    )
    print("never passed: " + ", ".join(name for name in REGISTRY if name not in struck))
    figures.sound(IN_FLIGHT)


@pytest.mark.slow
def test_a_kill_in_a_flood_leaves_no_more_in_doubt_than_is_in_flight(
    tmp_path: Path, sink: Sink, starter: Starter, store_url: str
) -> None:
    """While the store is busy taking events in, no more is sent than what may be in doubt, at each kill."""
    router = Replica(starter, config_in(tmp_path / "router", sink, store_url), LEASE)
    acknowledged, blows, repeated = list[str](), list[Blow](), list[int]()
    for number in range(FLOODS):
        assert router.start()
        acknowledged += flood(router.port, number)
        died_at = time.time_ns()
        router.kill()
        router.start()
        blows.append((died_at, time.time_ns()))
        figures = count(sink, acknowledged, blows, 60)
        repeated.append(figures.repeated - sum(repeated))
        figures.sound(IN_FLIGHT)
        router.terminate()
    books_balance(router.config)
    print(f"\n{store_url.partition(':')[0]}: {len(acknowledged)} events, repeated at each kill {repeated}")
    assert max(repeated) <= IN_FLIGHT


def flood(port: int | None, number: int) -> list[str]:
    """Jobs of events that four clients send at once, 64 in a request, until all are acknowledged."""
    assert port is not None
    batches = [[f"job-{number}-{part}-{one}" for one in range(64)] for part in range(8)]
    with ThreadPoolExecutor(4) as clients:
        for _ in clients.map(partial(send, port), batches):
            pass
    return [job for batch in batches for job in batch]


def send(port: int, jobs: list[str]) -> None:
    """One request with an event of each job, again where the store of a busy machine was too slow."""
    events = json.dumps([sample("OnInstanceFailed", JobId=job, ExitCode="137") for job in jobs]).encode()
    while (status := post(port, "/v1/events/hook", events)[0]) != 200:
        assert status == 503


@pytest.mark.slow
def test_without_a_kill_nothing_is_told_twice(
    tmp_path: Path, sink: Sink, starter: Starter, store_url: str
) -> None:
    """The same load with the fault switched off, started again after each SIGTERM: no repeat, no mark."""
    router = Replica(starter, config_in(tmp_path / "router", sink, store_url, hold="1s"), LEASE)
    load = Load(lambda: [router.port])
    for _ in range(20 if FULL else 2):
        assert router.start()
        time.sleep(0.5)
        router.terminate()
    router.start()
    load.stop()
    figures = count(sink, load.acknowledged, [], 60)
    router.terminate()
    books_balance(router.config)
    assert '"possible_duplicate": true' not in "".join(note["body"] for note in sink.received())
    figures.sound(0)
