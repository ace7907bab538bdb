"""The certificates of MNS, fetched from where MNS keeps them and nowhere else.

A push names the address of its certificate. Whoever can send a request can name any address, so
it is only fetched from hosts of MNS: over https, never through a redirect, 3 s and 64 KiB at
most, once for many pushes, and not again soon when it failed.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from urllib3.exceptions import HTTPError

from router.core.rate import Bucket
from router.errors import RouterError
from router.ports import Clock
from router.sources.mns_signature import public_key

#: Documentation page 27488, Chinese and English.
_HOST = re.compile(r"mnstest\.oss-cn-hangzhou\.aliyuncs\.com|mns-cert\.oss-cn-[a-z0-9-]{1,40}\.aliyuncs\.com")
_PATH = re.compile(r"/[A-Za-z0-9._/-]{1,200}")
_WITHIN = 3.0
_MOST_BYTES = 64 * 1024
_SECOND = 1_000_000
_FRESH = 86_400 * _SECOND
_AGAIN_AFTER_FAILURE = 60 * _SECOND
_MOST_KEPT = 16
#: Addresses that are MNS' but new: more than these in a minute are somebody's game.
_FETCHES = (18, 60 * _SECOND)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What came of a fetch; without a key it failed, for this reason."""

    until: int
    key: rsa.RSAPublicKey | None
    reason: str = ""


class Certificates:
    """Keys by the address of their certificate. Used by one event loop.

    Args:
        egress: requests for the first origin go to the second (``https://host`` without a path).
        proxy: through which to fetch; proxies of the environment are ignored.
        ca_file: who is trusted for https, or nothing for the usual authorities.
    """

    def __init__(
        self,
        clock: Clock,
        egress: Mapping[str, str] | None = None,
        proxy: str = "",
        ca_file: str = "",
    ) -> None:
        self._clock = clock
        self._egress = egress or {}
        self._proxy = proxy
        self._ca_file = ca_file
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[_Kept]] = {}
        self._bucket = Bucket.full(_FETCHES, clock.now())

    async def key_for(self, address: str) -> rsa.RSAPublicKey:
        """The key of the certificate at that address; see ``Keys`` in mns_signature.py."""
        if not is_of_mns(address):
            raise RouterError("forbidden", "the push names a certificate that is not at a host of MNS")
        kept = self._kept.get(address)
        if kept is None or kept.until <= self._clock.now():
            kept = await self._fetched(address)
        if kept.key is None:
            raise _unavailable(kept.reason)
        return kept.key

    async def _fetched(self, address: str) -> _Kept:
        """One fetch for everybody who waits; who goes away does not end it for the others."""
        task = self._fetching.get(address)
        if task is None:
            self._take_turn()
            task = asyncio.create_task(self._renew(address))
            self._fetching[address] = task
            task.add_done_callback(lambda _: self._fetching.pop(address, None))
        return await asyncio.shield(task)

    def _take_turn(self) -> None:
        bucket = self._bucket.at_time(self._clock.now())
        if not bucket.room(critical=True):
            raise _unavailable("too many certificates were asked for")
        self._bucket = bucket.take(1)

    async def _renew(self, address: str) -> _Kept:
        before = self._kept.get(address)
        try:
            async with asyncio.timeout(_WITHIN):
                pem = await asyncio.to_thread(self._fetch, address)
            renewed = _Kept(self._clock.now() + _FRESH, public_key(pem))
        except (OSError, ValueError, HTTPError) as error:  # requests' errors are OSErrors
            known = before.key if before else None
            until = self._clock.now() + _AGAIN_AFTER_FAILURE
            renewed = _Kept(until, known, f"{type(error).__name__} while fetching it")
        self._kept[address] = renewed
        self._kept.move_to_end(address)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return renewed

    def _fetch(self, address: str) -> bytes:
        """The bytes at the address.

        Raises:
            OSError, ValueError, HTTPError: not there, too slow, too large, or a redirect.
        """
        until = time.monotonic() + _WITHIN
        with requests.Session() as session:
            session.trust_env = False
            session.proxies = {"http": self._proxy, "https": self._proxy} if self._proxy else {}
            session.verify = self._ca_file or True
            session.headers["Accept-Encoding"] = "identity"
            answer = session.get(self._where(address), stream=True, timeout=_WITHIN, allow_redirects=False)
            with answer:
                if answer.status_code != 200:
                    raise ValueError(f"status {answer.status_code}")
                return _read(answer, until)

    def _where(self, address: str) -> str:
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        return self._egress.get(origin, origin).rstrip("/") + parts.path


def is_of_mns(address: str) -> bool:
    """Whether a certificate's address is one of those that MNS documents: scheme and host exactly."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return (
        address == f"https://{parts.netloc}{parts.path}"
        and _HOST.fullmatch(parts.netloc) is not None
        and _PATH.fullmatch(parts.path) is not None
    )


def _read(answer: requests.Response, until: float) -> bytes:
    body = b""
    while chunk := answer.raw.read1(8192):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise ValueError("larger than 64 KiB")
        if time.monotonic() > until:
            raise TimeoutError("slower than 3 s")
    return body


def _unavailable(reason: str) -> RouterError:
    return RouterError(
        "certificate-unavailable",
        f"the certificate of MNS cannot be had: {reason}",
        "Allow this machine to fetch it, or pin it with `certificate: file.pem`",
    )
