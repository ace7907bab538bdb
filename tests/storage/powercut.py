"""Power cuts: what SQLite asked of its files is recorded, and replayed as a disk may have kept it.

The recorder is a VFS of SQLite's own: the default one with writes, syncs and truncations noted before
they are passed on. A cut keeps of each file all that was synced; of what was written since, nothing, the
first part, any part, or torn sectors.
"""

import _sqlite3
import ctypes
import os
import random
from collections.abc import Callable, Iterator, Sequence
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

SECTOR = 512
#: SQLite's name for the recorder: ``sqlite:///file:PATH?vfs=recorder&uri=true``.
NAME = "recorder"

_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
#: The name goes on as the address that came: SQLite keeps it for as long as the file is open.
_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
#: Function pointers of ``sqlite3_io_methods`` version 3.
_METHODS = 19


class _IoMethods(Structure):
    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", _WRITE),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        ("others", c_void_p * (_METHODS - 5)),
    )
    write: Callable[..., int]
    truncate: Callable[..., int]
    sync: Callable[..., int]


class _Vfs(Structure):
    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("app_data", c_void_p),
        ("open", _OPEN),
        ("others", c_void_p * 16),
    )
    name: bytes
    open: Callable[..., int]


@dataclass(frozen=True, slots=True)
class Op:
    """One call: bytes written at an offset, a truncation to an offset, or a sync."""

    kind: Literal["write", "truncate", "sync"]
    file: str
    offset: int = 0
    data: bytes = b""


@dataclass
class Recorder:
    """Everything that was asked of the files since the recorder was made, by file name."""

    ops: list[Op] = field(default_factory=list[Op])

    def __post_init__(self) -> None:
        self._kept: list[Any] = []
        self._library = ctypes.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        real: _Vfs = self._library.sqlite3_vfs_find(None).contents
        self._vfs = _Vfs.from_buffer_copy(real)
        self._vfs.name = NAME.encode()
        self._vfs.open = _OPEN(self._opened(real.open))
        self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 0)

    def close(self) -> None:
        """Takes the recorder out of SQLite again; its files must be closed by then."""
        self._library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))

    def _opened(self, real: Callable[..., int]) -> Callable[..., int]:
        def xopen(vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
            answer = real(vfs, name, file, flags, out)
            if answer == 0 and name:
                self._watch(Path(os.fsdecode(ctypes.string_at(name))).name, file)
            return answer

        return xopen

    def _watch(self, name: str, file: int) -> None:
        methods = POINTER(_IoMethods).from_address(file)
        real = methods.contents
        ours = _IoMethods.from_buffer_copy(real)

        def write(file: int, data: int, size: int, offset: int) -> int:
            self.ops.append(Op("write", name, offset, ctypes.string_at(data, size)))
            return real.write(file, data, size, offset)

        def truncate(file: int, size: int) -> int:
            self.ops.append(Op("truncate", name, size))
            return real.truncate(file, size)

        def sync(file: int, flags: int) -> int:
            answer = real.sync(file, flags)
            self.ops.append(Op("sync", name))
            return answer

        ours.write, ours.truncate, ours.sync = _WRITE(write), _TRUNCATE(truncate), _SYNC(sync)
        # SQLite keeps the address: neither the table nor what it points to may be freed.
        self._kept.append((real, ours))
        methods.contents = ours


def cuts(
    ops: Sequence[Op], base: dict[str, bytes], count: int, chance: random.Random
) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Files as they may be found after the power went at random moments, in their order.

    Yields:
        how many operations had returned, and what each file held afterwards.
    """
    for moment in sorted(chance.choices(range(len(ops)), k=count)):
        yield _cut(ops, base, moment, chance)


def _cut(
    ops: Sequence[Op], base: dict[str, bytes], moment: int, chance: random.Random
) -> tuple[int, dict[str, bytes]]:
    done = ops[:moment]
    synced = {op.file: place for place, op in enumerate(done) if op.kind == "sync"}
    files = {name: bytearray(held) for name, held in base.items()}
    survives = _SURVIVAL[chance.randrange(len(_SURVIVAL))](chance)
    for place, op in enumerate(done):
        if place < synced.get(op.file, -1):
            _apply(files, op)
        elif op.kind != "sync":
            for part in survives(op):
                _apply(files, part)
    return moment, {name: bytes(held) for name, held in files.items()}


def _apply(files: dict[str, bytearray], op: Op) -> None:
    if op.kind == "sync":
        return
    held = files.setdefault(op.file, bytearray())
    if op.kind == "truncate":
        del held[op.offset :]
        return
    held.extend(bytes(max(0, op.offset - len(held))))
    held[op.offset : op.offset + len(op.data)] = op.data


Survival = Callable[[Op], list[Op]]


def _nothing(_chance: random.Random) -> Survival:
    return lambda _op: []


def _prefix(chance: random.Random) -> Survival:
    left = [chance.randrange(1, 40)]

    def survives(op: Op) -> list[Op]:
        left[0] -= 1
        return [op] if left[0] >= 0 else []

    return survives


def _subset(chance: random.Random) -> Survival:
    return lambda op: [op] if chance.random() < 0.5 else []


def _torn(chance: random.Random) -> Survival:
    def survives(op: Op) -> list[Op]:
        if op.kind != "write":
            return [op] if chance.random() < 0.5 else []
        return [
            Op("write", op.file, op.offset + start, op.data[start : start + SECTOR])
            for start in range(0, len(op.data), SECTOR)
            if chance.random() < 0.5
        ]

    return survives


_SURVIVAL = (_nothing, _prefix, _subset, _torn)
