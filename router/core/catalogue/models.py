"""Pydantic models of the events, made from the one declaration of their fields.

Imported only when a model is asked for: pydantic costs 0.1 s and 12 MB, and decoding does not need it.
"""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, create_model
from pydantic import Field as ModelField

from router.core.catalogue.fields import Field, FieldType
from router.core.catalogue.values import read_number, read_time

_TYPES: dict[FieldType, Any] = {
    FieldType.TEXT: str,
    FieldType.ID: str,
    FieldType.STATE: str,
    FieldType.TIME: Annotated[AwareDatetime | None, BeforeValidator(read_time)],
    FieldType.NUMBER: Annotated[int | None, BeforeValidator(read_number)],
}


@cache
def make_model(name: str, about: str, fields: tuple[Field, ...]) -> type[BaseModel]:
    """The model of one event. Unknown fields are kept."""
    made: Any = create_model
    model: type[BaseModel] = made(
        name,
        __config__=ConfigDict(extra="allow", frozen=True, title=name),
        __doc__=f"{about}.",
        **{field.name: (_type(field), _described(field)) for field in fields},
    )
    return model


def _type(field: Field) -> Any:
    return _TYPES[field.type] if field.open else Literal[field.known]


def _described(field: Field) -> Any:
    return ModelField(title=field.name, description=field.about, examples=list(field.known) or None)
