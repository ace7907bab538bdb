"""What systemd is told over its socket, see sd_notify(3): that the sidecar is ready, lives, stops."""

import os
import socket
from collections.abc import Mapping

from router import telemetry

#: Pings within the time after which systemd takes a process for hung: one may be late, or lost.
_PINGS = 3


class Systemd:
    """The socket of a unit with ``Type=notify``; without systemd nothing is said, and nobody is asked.

    Args:
        environ: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``, as systemd sets them.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._watches = _watched(environ) and bool(self._address)
        self._patience = int(environ["WATCHDOG_USEC"]) / 1_000_000 if self._watches else 0.0

    @property
    def ping_every(self) -> float | None:
        """Seconds between two pings; None where systemd waits for none."""
        return self._patience / _PINGS if self._watches else None

    def ready(self) -> None:
        """Everything is up."""
        self._say("READY=1")

    def lives(self) -> None:
        """Every loop makes progress."""
        self._say("WATCHDOG=1")

    def stops(self) -> None:
        """The end has begun."""
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        # An address that begins with @ has no file: its first byte is zero.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
                speaker.setblocking(False)
                speaker.sendto(words.encode(), address)
        except OSError as error:
            telemetry.log("systemd.unreachable", "warning", said=words, error=str(error))


def _watched(environ: Mapping[str, str]) -> bool:
    """Whether systemd watches this process, and not another that handed its environment on."""
    pid = environ.get("WATCHDOG_PID", str(os.getpid()))
    return environ.get("WATCHDOG_USEC", "").isdigit() and pid == str(os.getpid())
