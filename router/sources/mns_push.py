"""The source ``mns-push``: what an MNS topic posts to an HTTP subscription, in any of its formats."""

from collections.abc import Awaitable, Callable

from router.core.event import MAX_BODY, Envelope
from router.ports import Request
from router.sources.requests import kept_headers, refuse_encoding

_KEPT = frozenset(
    {
        "content-type",
        "x-mns-message-id",
        "x-mns-message-tag",
        "x-mns-publish-time",
        "x-mns-subscription-name",
        "x-mns-topic-name",
        "x-mns-topic-owner",
    }
)


class MnsPushSource:
    """An ``HttpSource``: see router/ports/sources.py.

    Whatever the body is, it is taken: MNS would send what is refused up to 176 times more. What cannot
    be decoded is set aside.

    Args:
        name: as configured.
        path: where it listens.
        verify: raises ``forbidden`` unless MNS signed the request; None takes requests from anybody.
    """

    accepted_status = 204
    most_bytes = MAX_BODY

    def __init__(
        self, name: str, path: str, verify: Callable[[Request], Awaitable[None]] | None = None
    ) -> None:
        self.name = name
        self.path = path
        self.signed = verify is not None
        self._verify = verify

    async def receive(self, request: Request) -> list[Envelope]:
        """The one envelope in a push.

        Raises:
            RouterError: ``forbidden``, ``unsupported-encoding``.
        """
        refuse_encoding(request)
        if self._verify is not None:
            await self._verify(request)
        headers = kept_headers(request, _KEPT)
        position = headers.get("x-mns-message-id", "")
        return [Envelope(self.name, request.body, request.received_at, headers, position)]
