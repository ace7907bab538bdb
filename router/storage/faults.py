"""Database faults in an operator's words."""

from router.errors import RouterError

_FULL = ("the disk is full", "Free space; nothing was lost, senders will come back")
_REFUSED = ("the database server refuses this user", "Check the user, the password and the rights it has")
_READ_ONLY = ("the store's file or folder is read-only", "Give this user the right to write it")

#: What SQLite or PostgreSQL say, what it means, what to do. The first that fits holds: a server's own
#: words about a user or a database come inside "connection failed: …".
_KNOWN = (
    ("database or disk is full", *_FULL),
    ("no space left", *_FULL),
    ("password", *_REFUSED),
    ("pg_hba.conf", *_REFUSED),
    ('fatal:  role "', *_REFUSED),
    ("permission denied for", *_REFUSED),
    (
        'fatal:  database "',
        "the server has no such database, or does not open it",
        "Create it, or check its name in `store`",
    ),
    (
        "read-only transaction",
        "the database server takes no writes: it is a standby, or set so",
        "Point `store` at the primary",
    ),
    (
        "resolve host",
        "nobody knows the database server's name",
        "Check the host in `store`, and the resolver",
    ),
    (
        "unsupported startup parameter",
        "the pooler before the database server refuses our time limits",
        "Set `ignore_startup_parameters = options` in pgbouncer, or go round it",
    ),
    (
        'prepared statement "',
        "the pooler before the database server mixes connections",
        "Set `pool_mode = session` in pgbouncer, or go round it",
    ),
    ("too many clients", "the database server has no connection left", "End others, or let it take more"),
    ("database is locked", "another process holds the store's lock", "See which process has the file open"),
    ("readonly database", *_READ_ONLY),
    ("read-only file system", *_READ_ONLY),
    ("disk i/o error", "the disk reported an error", "Check the disk before you trust it again"),
    ("permission denied", "this user may not open the store's file", "Give this user the right to write it"),
    ("is a directory", "a folder stands where the store's file should be", "Check the path in `store`"),
    (
        "malformed",
        "the store's file is damaged",
        "Stop the router, `alert-router store set-aside`, restore a backup",
    ),
    ("not a database", "the store's file is not a SQLite database", "Check the path in `store`"),
    (
        "too many open files",
        "the process has no file handle left",
        "Let it open more (LimitNOFILE=, ulimit -n)",
    ),
    (
        "can't start new thread",
        "the machine gives the process no more threads",
        "Let it have more (TasksMax=, pids.max)",
    ),
    (
        "unable to open",
        "the store's file cannot be opened",
        "Check that its folder exists and may be written (read-only file system?), and that the process may"
        " open more files",
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
