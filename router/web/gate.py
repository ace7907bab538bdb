"""Who may: tokens with roles, sessions of the page, and which addresses and sites requests may come from.

Without a token everybody who reaches the listener may do everything: it listens on loopback then.
"""

import hashlib
import hmac
import ipaddress
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from router.errors import RouterError
from router.ports import Clock
from router.web.guesses import Guesses
from router.web.proof import proof_of

SECOND = 1_000_000
#: How long a log-in lasts.
SESSION_LASTS = 12 * 3600 * SECOND
COOKIE = "alert-router-session"
#: Proves forms where nobody logs in; a page that is open outlives a reload.
_OWN_KEY = secrets.token_bytes(32)


class Role(StrEnum):
    """What a token allows."""

    SEND = "send"
    """Events, to every source."""
    READ = "read"
    """The page, the API and the metrics, changing nothing."""
    ADMIN = "admin"
    """Everything."""


@dataclass(frozen=True, slots=True)
class Token:
    """A secret, whose it is, and what it allows."""

    name: str
    role: Role
    secret: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever makes a request.

    Args:
        name: the token's; empty where no token is asked for.
        csrf: what a form of the page must bring back.
        session: whether a cookie says who it is, which a browser sends by itself.
    """

    name: str
    role: Role
    csrf: str
    session: bool = False

    def may(self, role: Role) -> bool:
        """Whether the token allows what the role stands for."""
        return self.role in (role, Role.ADMIN)


class Gate:
    """Asks who makes a request. Safe to call from any thread.

    Args:
        tokens: all that are known; with none nobody is asked.
        public_url: where people reach the router, if that is another address than the listener's.
        guesses: what was brought before; it outlives a reload.
    """

    def __init__(
        self,
        clock: Clock,
        tokens: Sequence[Token] = (),
        public_url: str = "",
        guesses: Guesses | None = None,
    ) -> None:
        self._clock = clock
        self._tokens = tuple(tokens)
        self._public = urlsplit(public_url)
        self._guesses = guesses or Guesses(clock)

    @property
    def asks(self) -> bool:
        """Whether a token is needed."""
        return bool(self._tokens)

    @property
    def path(self) -> str:
        """What stands before our paths where people reach us, such as ``/router``; often empty."""
        return self._public.path

    @property
    def secure(self) -> bool:
        """Whether people come over TLS, so that a browser may send the cookie over nothing else."""
        return self._public.scheme == "https"

    def admit(self, headers: Mapping[str, str], address: str, role: Role) -> Person:
        """Who makes a request that needs a role.

        Args:
            address: where it comes from.

        Raises:
            RouterError: ``unauthorized``: nobody that is known; ``forbidden``: the token's role is another,
                or the request comes from another site's page; ``too-many``: see :meth:`person`.
        """
        self.refuse_other_sites(headers)
        person = self.person(headers, address)
        if person is None:
            raise RouterError("unauthorized", "a token is needed", "Send it as Authorization: Bearer TOKEN")
        if not person.may(role):
            said = f"the token {person.name} has the role {person.role}, and this needs {role}"
            raise RouterError("forbidden", said, "Use another token of http.tokens")
        return person

    def refuse_other_sites(self, headers: Mapping[str, str]) -> None:
        """Refuses what a page of another site sends through somebody's browser.

        Raises:
            RouterError: ``forbidden``.
        """
        host = headers.get("host", "")
        origin = _site(headers["origin"]) if "origin" in headers else host
        if origin != host and (not origin or origin != self._public.netloc):
            raise RouterError("forbidden", "requests from another site's page are refused")
        # A name that somebody else resolves to this machine makes their page one of the same origin.
        if not self._tokens and not self._is_own(host):
            said = "without a token requests name this machine itself in Host"
            raise RouterError("forbidden", said, "Use 127.0.0.1 or localhost, or set http.public_url")

    def person(self, headers: Mapping[str, str], address: str) -> Person | None:
        """Whose token or session a request brings; None where it brings none that is known.

        Raises:
            RouterError: ``too-many``: wrong tokens came from this address.
        """
        if not self._tokens:
            return Person("", Role.ADMIN, _mac(_OWN_KEY, "form"), session=True)
        brought = headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = self._judged(brought, address) if brought else None
        if token is not None:
            return Person(token.name, token.role, "")
        return self._by_session(_cookie(headers.get("cookie", "")))

    def log_in(self, secret: str, address: str) -> str:
        """A session for who knows a token.

        Returns:
            the cookie's value.

        Raises:
            RouterError: ``unauthorized``: no token is so; ``too-many``: wrong ones came from this address.
        """
        token = self._judged(secret, address)
        if token is None:
            raise RouterError(
                "unauthorized", "no token is so", "It stands in router.yaml, or where that says"
            )
        return _session(token, self._clock.now() + SESSION_LASTS)

    def prove(self, proof: str, nonce: str, meet: tuple[Any, ...], address: str) -> str:
        """Our proof that we know the token that somebody has proved to know; see :mod:`router.web.proof`.

        Raises:
            RouterError: ``unauthorized``: no token proves so; ``too-many``: see :meth:`person`.
        """
        known = [one for one in self._tokens if _same(proof, proof_of(one.secret, "asks", nonce, meet))]
        self._guesses.judge(address, proof, known[0].name if known else None)
        if not known:
            raise RouterError("unauthorized", "no token proves so")
        return proof_of(known[0].secret, "answers", nonce, meet)

    def _judged(self, brought: str, address: str) -> Token | None:
        token = self._by_secret(brought)
        self._guesses.judge(address, brought, token.name if token else None)
        return token

    def _by_secret(self, brought: str) -> Token | None:
        # Each is compared, so that the time says nothing of which it was.
        found = [token for token in self._tokens if _same(brought, token.secret)]
        return found[0] if found else None

    def _by_session(self, cookie: str) -> Person | None:
        name, ends, _ = _parts(cookie)
        for token in self._tokens:
            if token.name == name and ends > self._clock.now() and _same(cookie, _session(token, ends)):
                key = hashlib.sha256(token.secret.encode()).digest()
                return Person(token.name, token.role, _mac(key, f"form\n{cookie}"), session=True)
        return None

    def _is_own(self, host: str) -> bool:
        if self._public.netloc and host == self._public.netloc:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name == "localhost" or ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def tokens_of(token: str | None, named: Mapping[str, tuple[str, str]]) -> tuple[Token, ...]:
    """The tokens of a configuration: ``http.token``, which may do everything, and (role, secret) by name."""
    one = [Token("http.token", Role.ADMIN, token)] if token else []
    return (*one, *(Token(name, Role(role), secret) for name, (role, secret) in named.items()))


def _site(origin: str) -> str:
    """Host and port of an ``Origin``; empty where it names none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _mac(key: bytes, text: str) -> str:
    return urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).decode().rstrip("=")


def _session(token: Token, ends: int) -> str:
    """A cookie that proves itself: no table of sessions, and a changed token ends those that it began."""
    key = hashlib.sha256(token.secret.encode()).digest()
    name = urlsafe_b64encode(token.name.encode()).decode().rstrip("=")
    proof = _mac(key, f"session\n{token.name}\n{ends}")
    return f"{name}.{ends}.{proof}"


def _parts(cookie: str) -> tuple[str, int, str]:
    """Name, end and proof of a session; what is none has an end of 0."""
    parts = cookie.split(".")
    if len(parts) != 3 or not parts[1].isdecimal() or len(parts[1]) > 20:
        return "", 0, ""
    try:
        name = urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)).decode()
    except ValueError:
        return "", 0, ""
    return name, int(parts[1]), parts[2]


def _cookie(header: str) -> str:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
