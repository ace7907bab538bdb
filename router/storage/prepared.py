"""Statements that every event passes: made once, since making one costs more than running it."""

from collections.abc import Collection, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, Connection, Dialect, Table, Text, any_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from router.storage.rows import kept

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
        connection.exec_driver_sql(text, [places(row) for row in values] if places else values)


@cache
def _writing(dialect: type[Dialect], table: Table, replaced: tuple[str, ...] | None) -> _Writing:
    maker: Any = postgresql if dialect.name == "postgresql" else sqlite
    adding = maker.insert(table)
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
        connection.exec_driver_sql(text, [places(row) for row in values])


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


def but_key(table: Table) -> tuple[str, ...]:
    """The columns of a table that are no part of its primary key."""
    return tuple(column.name for column in table.columns if not column.primary_key)
