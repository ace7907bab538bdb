import asyncio

import pytest

from bench.peers import __main__ as peers
from bench.peers import load, measures, sides
from bench.peers.measures import Flow, Kind


def _sent(per_request: int, *, rate: int = 0) -> load.Sink:
    """Twelve events, straight from the generator into the sink."""

    async def run() -> load.Sink:
        sink = load.Sink()
        await sink.open()
        groups = [range(n, min(n + per_request, 12)) for n in range(0, 12, per_request)]
        batches = [(seqs, b" ".join(b"seq-%09d" % seq for seq in seqs)) for seqs in groups]
        if rate:
            await load.pace(sink.port, "/", batches, rate)
        else:
            await load.pour(sink.port, "/", batches, 3)
        assert await sink.wait_for(range(12), 5)
        sink.close()
        return sink

    return asyncio.run(run())


@pytest.mark.parametrize(("per_request", "rate"), [(1, 0), (5, 0), (1, 500)])
def test_the_sink_counts_each_event_that_the_generator_sends_once(per_request: int, rate: int) -> None:
    """What the bench of peers counts is what was sent, in single requests and in batches, paced or not."""
    sink = _sent(per_request, rate=rate)

    assert sorted(sink.told) == list(range(12))
    assert sink.again == 0


def test_a_side_that_refuses_ends_the_pace() -> None:
    """What is answered with 503 is not taken for sent."""

    async def run() -> None:
        sink = load.Sink(down=True)
        await sink.open()
        with pytest.raises(load.RefusedError, match="503"):
            await load.pace(sink.port, "/", [((0,), b"seq-000000000")], 500)
        assert not await sink.wait_for((0,), 0.02)
        sink.close()

    asyncio.run(run())


def test_a_side_that_does_not_keep_up_is_a_row_that_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bench goes on, and compares the other pace."""

    def paced(kind: Kind, _rules: int, _count: int, rate: int) -> Flow | None:
        return None if kind is sides.Ours and rate == 1_000 else Flow(rate, rate, 1.0, 1.0, 1.0)

    monkeypatch.setattr(measures, "paced", paced)

    *kept, behind = peers._paces(peers.QUICK)  # pyright: ignore[reportPrivateUsage]

    assert [row.met for row in kept] == [True, True, None]
    assert (behind.value, behind.met) == ("ours does not keep up", False)


def test_without_alertmanager_the_bench_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is downloaded: the package is named."""
    monkeypatch.setenv("PATH", "")

    assert "apt-get install prometheus-alertmanager" in sides.missing()
