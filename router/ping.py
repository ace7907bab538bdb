"""A ping to somebody else's address while all is well: they tell of it when it stops.

The address is often the secret itself, so neither it nor an error that quotes it goes into the log.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit

from router import telemetry
from router.config.settings import Settings
from router.core.delivery import SECOND

#: Seconds for the connection, and for each read of the answer's head; its body is not read.
WITHIN = 10.0


class Standing(Protocol):
    """What a ping says that it is well."""

    def problems(self) -> list[str]:
        """What keeps the process from taking events."""
        ...

    def hung(self) -> list[str]:
        """Loops that have ended or hang."""
        ...

    def failed_drill(self) -> str:
        """What became of the last drill, if it failed."""
        ...


async def ping_while_well(
    router: Standing,
    settings: Callable[[], Settings],
    send: Callable[[Settings], str],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Pings at the interval in force; a failure and the end of failing are logged once each.

    Args:
        send: sends one ping; what is wrong, or nothing.
    """
    problem = ""
    while True:
        current = settings()
        if current.ping and not (router.problems() or router.hung() or router.failed_drill()):
            before, problem = problem, await asyncio.to_thread(send, current)
            if problem and not before:
                telemetry.log("ping.failed", "warning", problem=problem)
            if before and not problem:
                telemetry.log("ping.recovered")
        await pause(current.ping.every / SECOND if current.ping else 10.0)


def send_ping(settings: Settings) -> str:
    """Sends one: a GET that is answered with 2xx. Returns what is wrong, without the address."""
    import requests

    if settings.ping is None:
        return ""
    session = requests.Session()
    session.trust_env = False
    if (proxy := settings.http_client.proxy) is not None:
        session.proxies = dict.fromkeys(("http", "https"), proxy.get_secret_value())
    try:
        answer = session.get(
            _through(settings.ping.url.get_secret_value(), settings.egress),
            timeout=WITHIN,
            allow_redirects=False,
            verify=settings.http_client.ca_file or True,
            stream=True,
        )
        return "" if answer.status_code // 100 == 2 else f"it is answered with {answer.status_code}"
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        return f"{type(error).__name__}: it cannot be sent"
    finally:
        session.close()


def _through(url: str, egress: dict[str, str]) -> str:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return url.replace(origin, egress[origin], 1) if origin in egress else url
