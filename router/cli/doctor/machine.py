"""The machine and the process: proxies that are ignored, and whether a router runs and is well."""

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from router.cli.doctor.check import Check
from router.config import Config
from router.config.units import is_loopback

if TYPE_CHECKING:
    import urllib3

#: Seconds for the listener of this machine to answer.
_PATIENCE = 3.0
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def look(config: Config) -> Iterator[Check]:
    """The environment, then the router that runs on this configuration."""
    yield from _proxies(config)
    yield from _exposed(config)
    yield from running(config)


def _exposed(config: Config) -> Iterator[Check]:
    """Who beyond this machine reaches the listener, and whether their tokens can be overheard."""
    http = config.settings.http
    if is_loopback(http.listen):
        return
    if (http.public_url or "").startswith("https://"):
        said = f"others reach {http.listen} without TLS; people come by {http.public_url}"
        yield Check("listener", "info", said, "Let only what ends TLS there reach this address")
        return
    said = f"others reach {http.listen}, and their tokens go there in plain text"
    remedy = "Put something that ends TLS in front of it, and name its https address in http.public_url"
    yield Check("listener", "warning", said, remedy)


def _proxies(config: Config) -> Iterator[Check]:
    named = sorted(name for name in os.environ if name.upper() in _PROXIES and os.environ[name])
    if named and config.settings.http_client.proxy is None:
        said = f"{', '.join(named)} of the environment is ignored"
        yield Check("proxy", "warning", said, "Set http_client.proxy if messages must leave by a proxy")


def running(config: Config) -> Iterator[Check]:
    """The router that listens where the configuration says."""
    listen = config.settings.http.listen
    alive, said = _asked(listen, "/healthz")
    if alive is None:
        yield Check(
            "router", "info", f"none answers at {listen}: {said}", f"alert-router run -c {config.files[0]}"
        )
        return
    ready, why = _asked(listen, "/readyz")
    if not alive:
        yield Check("router", "error", f"a loop of it hangs: {said}", "Start it again; nothing is lost")
    elif not ready:
        yield Check("router", "error", f"it takes no events: {why}", "Mend that; it goes on by itself")
    else:
        yield Check("router", "ok", f"it runs at {listen}, takes events, and its loops turn")


def _asked(listen: str, path: str) -> tuple[bool | None, str]:
    """Whether the listener says 200, and its words otherwise; None where nobody answers."""
    import urllib3

    host, _, port = listen.rpartition(":")
    here = "127.0.0.1" if host in ("0.0.0.0", "") else "[::1]" if host == "[::]" else host  # noqa: S104
    try:
        answer = urllib3.request(
            "GET", f"http://{here}:{port}{path}", timeout=_PATIENCE, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        return None, _why(error)
    return answer.status == 200, _words(answer.data)


def _why(error: "urllib3.exceptions.HTTPError") -> str:
    from urllib3.exceptions import TimeoutError as TooLateError

    cause = error.__cause__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror[:1].lower() + cause.strerror[1:]
    if isinstance(error, TooLateError):
        return f"no answer within {_PATIENCE:g} s"
    return "what listens there does not speak HTTP"


def _words(body: bytes) -> str:
    try:
        said: dict[str, list[str]] = json.loads(body)
        return "; ".join(map(str, said["problems"]))
    except (ValueError, TypeError, KeyError):
        return "its answer is not alert-router's"
