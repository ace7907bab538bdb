"""How many deliveries one and four replicas make in a second: ``python -m tests.torture.rate``.

Eight senders a replica, a PostgreSQL for all, a receiver that takes 50 ms for each message. Once the messages
are in the outbox when it begins, once they are events whose hold ends then, so that they are told meanwhile
too. All of it runs on this machine: it prints what each takes of the processors. Where they take nearly all
that others leave, the machine is what bounds the figure.
"""

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from bench.peers import load
from router.core.delivery import SECOND, Delivery
from router.core.message import Message
from router.storage import open_store
from tests.acceptance.harness import post, sample, write_config
from tests.databases import Postgres
from tests.torture.campaign import Replica, Starter

#: For each replica; each goes to one target, which takes eight at once.
MESSAGES = 1_000
#: Seconds for each replica in which it starts, and its events are taken, before the first message is due.
HOLD = 5
#: Seconds that the receiver takes.
TAKES = 0.05


def main() -> None:
    """Prints both, and how they compare, for either way."""
    postgres, starter, receiver = Postgres(), Starter(), Receiver()
    try:
        for name, way in {"from the outbox": from_outbox, "from events": from_events}.items():
            print(f"{name}:")
            one, four = (rate(postgres, starter, receiver, replicas, way) for replicas in (1, 4))
            print(f"four replicas make {four / one:.1f} times as many as one", flush=True)
    finally:
        receiver.close()
        starter.close()
        postgres.stop()


class Receiver:
    """Takes what is told, in a thread of this process."""

    def __init__(self) -> None:
        self.sink = load.Sink(takes=TAKES)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self.sink.open())
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def wait_for(self, count: int, seconds: float) -> list[float]:
        """When each message came, as soon as so many have."""
        ends = time.monotonic() + seconds
        while len(self.sink.arrivals) < count and time.monotonic() < ends:
            time.sleep(0.02)
        return list(self.sink.arrivals)

    def close(self) -> None:
        """Takes nothing more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self.sink.close()
        self._loop.close()


#: Starts replicas with messages that will be due.
Way = Callable[[Path, str, str, Starter, int], list[Replica]]


def rate(postgres: Postgres, starter: Starter, receiver: Receiver, replicas: int, way: Way) -> float:
    """Deliveries in a second, between a tenth of them and nine tenths."""
    receiver.sink.arrivals.clear()
    count = MESSAGES * replicas
    with tempfile.TemporaryDirectory() as name:
        store = postgres.url(postgres.new_database())
        routers = way(Path(name), f"json://127.0.0.1:{receiver.sink.port}", store, starter, replicas)
        try:
            assert not receiver.sink.arrivals, "sent before all were ready"
            receiver.wait_for(1, 60)
            who = {"routers": [router.pid for router in routers], "PostgreSQL": [postgres.pid]}
            began, before, idle = time.monotonic(), used(who), idled()
            arrived = receiver.wait_for(count, 300)
            took, idle = time.monotonic() - began, idled() - idle
            spent = {name: seconds - before[name] for name, seconds in used(who).items()}
        finally:
            for router in routers:
                router.terminate()
    assert len(receiver.sink.arrivals) == count, f"{len(receiver.sink.arrivals)} of {count}"
    first, last = count // 10, count * 9 // 10
    made = (last - first) / (arrived[last] - arrived[first])
    cores, total = psutil.cpu_count() or 1, sum(spent.values())
    each = ", ".join(f"{name} {seconds / count * 1000:.2f}" for name, seconds in spent.items())
    print(
        f"{replicas} replicas: {made:.0f} deliveries/s; ms of CPU for each: {each}, together"
        f" {total / count * 1000:.2f}; of {cores} cores they took {total / took:.2f},"
        f" others {cores - (total + idle) / took:.2f}",
        flush=True,
    )
    return made


def from_outbox(folder: Path, url: str, store: str, starter: Starter, replicas: int) -> list[Replica]:
    """The messages are in the outbox, and due in a moment."""
    now = time.time_ns() // 1000
    message = Message("OnInstanceFailed", "body " * 100, data=sample("OnInstanceFailed")).to_json()
    waiting = [
        Delivery(
            id=f"d-{number}",
            notification_id=f"n-{number}",
            group_id=f"g-{number}",
            channel="oncall",
            target="oncall/1",
            kind="webhook",
            severity="warning",
            content=message,
            created_at=now + number,
            due_at=now + HOLD * replicas * SECOND,
        )
        for number in range(MESSAGES * replicas)
    ]
    opened = open_store(store)
    opened.write(lambda unit: unit.add_deliveries(waiting))
    opened.close()
    return start(folder, url, store, starter, replicas)


def from_events(folder: Path, url: str, store: str, starter: Starter, replicas: int) -> list[Replica]:
    """They become due of events, whose hold ends in a moment."""
    routers = start(folder, url, store, starter, replicas)
    count = MESSAGES * replicas
    made = [sample("OnInstanceFailed", JobId=f"job-{number}", ExitCode="137") for number in range(count)]
    for number, first in enumerate(range(0, count, 50)):
        body = json.dumps(made[first : first + 50]).encode()
        router = routers[number % replicas]
        assert post(router.port or 0, "/v1/events/hook", body)[0] == 200
    return routers


def start(folder: Path, url: str, store: str, starter: Starter, replicas: int) -> list[Replica]:
    """The replicas, ready."""
    rule = {
        "name": "failed",
        "when": "Event == 'OnInstanceFailed'",
        "to": ["oncall"],
        "group_by": ["..."],
        "hold": f"{HOLD * replicas}s",
    }
    routers: list[Replica] = []
    for number in range(replicas):
        own = folder / str(number)
        own.mkdir()
        config = write_config(own, {"oncall": {"url": url, "storm": "off"}}, [rule], store=store)
        routers.append(Replica(starter, config, 60.0))
        routers[-1].start()
    return routers


def used(who: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Seconds of CPU until now: of these processes with all that they started, and of the receiver."""
    others = {name: sum(map(_used, pids)) for name, pids in who.items()}
    return others | {"receiver": time.process_time()}


def _used(pid: int) -> float:
    first = psutil.Process(pid)
    running = [first.cpu_times(), *(one.cpu_times() for one in first.children(recursive=True))]
    ended = running[0].children_user + running[0].children_system
    return ended + sum(times.user + times.system for times in running)


def idled() -> float:
    """Seconds in which a core of this machine had nothing to do, until now."""
    times = psutil.cpu_times()
    return times.idle + times.iowait


if __name__ == "__main__":
    main()
