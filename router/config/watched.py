"""Whether the files of a configuration have changed: router.yaml, rule files, those behind ``${file:…}``."""

import contextlib
import hashlib
import re
from pathlib import Path

from router.config.files import read_small
from router.config.load import files_named
from router.errors import RouterError

#: Bytes of each that are looked at; a larger file is refused where it is read.
MOST_BYTES = 16 << 20

_FILE = re.compile(r"\$\{file:([^}]+)\}")

#: What each file holds, by its name.
Held = dict[str, str]


class Watched:
    """Says once that files have changed, when they stand still again: an editor may write them in parts.

    Args:
        path: a router.yaml.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.look()

    def look(self) -> None:
        """Takes the files as they are: what is read now is no change any more."""
        self._known = self._seen = held(self._path)

    def forget(self) -> None:
        """They could not be taken into force for now: the next look that finds them still says so again."""
        self._known = {}

    def changed(self) -> bool:
        """Whether they differ from those of the last time that this was so, and not from the last look."""
        found = held(self._path)
        still, self._seen = found == self._seen, found
        if not still or found == self._known:
            return False
        self._known = found
        return True


def held(path: Path) -> Held:
    """What the files of a configuration hold now; what cannot be read stands with the reason."""
    text = _content(path)
    names = [path.parent / name for name in _FILE.findall(text.decode("utf-8", "replace"))]
    with contextlib.suppress(RouterError):  # where it cannot be read, that stands for it
        names += files_named(path)
    return {str(name): hashlib.sha256(_content(name)).hexdigest() for name in [path, *names]}


def _content(path: Path) -> bytes:
    try:
        return read_small(path, MOST_BYTES)
    except RouterError as error:
        return f"unreadable: {error.message}".encode()
