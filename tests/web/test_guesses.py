"""Wrong tokens, by the address that brings them."""

import threading

import pytest

from router.errors import RouterError
from router.web import guesses
from router.web.guesses import MOST_WRONG, TOLD_EVERY, WITHIN, Guesses, peer_of


class Clock:
    """A clock that is handed in."""

    def __init__(self) -> None:
        self.at = 1_700_000_000_000_000

    def now(self) -> int:
        return self.at


def refused(known: Guesses, address: str, brought: str, name: str | None = None) -> bool:
    """Whether the address must wait."""
    try:
        known.judge(address, brought, name)
    except RouterError as error:
        return error.code == "too-many"
    return False


def guess(known: Guesses, address: str, times: int = MOST_WRONG) -> list[bool]:
    """Brings so many different wrong tokens."""
    return [refused(known, address, f"guess {number}") for number in range(times)]


def test_an_address_that_guesses_waits_a_minute() -> None:
    """After five wrong tokens even a right one is refused, until the first is a minute old."""
    clock = Clock()
    known = Guesses(clock)
    assert guess(known, "10.0.0.1", 7) == [False] * MOST_WRONG + [True, True]
    assert refused(known, "10.0.0.1", "right", "anna")
    clock.at += WITHIN
    assert not refused(known, "10.0.0.1", "right", "anna")


def test_others_do_not_wait() -> None:
    """A right token from another address is taken, whoever guesses elsewhere."""
    known = Guesses(Clock())
    guess(known, "10.0.0.1", 100)
    assert not refused(known, "10.0.0.2", "right", "anna")


def test_behind_a_proxy_who_was_known_is_taken_on() -> None:
    """Guesses through a proxy shut nobody out whose token was right from there before."""
    known = Guesses(Clock())
    assert not refused(known, "10.0.0.1", "right", "anna")
    guess(known, "10.0.0.1", 100)
    assert not refused(known, "10.0.0.1", "right", "anna")
    assert refused(known, "10.0.0.1", "also right", "grafana")


def test_an_old_token_is_no_guess() -> None:
    """A program that repeats one wrong token is not counted again, and shuts nobody out."""
    known = Guesses(Clock())
    assert not any(refused(known, "10.0.0.1", "the one of last year") for _ in range(100))
    assert not refused(known, "10.0.0.1", "right", "anna")


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_machine_has_one_name(address: str, peer: str) -> None:
    """IPv6 gives a machine 2^64 addresses: they are one."""
    assert peer_of(address) == peer


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More addresses than are kept: those that came first are forgotten, the newest still wait."""
    monkeypatch.setattr(guesses, "MOST_ADDRESSES", 3)
    known = Guesses(Clock())
    for number in range(5):
        guess(known, f"10.0.0.{number}")
    assert [refused(known, f"10.0.0.{number}", "right", f"n{number}") for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_threads_do_not_get_more_guesses() -> None:
    """Many threads at once are given as many guesses as one."""
    known = Guesses(Clock())
    taken: list[bool] = []
    begin = threading.Barrier(8)

    def bring(name: int) -> None:
        begin.wait()
        taken.extend(not refused(known, "10.0.0.1", f"{name} {number}") for number in range(200))

    threads = [threading.Thread(target=bring, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == MOST_WRONG


def test_an_attack_is_a_line_an_hour() -> None:
    """The first wrong token is told of at once, all that follow once an hour, or when nobody asks again."""
    clock = Clock()
    known = Guesses(clock)
    assert known.untold() is None
    guess(known, "10.0.0.1", 1)
    assert known.untold() == ("10.0.0.1", 1)
    guess(known, "10.0.0.2", 1000)
    guess(known, "10.0.0.3", 1000)
    refused(known, "10.0.0.4", "right", "anna")
    assert known.untold() is None
    clock.at += TOLD_EVERY
    assert known.untold() == ("10.0.0.2 and others", 2000)
    guess(known, "10.0.0.5", 2)
    assert (known.untold(), known.untold(last=True)) == (None, ("10.0.0.5", 2))
    assert known.untold(last=True) is None
