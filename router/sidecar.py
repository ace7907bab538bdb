"""The process: one router, its listener, and the signals that it answers."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from pathlib import Path

from router import telemetry
from router.app import Router, load_config
from router.config import Config
from router.config.watched import Watched
from router.ping import ping_while_well, send_ping
from router.systemd import Systemd
from router.web.server import Health, bind, make_server

#: Seconds between two looks at the loops where systemd does not ask for them more often.
LOOK_EVERY = 10.0
#: Seconds between two looks at the files of the configuration; the second that finds a change takes it.
FILES_EVERY = 5.0


def serve(path: str | Path, *, ready: Callable[[str], None]) -> int:
    """Runs the sidecar until a signal ends it; returns the exit status.

    Args:
        ready: called once with the address, when everything is up.
    """
    from router.storage import open_store

    watched = Watched(Path(path))
    config = load_config(path)
    listening = bind(config.settings.http.listen)
    store = open_store(config.settings.store, exclusive=True)
    router = Router(config, store, watched=watched)
    router.start()
    return asyncio.run(_serve(router, listening, lambda: ready(_address(listening))))


async def _serve(router: Router, listening: socket.socket, ready: Callable[[], None]) -> int:
    loop = asyncio.get_running_loop()
    server = make_server(router.listener)
    systemd = Systemd()

    def end() -> None:
        if server.should_exit:
            os._exit(1)  # asked twice: at once, as in a crash
        telemetry.log("router.stopping")
        systemd.stops()
        router.say_stopping()
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)

    loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, router.reload, "SIGHUP"))
    serving = loop.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    ready()
    systemd.ready()
    watching = loop.create_task(watch(router, systemd))
    following = loop.create_task(follow(router.watched, lambda: router.reload("changed files")))
    pinging = loop.create_task(ping_while_well(router, lambda: router.config.settings, send_ping))
    await serving
    pinging.cancel()
    watching.cancel()
    following.cancel()
    ended = await loop.run_in_executor(None, router.stop)
    telemetry.log("router.stopped", ended_in_time=ended)
    return 0


async def follow(watched: Watched, reload: Callable[[], bool]) -> None:
    """Reads the configuration again when its files have changed; refused or not, once for each change."""
    while True:
        await asyncio.sleep(FILES_EVERY)
        try:
            if await asyncio.to_thread(watched.changed):
                await asyncio.to_thread(reload)
        except Exception as error:  # noqa: BLE001  the next change is to be seen too
            telemetry.log("router.loop_failed", "error", loop="files", error=repr(error))


async def watch(health: Health, systemd: Systemd) -> None:
    """Tells systemd that we live, as long as every loop turns; what hangs is logged once."""
    known: list[str] = []
    while True:
        before, known = known, health.hung()
        if known and not before:
            telemetry.log("router.hung", "error", problems=known)
        if not known:
            systemd.lives()
        await asyncio.sleep(systemd.ping_every or LOOK_EVERY)


@contextlib.contextmanager
def running(config: Config) -> Generator[tuple[Router, str]]:
    """A router in threads of this process, for the demo and for tests: it and its address."""
    from router.storage import open_store

    listening = bind(config.settings.http.listen)
    router = Router(config, open_store(config.settings.store, exclusive=True))
    router.start()
    server = make_server(router.listener)
    serving = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
    serving.start()
    try:
        yield router, _address(listening)
    finally:
        server.should_exit = True
        serving.join(10)
        router.stop()


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
