"""A configuration as everything is run with it."""

from pathlib import Path

from router.config import Config, load


def load_config(path: str | Path, *, to_look: bool = False) -> Config:
    """Reads and checks a configuration, with channels as they can be sent to.

    Args:
        to_look: nothing is received or sent: what only that needs may be missing, with a warning.

    Raises:
        ConfigError: with every fault and its place.
    """
    from router.channels import inspect_url

    return load(Path(path), inspect_url=inspect_url, to_look=to_look)
