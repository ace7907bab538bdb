"""What a reload cannot change: where the process keeps things, and where it listens already."""

from router.config.load import Config
from router.config.yaml import Way, read
from router.errors import ConfigError, Finding

#: What to do about each of them.
_FIX = "start the router again, or write what was there before"


def refuse_moved(before: Config, after: Config) -> None:
    """Refuses a configuration that only a new process can have in force.

    Half of it in force would be worse than none: ``http.listen`` on loopback needs no token, and the open
    socket may be one that everybody reaches.

    Raises:
        ConfigError: with the place of each key that is another.
    """
    old, new = before.settings, after.settings
    moved: list[Way] = []
    if old.store != new.store:
        moved.append(("store",))
    if old.http.listen != new.http.listen:
        moved.append(("http", "listen"))
    if moved:
        raise ConfigError(_findings(after, moved))


def _findings(config: Config, moved: list[Way]) -> list[Finding]:
    document = read(config.files[0])
    return [
        Finding(
            "C401",
            "error",
            document.place(way),
            f"{'.'.join(map(str, way))}: a router that runs cannot change it",
            _FIX,
        )
        for way in moved
    ]
