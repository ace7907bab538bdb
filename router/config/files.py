"""Small files, read whole: never more than was asked for, never from a pipe or a device."""

import os
import stat
from pathlib import Path

from router.errors import RouterError


def read_small(path: Path, most: int) -> bytes:
    """What a regular file holds.

    Raises:
        RouterError: ``unreadable``: it is missing, forbidden, no regular file, or larger than ``most`` bytes.
    """
    try:
        # Not to wait for somebody who writes into a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            held = _read(descriptor, most)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RouterError("unreadable", error.strerror or "it cannot be read") from error
    except ValueError as error:
        raise RouterError("unreadable", "no file has such a name") from error
    if len(held) > most:
        raise RouterError("unreadable", f"it is larger than {_size(most)}")
    return held


def _read(descriptor: int, most: int) -> bytes:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise RouterError("unreadable", "it is a folder")
    if not stat.S_ISREG(mode):
        raise RouterError("unreadable", "it is not a regular file")
    with open(descriptor, "rb", closefd=False) as file:
        return file.read(most + 1)


def _size(most: int) -> str:
    return f"{most >> 20} MiB" if most >= 1 << 20 else f"{most >> 10} KiB"
