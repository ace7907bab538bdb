"""The source ``webhook``: JSON objects, arrays of them, and CloudEvents in any mode."""

import re
from collections.abc import Sequence
from typing import Any, cast

import orjson

from router.core.event import MAX_BODY, Envelope
from router.core.json_text import JsonError, is_json_type, kind_of, read_json
from router.errors import RouterError
from router.ports import Request
from router.sources.requests import kept_headers, refuse_encoding

#: Events in one request. A quarter of a megabyte could hold 100,000 of nothing.
MOST_EVENTS = 1000

_KEPT = frozenset({"content-type", "idempotency-key"})
#: A span of the sender's, as W3C's Trace Context writes it; any other is not kept.
_TRACEPARENT = re.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class WebhookSource:
    """An ``HttpSource``: see router/ports/sources.py.

    A request is one event, or an array of events that are committed together. An element that is no
    object is set aside; a body that is no JSON is refused, so that its sender hears of it.

    Args:
        name: as configured.
        path: where it listens.
    """

    accepted_status = 200
    signed = False
    most_bytes = MAX_BODY

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path

    async def receive(self, request: Request) -> list[Envelope]:
        """The envelopes in a request.

        Raises:
            RouterError: ``bad-request``, ``unsupported-encoding``.
        """
        refuse_encoding(request)
        headers = kept_headers(request, _KEPT, prefix="ce-") | _trace(request)
        whole = Envelope(self.name, request.body, request.received_at, headers)
        if "ce-specversion" in headers:
            _check_payload(request)
            return [whole]
        value = _json(request.body)
        if isinstance(value, dict):
            return [whole]
        if isinstance(value, list):
            return self._batch(cast("list[Any]", value), request)
        raise _bad_request(f"the body is a JSON {kind_of(value)}")

    def _batch(self, elements: Sequence[Any], request: Request) -> list[Envelope]:
        if len(elements) > MOST_EVENTS:
            raise RouterError(
                "bad-request", f"{len(elements)} events in one request", f"Send at most {MOST_EVENTS}"
            )
        key, trace = request.headers.get("idempotency-key"), _trace(request)
        return [
            Envelope(
                self.name,
                orjson.dumps(element),
                request.received_at,
                {"idempotency-key": f"{key}[{index}]"} | trace if key else trace,
            )
            for index, element in enumerate(elements)
        ]


def _trace(request: Request) -> dict[str, str]:
    given = request.headers.get("traceparent", "")
    return {"traceparent": given} if _TRACEPARENT.fullmatch(given) else {}


def _check_payload(request: Request) -> None:
    """A CloudEvent in binary mode may hold anything, but what it calls JSON must be JSON."""
    content_type = request.headers.get("content-type", "")
    if request.body and content_type and is_json_type(content_type):
        _json(request.body)


def _json(body: bytes) -> Any:
    if not body.strip():
        raise _bad_request("the body is empty")
    try:
        return read_json(body)
    except JsonError as fault:
        raise _bad_request(f"the body is not JSON: {fault}") from None


def _bad_request(message: str) -> RouterError:
    return RouterError("bad-request", message, "Send a JSON object, an array of objects, or a CloudEvent")
