"""The one place that wires: configuration, store, pipeline, channels, sources, listener."""

from router.app.channels import channels_of, rehearsals
from router.app.clock import SystemClock
from router.app.loading import load_config
from router.app.looking import inside_of_store
from router.app.router import SENDS_END_WITHIN, Router
from router.app.sources import access_of, queue_settings, sources_of

__all__ = [
    "SENDS_END_WITHIN",
    "Router",
    "SystemClock",
    "access_of",
    "channels_of",
    "inside_of_store",
    "load_config",
    "queue_settings",
    "rehearsals",
    "sources_of",
]
