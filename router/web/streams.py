"""Answers that go on for as long as somebody listens: how many at once, and how long each."""

from collections.abc import AsyncIterator
from typing import TypeVar

from starlette.datastructures import State

from router.errors import RouterError

T = TypeVar("T")

#: Streams at once.
MOST_STREAMS = 50
#: Seconds between two looks at whether something was written.
LOOKS_EVERY = 1.0
#: Looks after which a stream ends; who listens asks for the next one, and is asked who it is.
LOOKS = 600


def counted(state: State, stream: AsyncIterator[T]) -> AsyncIterator[T]:
    """The stream, as one of those that go on at the moment.

    Raises:
        RouterError: ``overloaded``: there are too many already.
    """
    if state.streams >= MOST_STREAMS:
        raise RouterError("overloaded", "too many are kept up to date already", "Look again by hand")
    return _counted(state, stream)


async def _counted(state: State, stream: AsyncIterator[T]) -> AsyncIterator[T]:
    state.streams += 1
    try:
        async for one in stream:
            yield one
    finally:
        state.streams -= 1
