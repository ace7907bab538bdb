"""An error as HTTP: its status, and the one shape in which it is answered."""

from router.errors import RouterError

#: Everything else is 500.
STATUS = {
    "bad-request": 400,
    "usage": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "too-large": 413,
    "unsupported-encoding": 415,
    "too-many": 429,
    "store-unavailable": 503,
    "overloaded": 503,
    "stopping": 503,
    "too-slow": 503,
    "certificate-unavailable": 503,
}


def said_of(error: RouterError) -> dict[str, dict[str, str]]:
    """How every error is answered as JSON."""
    return {"error": {"code": error.code, "message": error.message, "remedy": error.remedy}}


def status_of(error: RouterError) -> int:
    """The status that an error is answered with."""
    return STATUS.get(error.code, 500)
