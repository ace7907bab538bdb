"""What the API asks where no router runs."""

from pathlib import Path

from router.app.clock import SystemClock
from router.config import Config
from router.decoders import decode
from router.errors import RouterError
from router.pipeline.drill import Begun
from router.ports import Store
from router.web.gate import Gate
from router.web.inside import Inside, Loaded, StorePlace


def store_place(url: str) -> StorePlace:
    """Where a store is, without the secrets of its URL."""
    from router.storage.opening import address_of

    address = address_of(url)
    if address.get_backend_name() != "sqlite":
        return StorePlace("postgresql", f"{address.database or ''} at {address.host or 'this machine'}", None)
    file = Path(address.database or "").absolute()
    return StorePlace("sqlite", str(file), file.stat().st_size if file.exists() else None)


def _no_drill() -> Begun:
    said = "no router runs here: a drill goes the way of one that does"
    raise RouterError("usage", said, "Start it: alert-router run")


def inside_of_store(config: Config, store: Store) -> Inside:
    """What the API asks where no router runs: it has the store, and nobody but us asks."""
    clock = SystemClock()
    gate = Gate(clock)
    return Inside(
        store=store,
        clock=clock,
        config=lambda: config,
        gate=lambda: gate,
        problems=lambda: ["no router runs here"],
        sources=list,
        targets=list,
        drill=str,
        begin_drill=_no_drill,
        loaded=lambda: Loaded(clock.now()),
        place=lambda: store_place(config.settings.store),
        reload=lambda by: False,
        stopping=lambda: False,
        decode=decode,
    )
