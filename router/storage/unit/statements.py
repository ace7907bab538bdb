"""What the verbs of a transaction share: how a statement is run."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Table

from router.storage import prepared, rows
from router.storage.prepared import Reading, among, but_key, listed, write


class Statements:
    """Runs statements on one connection, for the verbs of all loops."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._postgresql = connection.dialect.name == "postgresql"

    def _rows(self, statement: Any, values: Mapping[str, Any] | None = None) -> list[rows.Row]:
        found = self._connection.execute(statement, values)
        names = tuple(found.keys())
        return [dict(zip(names, row, strict=True)) for row in found]

    def _bound(self, reading: Reading, values: Collection[str]) -> list[rows.Row]:
        """Rows of a statement that was made once, for any number of values."""
        return self._prepared(reading[self._postgresql], self._listed(values)) if values else []

    def _prepared(self, statement: Any, values: Mapping[str, Any]) -> list[rows.Row]:
        """Rows of a statement that was made once."""
        return prepared.rows(self._connection, statement, values)

    def _scalar(self, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
        return prepared.scalar(self._connection, statement, values)

    def _in(self, statement: Any, column: Any, values: Collection[str]) -> list[rows.Row]:
        asked = statement.where(among(column, self._postgresql))
        return self._rows(asked, self._listed(values)) if values else []

    def _run(self, statement: Any, column: Any, values: Collection[str]) -> None:
        """Changes the rows whose column has one of these values."""
        if values:
            self._connection.execute(statement.where(among(column, self._postgresql)), self._listed(values))

    def _bound_run(self, changing: Reading, values: Collection[str], others: Mapping[str, Any]) -> None:
        """A change that was made once, for any number of values."""
        if values:
            prepared.run(self._connection, changing[self._postgresql], {**others, **self._listed(values)})

    def _listed(self, values: Collection[str]) -> dict[str, Any]:
        return listed(values, self._postgresql)

    def _add(self, table: Table, values: list[dict[str, Any]]) -> None:
        write(self._connection, table, values)

    def _put(self, table: Table, values: list[dict[str, Any]], only: tuple[str, ...] = ()) -> None:
        """Adds rows, or replaces those with the same primary key (only these columns, if named)."""
        write(self._connection, table, values, only or but_key(table))
