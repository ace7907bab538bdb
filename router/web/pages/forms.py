"""What a form of a page brings, and from whom it is taken."""

import hmac
from urllib.parse import parse_qs

from fastapi import Request

from router.errors import RouterError
from router.web.api.asked import admitted
from router.web.gate import Person, Role

#: Fields of a form; each has one value.
_MOST_FIELDS = 1100


#: What a body brings: each field with its values.
Fields = dict[str, list[str]]


class Form:
    """The fields of a form that somebody who may change things has sent."""

    def __init__(self, person: Person, fields: Fields) -> None:
        self.person = person
        self._fields = fields

    def one(self, name: str) -> str:
        """A field's value, or nothing."""
        return self._fields.get(name, [""])[0].strip()

    def all(self, name: str) -> list[str]:
        """All values of a field."""
        return self._fields.get(name, [])


async def form_of(request: Request) -> Form:
    """The form, proved to be one of ours.

    Raises:
        RouterError: ``unauthorized``, ``forbidden``: it is from another page, or the role does not allow it;
            ``bad-request``.
    """
    person = admitted(request, Role.ADMIN)
    form = Form(person, await fields_of(request))
    if not person.csrf or not hmac.compare_digest(form.one("form").encode(), person.csrf.encode()):
        raise RouterError("forbidden", "this form is not from a page of this session", "Load the page again")
    return form


async def fields_of(request: Request) -> Fields:
    """The fields of a request's body."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return parse_qs(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise RouterError("bad-request", "a form has fewer fields") from error
