"""A loop's thread: what it says of itself while it turns, stands and ends."""

import threading
import time
from collections.abc import Callable

import pytest

from router.errors import RouterError
from router.pipeline.loops import DOUBTED_FOR, HANGS_AFTER, Loop
from tests.pipeline.conftest import wait_until


class Seconds:
    """A clock of seconds, by hand."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


def loop_of(step: Callable[[], int], seconds: Seconds) -> Loop:
    """A loop that never waits long."""
    return Loop("deliver", step, lambda: time.sleep(0.001), lambda _name, _why: None, seconds)


def test_a_step_that_does_not_return_is_a_loop_that_hangs() -> None:
    """Said after a minute, not before; and no more once it turns again."""
    entered, free, seconds = threading.Event(), threading.Event(), Seconds()

    def step() -> int:
        entered.set()
        free.wait(60)
        return 0

    loop = loop_of(step, seconds)
    loop.start()
    assert entered.wait(60)
    seconds.at = HANGS_AFTER
    assert loop.problem() == ""
    seconds.at = HANGS_AFTER + 1
    assert loop.problem() == "the loop deliver has hung for 61 s"
    free.set()
    wait_until(lambda: loop.problem() == "")
    loop.stop()
    assert loop.join(60)


def test_a_step_that_fails_again_and_again_is_not_a_loop_that_hangs() -> None:
    """A new process would not mend it: it turns, and waits for what is broken."""
    tried, seconds = threading.Semaphore(0), Seconds()

    def step() -> int:
        tried.release()
        raise ValueError("broken")

    loop = loop_of(step, seconds)
    loop.start()
    assert tried.acquire(timeout=60)
    seconds.at = HANGS_AFTER + 1
    assert tried.acquire(timeout=60)
    assert loop.problem() == ""
    loop.stop()
    assert loop.join(60)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_ended_unasked_is_said() -> None:
    """What even a loop cannot catch ends it; one that was asked to end is well."""

    def step() -> int:
        raise SystemExit

    loop = loop_of(step, Seconds())
    loop.start()
    assert loop.join(60)
    assert loop.problem() == "the loop deliver has ended"
    loop.stop()
    assert loop.problem() == ""


def test_a_long_step_may_say_that_it_turns() -> None:
    """Pruning a large store takes minutes, batch by batch: each batch is a turn."""
    seconds, free = Seconds(), threading.Event()
    loop = loop_of(lambda: int(free.wait(60)) * 0, seconds)
    loop.start()
    seconds.at = HANGS_AFTER + 1
    loop.turn()
    assert loop.problem() == ""
    free.set()
    loop.stop()
    assert loop.join(60)


def test_a_wait_that_fails_does_not_end_the_loop() -> None:
    """What is due next is asked of the store, which may be away: it is asked again, and the step goes on."""
    asked: list[str] = []
    went_on, said = threading.Event(), list[str]()

    def wait() -> None:
        asked.append("when")
        if len(asked) == 1:
            raise RouterError("store-unavailable", "the database server does not answer")
        went_on.set()
        time.sleep(0.001)

    one = Loop("dispatch", lambda: 0, wait, lambda _name, why: said.append(why) if why else None)
    one.start()
    assert went_on.wait(60)
    one.stop()
    assert one.join(60)
    assert said == ["the database server does not answer"]


@pytest.mark.parametrize("by", ["something to do", "time"])
def test_after_a_fault_of_the_store_a_step_without_work_says_nothing_of_it(by: str) -> None:
    """A full disk lets pass what writes nothing: only what was done tells, or some time without a fault."""
    heard, seconds = list[str](), Seconds()
    turned, steps = threading.Semaphore(0), 0
    done = 0

    def step() -> int:
        nonlocal steps
        turned.release()
        steps += 1
        if steps == 1:
            raise RouterError("store-unavailable", "the disk is full")
        return done

    def turn(times: int) -> None:
        assert all(turned.acquire(timeout=60) for _ in range(times))

    seconds.at = 100.0
    one = Loop("ingest", step, lambda: time.sleep(0.001), lambda name, why: heard.append(name + why), seconds)
    one.start()
    turn(4)
    assert heard == ["ingestthe disk is full"]
    if by == "time":
        seconds.at += DOUBTED_FOR + 1
    else:
        done = 1
    wait_until(lambda: heard[1:2] == ["ingest"], 60)
    done = 0
    one.stop()
    assert one.join(60)
