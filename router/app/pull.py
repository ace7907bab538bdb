"""A source that fetches, in a thread of its own."""

import threading

from router import telemetry
from router.pipeline.ingest import Ingest
from router.ports import PullSource

#: Seconds before a source that met a fault nobody expected is started again.
SOURCE_PAUSE = 5.0


class Pull:
    """A pull source in a thread of its own."""

    def __init__(self, source: PullSource, ingest: Ingest) -> None:
        self.source = source
        self._ingest = ingest
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source {source.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """It ends as soon as what it has received is answered."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Waits until what was received is committed and acknowledged, if the source can end in time."""
        self._thread.join(max(0.0, min(seconds, self.source.ends_within)))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.source.run(self._ingest, self._stopping.wait)
                return
            except Exception as error:  # noqa: BLE001  no fault ends a source
                telemetry.log("router.loop_failed", "error", loop=self.source.name, error=repr(error))
                self._stopping.wait(SOURCE_PAUSE)
