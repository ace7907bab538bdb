"""Works measured in turn, so that a machine that changes its speed changes all of them alike."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence


def in_turn(rounds: int, *works: Callable[[], object]) -> list[list[float]]:
    """CPU seconds of each work in each round (a busy machine does not count); each runs once before."""
    for work in works:
        work()
    gc.collect()
    gc.disable()
    try:
        measured = [[cpu_seconds(work) for work in works] for _ in range(rounds)]
    finally:
        gc.enable()
    return [list(seconds) for seconds in zip(*measured, strict=True)]


def cpu_seconds(work: Callable[[], object]) -> float:
    """The CPU seconds that a work takes, of all threads."""
    started = time.process_time()
    work()
    return time.process_time() - started


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How many times as long the first takes: the median over the rounds."""
    return statistics.median(one / other for one, other in zip(slow, fast, strict=True))


def repeated(times: int, call: Callable[[], object]) -> Callable[[], None]:
    """A work that is long enough to be measured."""

    def work() -> None:
        for _ in range(times):
            call()

    return work
