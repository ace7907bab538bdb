"""How much the provider of a URL takes."""

from router.channels.plugins import schema_of
from router.core.limits import Rate, rate_of


def rate_of_url(url: str) -> Rate | None:
    """The provider's own limit for the address of a URL: so many messages in so many microseconds, or None.

    Raises:
        RouterError: ``bad-channel``: no service of Apprise has such URLs.
    """
    return rate_of(schema_of(url))
