"""Serves a stand-in: for `alert-router mns serve`, and in a thread for tests and the demo."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from uvicorn import Config, Server

from router.errors import RouterError
from router.mns.application import KEYS, StandIn, now_by_clock
from router.mns.line import Protocol

if TYPE_CHECKING:
    from router.mns.data import Data


def serve(listen: tuple[str, int], data: Path | None, ready: Callable[[str], None]) -> None:
    """Serves until a signal ends the process.

    Args:
        listen: host and port; port 0 takes a free one.
        data: the file that the state is kept in, or None for memory.
        ready: is told the address once clients can connect.

    Raises:
        RouterError: ``unusable-address``, ``unusable-file``.
    """
    from router.mns.data import Data

    kept = Data(data) if data is not None else None
    with contextlib.closing(_listener(*listen)) as listener:
        stand_in = StandIn(_url(listener), kept)
        listener.listen(128)
        ready(stand_in.url)
        _server(stand_in).run([listener])


@contextlib.contextmanager
def running(
    data: "Data | None" = None,
    keys: Mapping[str, str] = KEYS,
    clock: Callable[[], int] = now_by_clock,
    seed: int | None = None,
) -> Generator[StandIn]:
    """A stand-in in a thread of this process, on a free port of loopback."""
    with contextlib.closing(_listener("127.0.0.1", 0)) as listener:
        stand_in = StandIn(_url(listener), data, keys, clock, seed)
        server = _server(stand_in)
        thread = threading.Thread(target=server.run, args=([listener],), name="mns-stand-in", daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        try:
            yield stand_in
        finally:
            server.should_exit = True
            thread.join(10)


def _server(stand_in: StandIn) -> Server:
    return Server(
        Config(
            stand_in.application(),
            http=Protocol,
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise RouterError(
            "unusable-address",
            f"cannot listen on {host}:{port}: {error.strerror}",
            "Name another with --listen",
        ) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
