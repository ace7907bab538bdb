"""The address at which people and tests see what the stand-in holds and switch its faults."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from router.errors import RouterError
from router.mns.faults import SWITCHES, Faults, Switch
from router.mns.queues import DeadLetters
from router.mns.refusal import RefusedError
from router.mns.state import State

_LOOPBACK = ("127.", "::1")


class Admin:
    """Routes under ``/admin``. They answer to this machine only.

    Args:
        clock: microseconds UTC.
        changed: is called after each change.
    """

    def __init__(
        self, state: State, faults: Faults, clock: Callable[[], int], changed: Callable[[], None]
    ) -> None:
        self._state = state
        self._faults = faults
        self._clock = clock
        self._changed = changed

    def routes(self) -> list[Route]:
        """What the server mounts."""
        return [
            Route("/admin", self.show, methods=["GET"]),
            Route("/admin/faults", self.clear_all, methods=["DELETE"]),
            Route("/admin/faults/{name}", self.switch, methods=["PUT", "DELETE"]),
            Route("/admin/queues/{name}/dead-letters", self.dead_letters, methods=["PUT"]),
            Route("/admin/pushes/retry", self.retry, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Queues with their counts, topics with their subscriptions, pushes, faults."""
        return self._answer(request, 200)

    async def switch(self, request: Request) -> Response:
        """Switches one fault on, as ``{"share": 0.1, "times": 3}`` says, or off."""
        if not _from_here(request):
            return _stranger()
        name = request.path_params["name"]
        try:
            if request.method == "PUT":
                self._faults.set(name, _switch(await request.body()))
            else:
                self._faults.clear(name)
        except RouterError as error:
            return JSONResponse({"error": str(error)}, 400)
        return self._answer(request, 200)

    async def clear_all(self, request: Request) -> Response:
        """Switches every fault off."""
        if not _from_here(request):
            return _stranger()
        self._faults.clear()
        return self._answer(request, 200)

    async def dead_letters(self, request: Request) -> Response:
        """``{"queue": "dead", "max_receive_count": 3}``: where messages go that come back too often."""
        if not _from_here(request):
            return _stranger()
        try:
            queue = self._state.queue(request.path_params["name"])
            queue.dead_letters = _dead_letters(await request.body(), queue.name)
        except (RouterError, RefusedError) as error:
            return JSONResponse({"error": str(error)}, 400)
        self._state.redefined = True
        return self._answer(request, 200)

    async def retry(self, request: Request) -> Response:
        """Tries every waiting push now."""
        if not _from_here(request):
            return _stranger()
        self._state.hurry_pushes(self._clock())
        return self._answer(request, 200)

    def _answer(self, request: Request, status: int) -> Response:
        if not _from_here(request):
            return _stranger()
        self._changed()
        return JSONResponse(self.description(), status)

    def description(self) -> dict[str, Any]:
        """What ``GET /admin`` answers."""
        now = self._clock()
        return {
            "queues": [
                {"name": queue.name}
                | _fields(queue.counts(now))
                | {"dead_letters": _fields(queue.dead_letters)}
                for queue in self._state.queues.values()
            ],
            "topics": [
                {"name": topic.name, "subscriptions": [_fields(one) for one in topic.subscriptions.values()]}
                for topic in self._state.topics.values()
            ],
            "pushes": [
                {"message": push.message.id, "subscription": push.subscription}
                | {"attempts": push.attempts, "last_answer": push.last_answer}
                | {"due_in_seconds": max(0, push.due_at - now) / 1_000_000}
                for push in self._state.pushes.values()
            ],
            "faults": {name: _fields(switch) for name, switch in self._faults.on.items()},
            "switches": SWITCHES,
        }


def _from_here(request: Request) -> bool:
    return request.client is not None and request.client.host.startswith(_LOOPBACK)


def _stranger() -> Response:
    return JSONResponse({"error": "the admin address answers to this machine only"}, 403)


def _fields(thing: Any) -> dict[str, Any]:
    return asdict(thing) if thing is not None else {}


def _object(body: bytes, allowed: dict[str, type | tuple[type, ...]]) -> dict[str, Any]:
    import orjson

    try:
        found: object = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise RouterError("bad-request", "the body is not JSON") from error
    if not isinstance(found, dict):
        raise RouterError("bad-request", "the body is not a JSON object")
    fields = cast("dict[str, Any]", found)
    for name, value in fields.items():
        if name not in allowed or not isinstance(value, allowed[name]):
            raise RouterError(
                "bad-request", f"{name!r} is not known or of the wrong type", f"Known: {', '.join(allowed)}"
            )
    return fields


def _switch(body: bytes) -> Switch:
    number = (int, float)
    return Switch(**_object(body, {"share": number, "times": int, "operation": str, "seconds": number}))


def _dead_letters(body: bytes, queue: str) -> DeadLetters:
    fields = _object(body, {"queue": str, "max_receive_count": int})
    if set(fields) != {"queue", "max_receive_count"} or fields["queue"] == queue:
        raise RouterError("bad-request", "give another queue and max_receive_count")
    return DeadLetters(**fields)
