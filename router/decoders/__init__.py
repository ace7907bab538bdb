"""Bytes to events, one file a format; :func:`decode` is the one door, for every source."""

from router.decoders.decoder import decode

__all__ = ["decode"]
