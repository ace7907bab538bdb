"""The API as commands ask it: of the router that runs, else of the store, here; both say the same."""

import contextlib
import hmac
import http.client
import json
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import typer

from router.cli.output import harmless, warn
from router.errors import RouterError
from router.web.proof import PATH, proof_of
from router.web.shapes import sound

if TYPE_CHECKING:
    from router.config import Config
    from router.web.inside import Inside

SERVER = typer.Option(
    "", help="Ask the router that runs at this address; else the one of FILE if it answers, else its store.",
    metavar="URL",
)  # fmt: skip
TOKEN = typer.Option(
    "",
    help="What the router asks for; safer in the environment.",
    envvar="ALERT_ROUTER_TOKEN",
    metavar="TOKEN",
)

#: Seconds for an answer, and for a look at whether the configured listener answers at all.
WITHIN, LOOK_WITHIN = 60.0, 2.0
#: Bytes of the answer of who must prove something first.
_MOST_PROOF = 4096
#: The beginning of an id: four digits of it or more, and not all of them.
_BEGIN = re.compile("[a-z]-[0-9a-f]{4,23}")
#: Addresses that listen everywhere, and where that is here.
_HERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  nothing is bound
#: Records that are asked for at once; ids that are sent at once.
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the records that a person named.

    Args:
        asked: their ids.
        changed: the ids of those that were changed, in order; it may be more than were asked for.
        before: how each that was asked for stood before; what is not there is unknown.
        until: how long what was changed holds, where that ends by itself.
    """

    asked: list[str]
    changed: dict[str, None] = field(default_factory=dict[str, None])
    before: dict[str, str] = field(default_factory=dict[str, str])
    until: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, said: Any) -> None:
        """Puts an answer to what there is; how something stood at first counts."""
        self.changed.update(dict.fromkeys(said["ids"]))
        self.until.update(said.get("until", {}))
        for one, state in said["before"].items():
            self.before.setdefault(one, state)

    def untouched(self) -> str:
        """Those that were in no state for it, each with its state; nothing if there are none."""
        left = [f"{one} ({self.before[one]})" for one in self.before if one not in self.changed]
        return harmless(", ".join(left))

    def end(self, noun: str) -> None:
        """Ends the command with status 1 if something is unknown, and says what."""
        known = self.before.keys() | self.changed.keys()
        unknown = [one for one in dict.fromkeys(self.asked) if one not in known]
        if unknown:
            warn(harmless(f"Unknown: {', '.join(unknown)}. `{noun} list` shows ids."))
            raise typer.Exit(1)


class Api(ABC):
    """What docs/api.md has, asked by a command."""

    @abstractmethod
    def _sent(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """The status and the body that a request is answered with."""

    @abstractmethod
    def news(self, wait: Callable[[float], bool], **query: Any) -> Callable[[], Iterable[Any]]:
        """What has the news since it was asked last, as far as they are there; ``wait(seconds)`` ends it."""

    def get(self, path: str, **query: Any) -> Any:
        """What is there. Raises what the API answers, as :class:`RouterError`."""
        return self._answer("GET", _target(path, query), b"")

    def post(self, path: str, **fields: Any) -> Any:
        """What was done. Raises as :meth:`get` does."""
        return self._answer("POST", path, json.dumps(sound(fields)).encode())

    def ids(self, begin: str) -> list[str]:
        """The first ids that begin so; of an older router none."""
        try:
            return self.get("/v1/ids", begin=begin)["ids"]
        except RouterError as error:
            if error.code != "not-found":
                raise
            return []

    def listed(self, path: str, name: str, limit: int, **query: Any) -> list[Any]:
        """So many records of a list, page by page."""
        return list(islice(self._pages(path, name, min(limit, AT_ONCE), query), limit))

    def _pages(self, path: str, name: str, limit: int, query: dict[str, Any]) -> Iterator[Any]:
        before = ""
        while True:
            page = self.get(path, **query, limit=limit, before=before)
            yield from page[name]
            before = page["next"]
            if not before:
                return

    def changed(self, path: str, ids: list[str], **fields: Any) -> "Outcome":
        """What a request did to these, some at a time."""
        outcome = Outcome(ids)
        for start in range(0, len(ids), AT_ONCE):
            outcome.add(self.post(path, ids=ids[start : start + AT_ONCE], **fields))
        return outcome

    def _answer(self, method: str, target: str, body: bytes) -> Any:
        return answer_of(*self._sent(method, target, body))


def answer_of(status: int, body: bytes) -> Any:
    """What an answer says.

    Raises:
        RouterError: what went wrong, in the words of the API; ``server``: these are not its words.
    """
    try:
        said = json.loads(body)
        if status == 200:
            return said
        fault = said["error"]
        raise RouterError(fault["code"], fault["message"], fault["remedy"])
    except (ValueError, TypeError, KeyError):
        remedy = "Is this the address of a router, and of this version?"
        raise RouterError(
            "server", f"the server answers as no router does (status {status})", remedy
        ) from None


def whole_id(find: Callable[[str], list[str]], letter: str, typed: str) -> str:
    """The id that begins as somebody typed it, where only one does; else as typed: nothing has it.

    Args:
        find: the first ids that begin so.
        letter: the one with which such ids begin; it may be left out.

    Raises:
        RouterError: ``usage``: several begin so.
    """
    begin = typed if typed.startswith(f"{letter}-") else f"{letter}-{typed}"
    if not _BEGIN.fullmatch(begin):
        return typed
    found = find(begin)
    if len(found) > 1:
        several = f"{', '.join(found[:3])}{' …' if len(found) > 3 else ''}"
        raise RouterError("usage", f"several ids begin with {begin}: {several}", "Write more of it")
    return found[0] if found else typed


def id_of(text: str) -> str:
    """An id as a part of a path."""
    return quote(text.encode("utf-8", "replace"), safe="")


def _target(path: str, query: dict[str, Any]) -> str:
    given = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given, errors='replace')}" if given else path


class Served(Api):
    """The API of a router that runs.

    Args:
        server: its address; one with a path is where a proxy has it.
        prove: nobody has named this address: on each connection it must prove that it knows the token,
            before it is shown to it.
    """

    def __init__(self, server: str, token: str, within: float = WITHIN, *, prove: bool = False) -> None:
        self._server = urlsplit(server)
        self._token = token
        self._within = within
        self._prove = prove
        if self._server.scheme not in ("http", "https") or not self._server.hostname:
            raise RouterError("usage", "--server: expected an address such as http://127.0.0.1:8080")

    def _sent(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        with self._asked(method, target, body) as answer:
            return answer.status, answer.read()

    @contextlib.contextmanager
    def _asked(self, method: str, target: str, body: bytes = b"") -> Generator[http.client.HTTPResponse]:
        connection = self._connection()
        headers = {"content-type": "application/json"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        try:
            if self._prove:
                self._proved(connection)
            connection.request(method, self._server.path.rstrip("/") + target, body or None, headers)
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            said = f"the router at {self._server.scheme}://{self._server.netloc} does not answer: {error}"
            raise RouterError(
                "store-unavailable", said, "See whether it runs, and where it listens"
            ) from error
        finally:
            connection.close()

    def _proved(self, connection: http.client.HTTPConnection) -> None:
        connection.connect()
        meet = connection.sock.getpeername()
        # What follows goes over this connection or none.
        connection.auto_open = 0
        nonce = secrets.token_hex(16)
        query = {"nonce": nonce, "proof": proof_of(self._token, "asks", nonce, meet)}
        connection.request("GET", _target(PATH, query))
        answer = connection.getresponse()
        said = answer_of(answer.status, answer.read(_MOST_PROOF))
        expected = {"proof": proof_of(self._token, "answers", nonce, meet)}
        if not hmac.compare_digest(json.dumps(said).encode(), json.dumps(expected).encode()):
            raise RouterError("server", "what listens there does not know the token")

    def _connection(self) -> http.client.HTTPConnection:
        secure = self._server.scheme == "https"
        made = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return made(self._server.hostname or "", self._server.port, timeout=self._within)

    def news(self, wait: Callable[[float], bool], **query: Any) -> Callable[[], Iterable[Any]]:
        """See :meth:`Api.news`: the stream ends from time to time, and is gone on with."""
        last: list[Any] = []

        def new() -> Iterator[Any]:
            asked = {**query, "after": last[0]["at"], "lines": None} if last else query
            seen = [*last]
            for one in self._stream(asked, wait):
                if one not in seen:
                    last[:] = [one] if not last or one["at"] != last[0]["at"] else [*last, one]
                    yield one

        return new

    def _stream(self, query: dict[str, Any], wait: Callable[[float], bool]) -> Iterator[Any]:
        with self._asked("GET", _target("/v1/tail", query)) as answer:
            if answer.status != 200:
                answer_of(answer.status, answer.read())
            for line in answer:
                if line.strip():
                    yield json.loads(line)
                elif wait(0):
                    return


class Stored(Api):
    """The same API over a store, in this process."""

    def __init__(self, inside: "Inside") -> None:
        from router.web.site import make_site

        self._inside = inside
        self._site = make_site(inside)

    def _sent(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        import asyncio

        path, _, query = target.partition("?")
        return asyncio.run(_exchange(self._site, method, path, query, body))

    def news(self, wait: Callable[[float], bool], **query: Any) -> Callable[[], Iterable[Any]]:
        """See :meth:`Api.news`."""
        from router.web.api.tail import followed

        return followed(self._inside, **{name: it for name, it in query.items() if name != "follow"}).new


async def _exchange(site: Any, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
    from urllib.parse import unquote

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": None,
        "server": None,
    }
    status, chunks = 500, list[bytes]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        chunks.append(message.get("body", b""))

    await site(scope, receive, send)
    return status, b"".join(chunks)


@contextlib.contextmanager
def api_of(config_path: str, server: str, token: str, *, to_look: bool = False) -> Generator[Api]:
    """The API of this server; without one that of the router of this configuration, else its store's.

    Args:
        to_look: nothing is changed: see :func:`router.app.load_config`.
    """
    if server:
        yield Served(server, token)
        return
    from router.cli.files import config_of, config_to_ask, not_asked, opened

    # To find the router takes no channel's address; only its store is not changed without them.
    config, faults = config_to_ask(config_path)
    listen, running = config.settings.http.listen, _running(config, token)
    if running is not None:
        if faults:
            _warn_of_faults(
                config_path, f"the router that runs at {listen} is asked, with what it has loaded."
            )
        yield running
        return
    if faults and not to_look:
        raise not_asked(faults, f"No router of it answers at {listen}; --server URL asks one elsewhere.")
    if faults:
        _warn_of_faults(
            config_path, f"no router answers at {listen}: its store is read, with the rules that are well."
        )
    if not to_look:
        config = config_of(config_path)
    with opened(config) as store:
        from router.app import inside_of_store

        yield Stored(inside_of_store(config, store))


def _warn_of_faults(config_path: str, said: str) -> None:
    warn(harmless(f"{config_path} has faults, `alert-router check {config_path}` lists them; {said}"))


def _running(config: "Config", token: str) -> Served | None:
    """The router that listens where the configuration says, if it is the one with this configuration."""
    address = _address(config.settings.http.listen)
    if not address:
        return None
    tokens = (token, *_tokens(config))
    for known in dict.fromkeys(tokens if any(tokens) else ("",)):
        with contextlib.suppress(RouterError, OSError, IndexError):
            status = Served(address, known, LOOK_WITHIN, prove=bool(known)).get("/v1/status")
            if _same_file(status["files"][0], config.files[0]):
                return Served(address, known, prove=bool(known))
    return None


def _tokens(config: "Config") -> Iterable[str]:
    http_settings = config.settings.http
    if http_settings.token:
        yield http_settings.token.get_secret_value()
    for one in http_settings.tokens.values():
        if one.role == "admin":
            yield one.token.get_secret_value()


def _address(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    if port == "0":
        return ""
    return f"http://{_HERE.get(host, host)}:{port}"


def _same_file(one: str, other: Path) -> bool:
    return Path(one).resolve() == other.resolve()
