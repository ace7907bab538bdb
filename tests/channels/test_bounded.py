"""Calls that end in time."""

import threading
import time

import pytest

from router.channels.bounded import LateError, NoThreadError, Threads
from tests.channels.making import SOON


def test_a_call_gives_its_result() -> None:
    """A call in time is like any call."""
    assert Threads().call(lambda: 42, 60.0) == 42


def test_a_call_raises_what_it_raised() -> None:
    """An exception comes to the caller."""
    with pytest.raises(ValueError, match="invalid literal"):
        Threads().call(lambda: int("x"), 60.0)


def test_a_late_call_is_left() -> None:
    """The caller goes on at the deadline; the call ends by itself and disturbs nobody."""
    gate = threading.Event()
    threads = Threads()
    begun = time.monotonic()
    with pytest.raises(LateError):
        threads.call(lambda: gate.wait(60), 0.05)
    assert time.monotonic() - begun < SOON
    assert threads.call(lambda: 1, 60.0) == 1
    gate.set()


def test_a_thread_is_used_again_and_ends_when_idle() -> None:
    """One call after the other is one thread, which does not stay for ever."""
    threads = Threads(idle=0.05)
    used: set[threading.Thread] = set()

    def note() -> None:
        used.add(threading.current_thread())

    for _ in range(3):
        threads.call(note, 60.0)
        time.sleep(0.01)
    (thread,) = used
    assert thread.daemon
    thread.join(60)
    assert not thread.is_alive()
    threads.call(note, 60.0)
    assert len(used) == 2


def test_a_machine_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started, nothing was called, and the caller hears so."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    called: list[int] = []
    with pytest.raises(NoThreadError):
        Threads().call(lambda: called.append(1), 60.0)
    assert called == []
