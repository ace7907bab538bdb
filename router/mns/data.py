"""The stand-in's state in a file: written before a request is answered, read at the start.

A file of SQLite with a row for each message and push, and one for all definitions. A killed
stand-in loses nothing that it answered; a power cut may cost the last moments.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from router.errors import RouterError
from router.mns.attributes import QueueAttributes
from router.mns.keys import PushKey
from router.mns.messages import Message
from router.mns.queues import DeadLetters, Queue
from router.mns.state import State
from router.mns.topics import Push, Topic

_TABLES = """
create table if not exists messages (
  queue text, sequence integer, value blob, primary key (queue, sequence)) without rowid;
create table if not exists pushes (number integer primary key, value blob);
create table if not exists settings (name text primary key, value blob);
"""


@dataclass(frozen=True, slots=True)
class _QueueRow:
    name: str
    attributes: QueueAttributes
    created_at: int
    modified_at: int
    dead_letters: DeadLetters | None


@dataclass(frozen=True, slots=True)
class _Definitions:
    queues: list[_QueueRow]
    topics: list[Topic]


_MESSAGE, _PUSH, _DEFINITIONS = TypeAdapter(Message), TypeAdapter(Push), TypeAdapter(_Definitions)


class Data:
    """A data file.

    Raises:
        RouterError: ``unusable-file`` when it cannot be opened or is no file of a stand-in.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._file.executescript(f"pragma journal_mode = wal; pragma synchronous = off; {_TABLES}")
        except sqlite3.Error as error:
            raise RouterError("unusable-file", f"{path}: {error}", "Name a file of `mns serve`") from error

    def load(self, state: State) -> None:
        """Fills an empty state with what the file holds."""
        row = self._setting("definitions")
        definitions = _DEFINITIONS.validate_json(row) if row else _Definitions([], [])
        for kept in definitions.queues:
            messages = self._messages(kept.name)
            state.queues[kept.name] = Queue(
                kept.name,
                state.ids,
                kept.attributes,
                kept.created_at,
                kept.modified_at,
                kept.dead_letters,
                messages,
            )
            state.queues[kept.name].changed.clear()
        state.topics.update({topic.name: topic for topic in definitions.topics})
        rows = self._file.execute("select number, value from pushes order by number")
        state.restore_pushes({number: _PUSH.validate_json(value) for number, value in rows})

    def push_key(self) -> PushKey:
        """The key that pushes are signed with; made at the first start, the same ever after."""
        pem = self._setting("key")
        key = PushKey(pem or b"")
        if not pem:
            self._set("key", key.private_pem())
        return key

    def save(self, state: State) -> None:
        """Writes what changed since the last save, all or nothing."""
        if not (
            state.redefined or state.changed_pushes or any(queue.changed for queue in state.queues.values())
        ):
            return
        self._file.execute("begin")
        self._save_definitions(state)
        for queue in state.queues.values():
            self._save_messages(queue)
        for number in state.changed_pushes:
            self._put(
                "pushes", (number,), _PUSH.dump_json(state.pushes[number]) if number in state.pushes else None
            )
        state.changed_pushes.clear()
        self._file.execute("commit")

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _save_definitions(self, state: State) -> None:
        if not state.redefined:
            return
        queues = [
            _QueueRow(queue.name, queue.attributes, queue.created_at, queue.modified_at, queue.dead_letters)
            for queue in state.queues.values()
        ]
        self._set("definitions", _DEFINITIONS.dump_json(_Definitions(queues, list(state.topics.values()))))
        for (name,) in self._file.execute("select distinct queue from messages").fetchall():
            if name not in state.queues:
                self._file.execute("delete from messages where queue = ?", (name,))
        state.redefined = False

    def _save_messages(self, queue: Queue) -> None:
        for sequence in queue.changed:
            message = queue.messages.get(sequence)
            self._put("messages", (queue.name, sequence), _MESSAGE.dump_json(message) if message else None)
        queue.changed.clear()

    def _put(self, table: str, key: tuple[str | int, ...], value: bytes | None) -> None:
        if table == "messages":
            put, drop = (
                "insert or replace into messages values (?, ?, ?)",
                ("delete from messages where queue = ? and sequence = ?"),
            )
        else:
            put, drop = "insert or replace into pushes values (?, ?)", "delete from pushes where number = ?"
        self._file.execute(drop if value is None else put, key if value is None else (*key, value))

    def _messages(self, queue: str) -> dict[int, Message]:
        rows = self._file.execute("select value from messages where queue = ? order by sequence", (queue,))
        found = (_MESSAGE.validate_json(value) for (value,) in rows)
        return {message.sequence: message for message in found}

    def _setting(self, name: str) -> bytes | None:
        row = self._file.execute("select value from settings where name = ?", (name,)).fetchone()
        return row[0] if row else None

    def _set(self, name: str, value: bytes) -> None:
        self._file.execute("insert or replace into settings values (?, ?)", (name, value))
