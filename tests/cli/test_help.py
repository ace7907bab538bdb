"""``--help``: what is not torn on a terminal of 80 columns."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from router.cli import app


def commands(of: typer.Typer) -> Iterator[Callable[..., Any]]:
    """The functions behind all commands."""
    yield from (one.callback for one in of.registered_commands if one.callback is not None)
    for group in of.registered_groups:
        if group.typer_instance is not None:
            yield from commands(group.typer_instance)


@pytest.mark.parametrize("command", list(commands(app)), ids=lambda command: command.__name__)
def test_the_lines_of_a_help_fit(command: Callable[..., Any]) -> None:
    """Behind the first paragraph they are shown as they stand, and a longer one would break in its middle."""
    first, *others = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    assert first
    assert [line for part in others for line in part.splitlines() if len(line) > 78] == []
