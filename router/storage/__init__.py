"""Where everything is kept: the Store over SQLAlchemy Core."""

from router.storage.opening import migrate, open_store

__all__ = ["migrate", "open_store"]
