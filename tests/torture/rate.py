"""How many deliveries one and four replicas make in a second: ``python -m tests.torture.rate``.

Eight senders a replica, a PostgreSQL for all, a receiver that takes 50 ms for each message.
"""

import itertools
import tempfile
import threading
from pathlib import Path

import psutil

from tests.acceptance.harness import Sink, post, sample, write_config
from tests.databases import Postgres
from tests.torture.campaign import Replica, Starter

#: For each replica; each is told to two targets, of four senders each.
EVENTS = 500
#: All are taken before the first is told.
HOLD = "15s"


def main() -> None:
    """Prints both, and how they compare."""
    postgres, starter = Postgres(), Starter()
    try:
        one, four = (rate(postgres, starter, replicas) for replicas in (1, 4))
        print(f"four replicas make {four / one:.1f} times as many as one")
    finally:
        starter.close()
        postgres.stop()


def rate(postgres: Postgres, starter: Starter, replicas: int) -> float:
    """Deliveries in a second, between a tenth of them and nine tenths."""
    with tempfile.TemporaryDirectory() as name:
        sink, count = Sink(Path(name)), EVENTS * replicas * 2
        routers = start(Path(name), sink, postgres.url(postgres.new_database()), starter, replicas)
        post_all([router.port or 0 for router in routers], EVENTS * replicas)
        sink.wait_for(1, 60)
        before = seconds_of(routers)
        arrived = sorted(note["at"] for note in sink.wait_for(count, 300))
        spent = seconds_of(routers) - before
        for router in routers:
            router.terminate()
        sink.close()
    assert len(arrived) == count, f"{len(arrived)} of {count}"
    first, last = count // 10, count * 9 // 10
    made = (last - first) / (arrived[last] - arrived[first]) * 1e9
    print(
        f"{replicas} replicas: {made:.0f} deliveries/s, {spent / count * 1000:.1f} ms of CPU each", flush=True
    )
    return made


def start(folder: Path, sink: Sink, store: str, starter: Starter, replicas: int) -> list[Replica]:
    """The replicas, ready."""
    channels = {name: {"url": sink.url(name, hang=0.05), "storm": "off"} for name in ("one", "two")}
    rule = {
        "name": "failed",
        "when": "Event == 'OnInstanceFailed'",
        "to": list(channels),
        "group_by": ["..."],
        "hold": HOLD,
    }
    routers: list[Replica] = []
    for number in range(replicas):
        own = folder / str(number)
        own.mkdir()
        routers.append(Replica(starter, write_config(own, channels, [rule], store=store), 60.0))
        routers[-1].start()
    return routers


def post_all(ports: list[int], events: int) -> None:
    """Posts from eight clients at once."""
    numbers = itertools.count()

    def run() -> None:
        while (number := next(numbers)) < events:
            event = sample("OnInstanceFailed", JobId=f"job-{number}", ExitCode="137")
            assert post(ports[number % len(ports)], "/v1/events/hook", event)[0] == 200

    clients = [threading.Thread(target=run) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


def seconds_of(routers: list[Replica]) -> float:
    """Their CPU time until now."""
    return sum(sum(psutil.Process(router.pid).cpu_times()[:2]) for router in routers)


if __name__ == "__main__":
    main()
