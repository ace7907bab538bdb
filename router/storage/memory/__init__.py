"""A store in memory, for runs on a virtual clock: as fast as the engine itself, and gone with it."""

from router.storage.memory.store import MemoryStore, MemoryUnit

__all__ = ["MemoryStore", "MemoryUnit"]
