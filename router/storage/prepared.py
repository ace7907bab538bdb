"""Statements that every event passes: made once, and run by the driver itself.

SQLAlchemy's way to the driver costs several times what SQLite needs for the statement. What the driver
says of a fault is told in SQLAlchemy's words all the same.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, Connection, Dialect, Table, Text, any_, bindparam, func, select
from sqlalchemy.exc import DBAPIError

from router.storage.rows import Row, kept

#: The name under which a statement takes its list of values.
VALUES = "values"


class Reading(NamedTuple):
    """A statement with a list of values, for either kind of store."""

    sqlite: Any
    postgresql: Any


def by_values(statement: Any, column: Any) -> Reading:
    """The statement for rows whose column has one of the values that it is run with."""
    return Reading(*(statement.where(among(column, which)) for which in (False, True)))


def among(column: Any, on_postgresql: bool) -> Any:
    """That a column has one of the values that a statement is run with: one parameter, however many."""
    if on_postgresql:
        return column == any_(bindparam(VALUES, type_=ARRAY(Text)))
    return column.in_(select(func.json_each(bindparam(VALUES)).table_valued("value").c.value))


def listed(values: Collection[str], on_postgresql: bool) -> dict[str, Any]:
    """The values as such a statement takes them."""
    texts = [kept(value) for value in values]
    return {VALUES: texts if on_postgresql else orjson.dumps(texts).decode()}


class _Made(NamedTuple):
    """A statement as the driver takes it.

    Args:
        places: the names of its values in their order in the text; None where the driver goes by names.
        fixed: values that are part of the statement.
    """

    text: str
    places: tuple[str, ...] | None
    fixed: Mapping[str, Any]


def run(connection: Connection, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
    """The driver's cursor after a statement that is made once: pass the same object each time."""
    made = _made(type(connection.dialect), statement)
    bound: Any = {**made.fixed, **values} if values else made.fixed
    if made.places is not None:
        bound = tuple([bound[name] for name in made.places])
    return drive(connection, made.text, bound)


def rows(connection: Connection, statement: Any, values: Mapping[str, Any] | None = None) -> list[Row]:
    """What it answers, each row by the names of its columns."""
    cursor = run(connection, statement, values)
    found = cursor.fetchall()
    names = [column[0] for column in cursor.description] if found else []
    return [dict(zip(names, row, strict=True)) for row in found]


def scalar(connection: Connection, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
    """The first column of the first row; None where there is none."""
    row = run(connection, statement, values).fetchone()
    return row[0] if row else None


@cache
def _made(dialect: type[Dialect], statement: Any) -> _Made:
    compiled = statement.compile(dialect=dialect())
    asked = {name for name, value in compiled.binds.items() if value.required}
    # With the values that are written into the text.
    written = compiled.construct_expanded_state(dict.fromkeys(asked))
    places = tuple(written.positiontup) if written.positiontup is not None else None
    fixed = {name: value for name, value in written.parameters.items() if name not in asked}
    return _Made(written.statement, places, fixed)


def drive(connection: Connection, text: str, values: Any, *, many: bool = False) -> Any:
    """The driver's cursor after a statement.

    Raises:
        DBAPIError: as SQLAlchemy would.
    """
    cursor: Any = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(text, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told(connection, text, error, cursor) from error
    return cursor


def _told(connection: Connection, text: str, error: Any, cursor: Any) -> BaseException:
    """The driver's error as SQLAlchemy tells it; the connection is given up where it is gone."""
    dialect = connection.dialect
    is_gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
    if is_gone:
        connection.invalidate(error)
    errors: Any = DBAPIError
    return errors.instance(
        text, None, error, dialect.loaded_dbapi.Error, connection_invalidated=is_gone, dialect=dialect
    )


class _Writing(NamedTuple):
    """A statement for many rows, as the driver takes it.

    Args:
        places: the columns in their order in the statement; None where the driver goes by names.
    """

    text: str
    places: Any


def write(
    connection: Connection,
    table: Table,
    values: Sequence[dict[str, Any]],
    replaced: tuple[str, ...] | None = None,
) -> None:
    """Adds rows with all their columns.

    Args:
        replaced: the columns that are replaced in a row that has the same primary key; empty leaves that
            row as it is; None does not expect any.
    """
    if values:
        text, places = _writing(type(connection.dialect), table, replaced)
        drive(connection, text, [places(row) for row in values] if places else values, many=True)


def inserting(dialect: str, table: Table) -> Any:
    """The dialect's own ``INSERT``, which can replace what is there; only that dialect is loaded."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


@cache
def _writing(dialect: type[Dialect], table: Table, replaced: tuple[str, ...] | None) -> _Writing:
    adding = inserting(dialect.name, table)
    if replaced:
        adding = adding.on_conflict_do_update(
            index_elements=list(table.primary_key), set_={name: adding.excluded[name] for name in replaced}
        )
    elif replaced is not None:
        adding = adding.on_conflict_do_nothing()
    compiled = adding.compile(dialect=dialect(), column_keys=table.columns.keys())
    return _Writing(str(compiled), itemgetter(*compiled.positiontup) if compiled.positiontup else None)


def change(
    connection: Connection, table: Table, values: Sequence[dict[str, Any]], columns: tuple[str, ...]
) -> None:
    """Changes these columns of rows that are there, each found by its primary key."""
    if values:
        text, places = _changing(type(connection.dialect), table, columns)
        drive(connection, text, [places(row) for row in values], many=True)


@cache
def _changing(dialect: type[Dialect], table: Table, columns: tuple[str, ...]) -> _Writing:
    # A parameter must not have the name of a column that is not set.
    keys = [column.name for column in table.primary_key]
    of_key = [table.c[name] == bindparam(f"of_{name}") for name in keys]
    compiled = table.update().where(*of_key).compile(dialect=dialect(), column_keys=columns)
    if compiled.positiontup:
        return _Writing(
            str(compiled), itemgetter(*(name.removeprefix("of_") for name in compiled.positiontup))
        )

    def named(row: dict[str, Any]) -> dict[str, Any]:
        return row | {f"of_{name}": row[name] for name in keys}

    return _Writing(str(compiled), named)


@cache
def but_key(table: Table) -> tuple[str, ...]:
    """The columns of a table that are no part of its primary key."""
    return tuple(column.name for column in table.columns if not column.primary_key)
