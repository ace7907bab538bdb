"""What all sources that are posted to ask of a request."""

from collections.abc import Collection

from router.errors import RouterError
from router.ports import Request


def refuse_encoding(request: Request) -> None:
    """Refuses a compressed body: how large it is could only be known by unpacking it.

    Raises:
        RouterError: ``unsupported-encoding``.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise RouterError(
            "unsupported-encoding", "the body is compressed", "Send it without Content-Encoding"
        )


def kept_headers(request: Request, names: Collection[str], prefix: str = "") -> dict[str, str]:
    """The headers of these names, and of this prefix; all others (tokens, cookies) stay out of the store."""
    return {
        name: value
        for name, value in request.headers.items()
        if name in names or (prefix and name.startswith(prefix))
    }
