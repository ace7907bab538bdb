"""Ids by how they begin: people type the first characters of one."""

from typing import Annotated

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from router.web.api.asked import Within

router = APIRouter(tags=["router"])

#: Ids that are shown where many begin so.
_MOST = 10


class IdsFound(TypedDict):
    """The first ids that begin so."""

    ids: list[str]


@router.get("/v1/ids")
def find_ids(
    inside: Within,
    begin: Annotated[
        str,
        Query(
            min_length=6, max_length=100, description="`a-…` of alerts, `d-…` of deliveries, `e-…`, `s-…`."
        ),
    ],
) -> IdsFound:
    """Ids of alerts, deliveries, events or silences that begin so, at most 10."""
    return {"ids": inside.store.look(lambda unit: unit.ids_from(begin, _MOST))}
