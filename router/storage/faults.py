"""Database faults in an operator's words."""

from router.errors import RouterError

#: What SQLite or PostgreSQL say, what it means, what to do.
_KNOWN = (
    ("database or disk is full", "the disk is full", "Free space; nothing was lost, senders will come back"),
    ("database is locked", "another process holds the store's lock", "See which process has the file open"),
    ("readonly database", "the store's file or folder is read-only", "Give this user the right to write it"),
    ("disk i/o error", "the disk reported an error", "Check the disk before you trust it again"),
    ("permission denied", "this user may not open the store's file", "Give this user the right to write it"),
    ("is a directory", "a folder stands where the store's file should be", "Check the path in `store`"),
    ("malformed", "the store's file is damaged", "Stop the router, keep the file, restore a backup"),
    ("not a database", "the store's file is not a SQLite database", "Check the path in `store`"),
    (
        "unable to open",
        "the store's file cannot be opened",
        "Check that its folder exists and may be written",
    ),
    (
        "timeout",
        "the database server did not answer in time",
        "See what it is busy with, and who holds locks",
    ),
    ("connection", "the database server does not answer", "Check that it runs and can be reached"),
)


def explained(error: Exception) -> RouterError:
    """The fault as a ``store-unavailable`` with what to do."""
    said = str(getattr(error, "orig", None) or error)
    for mark, meaning, remedy in _KNOWN:
        if mark in said.lower():
            return RouterError("store-unavailable", meaning, remedy)
    first = said.strip().partition("\n")[0][:200] or type(error).__name__
    return RouterError("store-unavailable", f"the store failed: {first}")
