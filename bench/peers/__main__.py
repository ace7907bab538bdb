"""Measures both sides in turn; exit status 1 when a goal is missed, 2 when Alertmanager is not here."""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.peers import measures
from bench.peers.measures import Flow, Kind
from bench.peers.sides import Alertmanager, Ours, missing
from bench.table import Row, show

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    turns: int = 5
    events: int = 10_000
    seconds: int = 10
    open: int = 100_000
    killed: int = 1000


QUICK = Sizes(turns=1, events=2_000, seconds=3, open=10_000, killed=500)
#: Rules, events a request; times their events told a second, their CPU for each, at least and at most.
FLOWS = (
    (1, 64, 2.0, 0.5),
    (1, 1, 1.0, None),
    (1_000, 64, 2.0, 0.5),
    (1_000, 1, 1.0, None),
    (10_000, 64, 4.0, None),
    (10_000, 1, 2.0, None),
)
#: Events a second; times their median and their 99th of 100, at most.
PACES = ((200, 2.0, 1.0), (1_000, None, 0.5))
PARTS = ("flow", "pace", "memory", "kill")


def main(words: list[str]) -> int:
    """``[flow] [pace] [memory] [kill] [--quick]``"""
    if lack := missing():
        print(lack)
        return 2
    sizes = QUICK if "--quick" in words else Sizes()
    chosen = [word for word in words if not word.startswith("-")] or PARTS
    missed = 0
    for name in chosen:
        title, measure = _MEASURES[name]
        rows = measure(sizes)
        show(title, rows)
        missed += sum(row.met is False for row in rows)
    return 1 if missed else 0


def _in_turn(turns: int, measure: Callable[[Kind], T]) -> tuple[list[T], list[T]]:
    ours: list[T] = []
    theirs: list[T] = []
    for _ in range(turns):
        ours.append(measure(Ours))
        theirs.append(measure(Alertmanager))
    return ours, theirs


def _flows(sizes: Sizes) -> list[Row]:
    rows: list[Row] = []
    for rules, per_request, told, cpu in FLOWS:
        pair = _in_turn(
            sizes.turns,
            lambda kind, rules=rules, per=per_request: measures.flow(kind, rules, sizes.events, per),
        )
        case = f"{rules:,} rules, {per_request} a request"
        rows += [
            _row(f"{case}: accepted/s", pair, lambda one: one.accepted, None, None),
            _row(f"{case}: told/s", pair, lambda one: one.told, told, None),
            _row(f"{case}: CPU ms for each", pair, lambda one: one.cpu, None, cpu),
        ]
    return rows


def _paces(sizes: Sizes) -> list[Row]:
    rows: list[Row] = []
    for rate, median, slowest in PACES:
        measured = _in_turn(
            sizes.turns, lambda kind, rate=rate: measures.paced(kind, 1_000, rate * sizes.seconds, rate)
        )
        ours, theirs = ([one for one in side if one is not None] for side in measured)
        if len(ours) < sizes.turns or len(theirs) < sizes.turns:
            rows.append(_behind(rate, ours, theirs, sizes.turns))
            continue
        pair = ours, theirs
        rows += [
            _row(f"{rate}/s, to the sink, median ms", pair, lambda one: one.median, None, median),
            _row(f"{rate}/s, to the sink, 99th of 100 ms", pair, lambda one: one.slowest, None, slowest),
            _row(f"{rate}/s, CPU ms for each", pair, lambda one: one.cpu, None, None),
        ]
    return rows


def _behind(rate: int, ours: Sequence[Flow], theirs: Sequence[Flow], turns: int) -> Row:
    """Where a side refuses events, or does not tell them in time, there is no delay to compare."""
    sides = (("ours", len(ours)), ("theirs", len(theirs)))
    said = ", ".join(f"{name} does not keep up" for name, kept in sides if kept < turns)
    return Row(f"{rate}/s, to the sink", said, "keeps up", len(ours) == turns)


def _row(
    name: str,
    pair: tuple[list[Flow], list[Flow]],
    figure: Callable[[Flow], float],
    least: float | None,
    most: float | None,
) -> Row:
    ours, theirs = ([figure(one) for one in side] for side in pair)
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    value = (
        f"{statistics.median(ours):10,.2f} to {statistics.median(theirs):10,.2f}: "
        f"{ratio:5.2f} times [{min(ratios):.2f} to {max(ratios):.2f}]"
    )
    if least is None and most is None:
        return Row(name, value)
    goal = f"at least {least:g}" if least is not None else f"at most {most:g}"
    return Row(name, value, goal, ratio >= least if least is not None else ratio <= (most or 0))


def _memory(sizes: Sizes) -> list[Row]:
    ours, theirs = (measures.memory(kind, sizes.open) for kind in (Ours, Alertmanager))
    name = f"{sizes.open:,} open alerts"
    return [Row(name, f"{ours:.0f} MB to {theirs:,.0f} MB", "at most 160 MB", ours <= 160)]


def _kills(sizes: Sizes) -> list[Row]:
    rows: list[Row] = []
    for name, per_request, down in (
        ("1 a request", 1, False),
        ("64 a request", 64, False),
        ("1 a request, the sink down", 1, True),
    ):
        pairs = [
            [measures.killed(kind, sizes.killed, per_request, down=down) for kind in (Ours, Alertmanager)]
            for _ in range(sizes.turns)
        ]
        ours, theirs = zip(*pairs, strict=True)
        said = f"{[one.lost for one in ours]} (twice {[one.again for one in ours]})"
        said += f" to {[one.lost for one in theirs]}"
        rows.append(Row(f"lost of {sizes.killed}: {name}", said, "0", not any(one.lost for one in ours)))
    return rows


_MEASURES: dict[str, tuple[str, Callable[[Sizes], list[Row]]]] = {
    "flow": ("ours to Alertmanager's: as fast as it goes", _flows),
    "pace": ("ours to Alertmanager's: receipt to sink, 1,000 rules, one event a request", _paces),
    "memory": ("ours to Alertmanager's: memory", _memory),
    "kill": ("ours to Alertmanager's: killed at the last answer, started again", _kills),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
