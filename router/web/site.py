"""The application behind the listener: the API and the pages, each request by a thread of its own."""

import contextlib
import json
from typing import Any, cast

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from router.errors import RouterError
from router.version import __version__
from router.web.api import alerts, deliveries, events, ids, jobs, process, silences, tail
from router.web.api.asked import Refusal, address_of, headers_of, inside_of, reader
from router.web.inside import Inside
from router.web.pages import changed, health, live, looked_into, shown, trying
from router.web.pages.drawing import draw
from router.web.proof import PATH
from router.web.status import said_of, status_of

#: The parts of the site: those of the API, and those of the pages.
API = tuple(part.router for part in (alerts, events, tail, jobs, deliveries, silences, ids, process))
PAGES = tuple(part.router for part in (shown, looked_into, trying, health, changed, live))

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The request is not as it should be."},
    401: {"model": Refusal, "description": "A token is needed."},
    403: {"model": Refusal, "description": "The token's role does not allow it."},
    404: {"model": Refusal, "description": "There is no such thing."},
    413: {"model": Refusal, "description": "The request is too large."},
    429: {
        "model": Refusal,
        "description": "Wrong tokens came from this address.",
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "In so many seconds."}},
    },
    503: {"model": Refusal, "description": "The store cannot be reached; try again."},
}


def make_site(inside: Inside) -> FastAPI:
    """The application over a process."""
    app = FastAPI(
        title="alert-router",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        responses=_REFUSALS,
    )
    app.state.inside = inside
    app.state.streams = 0
    for part in API:
        app.include_router(part, dependencies=[Depends(reader)])
    answers: dict[type[Exception], Any] = {
        RouterError: _refused,
        RequestValidationError: _invalid,
        HTTPException: _no_route,
        Exception: _failed,
    }
    for error, answer in answers.items():
        app.add_exception_handler(error, answer)
    for pages in PAGES:
        app.include_router(pages)
    app.add_api_route("/v1/openapi.json", _document, dependencies=[Depends(reader)], include_in_schema=False)
    app.add_api_route(PATH, _proof, include_in_schema=False)
    return app


def document_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the one shape that every error has."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            routes=app.routes,
            description="What the page of alert-router shows and does. Tokens: `Authorization: Bearer …`.",
        )
        for path in document["paths"].values():
            for operation in path.values():
                # What is not valid is answered as every other fault is, with 400.
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        bearer = {"type": "http", "scheme": "bearer"}
        document["components"]["securitySchemes"] = {"token": bearer}
        document["security"] = [{"token": []}]
        app.openapi_schema = document
    return app.openapi_schema


def _document(request: Request) -> JSONResponse:
    return JSONResponse(document_of(request.app))


def _proof(request: Request, proof: str = "", nonce: str = "") -> JSONResponse:
    meet = request.scope.get("server") or ("", 0)
    return JSONResponse({"proof": inside_of(request).gate().prove(proof, nonce, meet, address_of(request))})


def document_text() -> str:
    """The document of this version as docs/openapi.json has it."""
    # No request is answered, so no process is asked.
    return json.dumps(document_of(make_site(cast("Inside", None))), indent=1, ensure_ascii=False) + "\n"


def error_json(error: RouterError) -> JSONResponse:
    """How every error is answered."""
    return JSONResponse(said_of(error), status_of(error))


async def _refused(request: Request, error: RouterError) -> Response:
    if _is_api(request):
        return error_json(error)
    if error.code == "unauthorized":
        return RedirectResponse("/login", 303)
    inside = inside_of(request)
    said = {"message": error.message, "remedy": error.remedy}
    person = None
    with contextlib.suppress(RouterError):
        person = inside.gate().person(headers_of(request), address_of(request))
    return draw(request, inside, person, "refused.html", status_of(error), **said)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    said = f"{where}: {first['msg']}" if where else str(first["msg"])
    return await _refused(request, RouterError("bad-request", said, _where_to_read(request)))


async def _no_route(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        return await _refused(request, RouterError("method-not-allowed", "nothing is done here in this way"))
    if error.status_code == 400:
        return await _refused(request, RouterError("bad-request", "the body cannot be read", "Send JSON"))
    said = "there is nothing here"
    return await _refused(request, RouterError("not-found", said, _where_to_read(request)))


def _where_to_read(request: Request) -> str:
    """Programs read the document; people have a link to the first page."""
    return "See /v1/openapi.json" if _is_api(request) else ""


def _is_api(request: Request) -> bool:
    return request.url.path.startswith(("/v1/", "/-/"))


async def _failed(request: Request, error: Exception) -> Response:
    # The listener hears of it too, and logs it.
    return await _refused(
        request, RouterError("internal", "the router failed on this request", "Its log says how")
    )
