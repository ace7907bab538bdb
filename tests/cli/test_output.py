"""How long work says on a terminal how far it is."""

import sys

import pytest

from router.cli.output import counting


def test_long_work_says_how_far_it_is_and_how_long_the_rest_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice a second at most, by what it took so far; in a pipe nothing."""
    times = iter([0.0, 0.4, 60.0, 60.1])
    for is_terminal, said in ((True, "25,000 of 100,000 events, 3m left"), (False, "")):
        monkeypatch.setattr(sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal)
        show = counting("events", 100_000, lambda: next(times, 120.0))
        for done in (100, 25_000, 25_100):
            show(done)
        assert capsys.readouterr().err.removeprefix("\r\x1b[K") == said
