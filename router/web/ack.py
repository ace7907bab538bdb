"""Acknowledging by a link: looking changes nothing, only the button does.

GET  /a/TOKEN    what would be acknowledged, and a button
POST /a/TOKEN    acknowledges it; ``by=NAME`` in the form says who

Whoever has the link may: it is the key, so neither a token nor where a form comes from is asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from router import telemetry
from router.core.link import TOKEN_LENGTH, group_of
from router.core.policy import Policy
from router.core.text.clip import clip
from router.core.text.dialects import one_line
from router.errors import RouterError
from router.pipeline.links import ACK_PATH
from router.pipeline.people import acknowledge_group
from router.ports import Clock, Store, Unit
from router.web import ack_page
from router.web.ack_page import LONGEST_NAME, Found
from router.web.answer import Answer

#: Bytes of the form's body.
MOST_FORM_BYTES = 4 * 1024


class AckLinks:
    """What the listener asks about paths that are no source.

    Args:
        timezone: of the times that are shown.
    """

    def __init__(self, store: Store, policy: Callable[[], Policy], clock: Clock, timezone: str) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._timezone = timezone

    def token_of(self, path: str) -> str | None:
        """The token in a path; None where the path is none of ours."""
        return path.removeprefix(ACK_PATH) if path.startswith(ACK_PATH) else None

    async def answer(self, method: str, token: str, form: Callable[[], Awaitable[bytes]]) -> Answer:
        """The page; ``form`` reads the request's body."""
        if method not in ("GET", "HEAD", "POST"):
            return ack_page.wrong_method()
        try:
            group_id = await asyncio.to_thread(self._group, token)
            if group_id is None:
                return ack_page.unknown()
            if method != "POST":
                found = await asyncio.to_thread(self._found, group_id)
                return ack_page.question(found, self._timezone)
            by = name_in(await form())
            return await asyncio.to_thread(self._acknowledge, group_id, by)
        except RouterError as error:
            if error.code != "store-unavailable":
                raise
            return ack_page.failed(error.message)

    def _group(self, token: str) -> str | None:
        if len(token) != TOKEN_LENGTH:
            return None
        keys = self._store.read(lambda unit: unit.link_keys())
        return group_of(token, keys) if keys else None

    def _found(self, group_id: str) -> Found:
        def look(unit: Unit) -> Found:
            [group] = unit.groups([group_id]) or [None]
            return Found(group, tuple(unit.standings(group_id)))

        return self._store.read(look)

    def _acknowledge(self, group_id: str, by: str) -> Answer:
        policy, now = self._policy(), self._clock.now()
        taken = len(acknowledge_group(self._store, policy, group_id, now, by))
        found = self._found(group_id)
        if not taken:
            return ack_page.no_question(found, self._timezone)
        telemetry.log("alert.acknowledged", group=group_id, alerts=taken, by=by)
        return ack_page.done(found, taken, self._timezone)


def name_in(form: bytes) -> str:
    """Who pressed the button, as they say; nobody has proved it, so what is kept says how it came."""
    try:
        fields = parse_qs(form.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:
        fields = {}
    name = clip(one_line(fields.get("by", [""])[0]), LONGEST_NAME)
    return f"{name or 'somebody'} (by the link)"
