"""``drill``: one marked event goes the whole way of the router that runs, now."""

import time
from collections.abc import Callable, Sequence

import typer

from router.cli.api import SERVER, TOKEN, Api, api_of
from router.cli.output import CONFIG, FORM, Form, on_one_line, print_json, say, user
from router.core.delivery import State
from router.web.shapes import DeliveryJson

#: Seconds between two looks at what became of it.
_EVERY = 0.2
#: From these a message comes to no other by itself.
_OVER = frozenset({State.SENT, State.DEAD, State.DROPPED, State.REPLACED})


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(drill)


def drill(
    config: str = CONFIG,
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Send one marked event the whole way now, and wait until the provider has accepted it.

    It goes to the channel of `drill` in router.yaml, by the router that runs:
    taken in, judged, told, sent. Its text says that it is a drill and that
    nothing is wrong; no rule of yours sees it.

    Exit status 1 when it was not accepted within `drill.within`.
    """
    with api_of(config, server, token, to_look=True) as api:
        begun = api.post("/v1/drill", by=user())
        event, within = begun["event"], begun["within_seconds"]
        tell = say if output is Form.TEXT else _silent
        tell(f"  0.0 s  its event is stored: {event}")
        found, took = _followed(api, event, within, tell)
    accepted = bool(found) and all(one["state"] == State.SENT for one in found)
    if output is Form.JSON:
        print_json({"event": event, "accepted": accepted, "seconds": took, "deliveries": found})
    else:
        say(_end(begun["channel"], event, found, accepted, took))
    if not accepted:
        raise typer.Exit(1)


def _silent(text: str = "") -> None:
    """For programs."""


def _followed(
    api: Api, event: str, within: float, tell: Callable[[str], None]
) -> tuple[list[DeliveryJson], float]:
    """Its messages, when all are over or the time is; each step is told as it comes. And the seconds."""
    began, seen = time.monotonic(), dict[str, str]()
    while True:
        found: list[DeliveryJson] = api.get("/v1/deliveries", event=event)["deliveries"]
        took = time.monotonic() - began
        for one in found:
            said = _said(one)
            if seen.get(one["id"]) != said:
                seen[one["id"]] = said
                tell(f"{took:5.1f} s  {said}")
        if took >= within or (found and all(one["state"] in _OVER for one in found)):
            return found, took
        time.sleep(_EVERY)


def _said(one: DeliveryJson) -> str:
    """How a message stands, with the provider's words where there are some."""
    words = one["answer"] or one["reason"]
    status = f" ({one['status']})" if one["status"] else ""
    return on_one_line(f"{one['target']} is {one['state']}{status}" + (f": {words}" if words else ""))


def _end(channel: str, event: str, found: Sequence[DeliveryJson], accepted: bool, took: float) -> str:
    if accepted:
        return f"Accepted by {channel}, {took:.1f} s after its event."
    if not found:
        return f"Not accepted: no message was written. Why: alert-router explain --id {event}"
    wrong = next(one for one in found if one["state"] != State.SENT)
    return f"Not accepted by {channel}. What was tried: alert-router deliveries show {wrong['id']}"
