"""No power cut loses what was acknowledged."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from router.core.event import Envelope
from router.core.policy import make_policy
from router.core.rule import Rule
from router.decoders import decode
from router.pipeline.ingest import Ingest
from router.storage import open_store
from router.storage.opening import make_engine
from router.storage.store import DEADLINE, SqlStore
from router.telemetry import Metrics
from tests.storage.making import START
from tests.storage.powercut import NAME, Op, Recorder, cuts

TORTURE = os.environ.get("ALERT_ROUTER_TORTURE") == "1"
CUTS = 10_000 if TORTURE else 300
SEED = int(os.environ.get("ALERT_ROUTER_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)

#: Events with their alert, membership, group and identity.
_WHOLE = """
    SELECT events.id FROM events
    JOIN identities ON identities.event_id = events.id
    JOIN alerts ON alerts.event_id = events.id
    JOIN group_alerts ON group_alerts.alert_id = alerts.id
    JOIN groups ON groups.id = group_alerts.group_id AND groups.due_at IS NOT NULL
"""


@dataclass(frozen=True)
class Workload:
    """What was asked of the files, and after how many operations each batch of events was acknowledged."""

    base: dict[str, bytes]
    ops: list[Op]
    acknowledged: list[tuple[int, frozenset[str]]]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


class _Clock:
    def now(self) -> int:
        return START


def ingest(folder: Path, recorder: Recorder, chance: random.Random, *pragmas: str) -> Workload:
    """Batches of events through the real ingest and the real store, over several checkpoints."""
    path = folder / "state.db"
    open_store(f"sqlite:///{path}").close()
    base = {path.name: path.read_bytes()}
    engine = make_engine(f"sqlite:///file:{path}?vfs={NAME}&uri=true")

    def set_pragmas(connection: Any, _record: Any) -> None:
        for pragma in ("wal_autocheckpoint=150", *pragmas):
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", set_pragmas)
    store = SqlStore(engine, DEADLINE * 10, lambda: None)

    policy = make_policy([Rule("all", None, to=("oncall",))], {}, "")
    pipe = Ingest(store, decode, lambda: policy, _Clock(), Metrics(), lambda _: None)
    acknowledged: list[tuple[int, frozenset[str]]] = []
    recorder.ops.clear()
    for number in range(120):
        bodies = [b'{"n": "%d %d"}' % (number, n) for n in range(chance.randrange(1, 6))]
        envelopes = [Envelope("hook", body, START, identity=f"key:{body.hex()}") for body in bodies]
        answer = pipe.submit(envelopes)
        pipe.step()
        ids = frozenset(receipt.id for receipt in answer.result(0))
        acknowledged.append((len(recorder.ops), ids))
    work = Workload(base, list(recorder.ops), acknowledged)
    store.close()
    return work


def lost_after(work: Workload, moment: int, files: dict[str, bytes], folder: Path) -> int:
    """Starts from what a cut left, and counts the acknowledged events that are not there whole."""
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (folder / name).unlink(missing_ok=True)
    for name, held in files.items():
        (folder / name).write_bytes(held)
    with closing(sqlite3.connect(folder / "state.db")) as found:
        assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        whole = {row[0] for row in found.execute(_WHOLE)}
        assert whole == {row[0] for row in found.execute("SELECT id FROM events")}
    for _, ids in work.acknowledged:
        assert ids <= whole or not ids & whole, "a part of a transaction"
    return sum(len(ids - whole) for place, ids in work.acknowledged if place <= moment)


@pytest.mark.slow
def test_no_power_cut_loses_what_was_acknowledged(tmp_path: Path, recorder: Recorder) -> None:
    """Whatever the disk kept of unsynced writes, every acknowledged event is there with all that follows."""
    print(f"{CUTS} power cuts, ALERT_ROUTER_SEED={SEED}")
    chance = random.Random(SEED)
    work = ingest(tmp_path, recorder, chance)
    checkpoints = [op for op in work.ops if (op.kind, op.file) == ("sync", "state.db")]
    assert len(checkpoints) >= 3
    assert len({place for place, _ in work.acknowledged}) == len(work.acknowledged)
    (tmp_path / "after").mkdir()
    for moment, files in cuts(work.ops, work.base, CUTS, chance):
        assert lost_after(work, moment, files, tmp_path / "after") == 0, f"seed {SEED}, cut at {moment}"


def test_the_recorder_finds_what_a_lazy_store_loses(tmp_path: Path, recorder: Recorder) -> None:
    """The same cuts on a store that does not sync each commit lose acknowledged events: the test can fail."""
    chance = random.Random(SEED)
    work = ingest(tmp_path, recorder, chance, "synchronous=NORMAL")
    (tmp_path / "after").mkdir()
    lost = [
        lost_after(work, moment, files, tmp_path / "after")
        for moment, files in cuts(work.ops, work.base, 40, chance)
    ]
    assert sum(1 for count in lost if count) > 10
