"""YAML to a Config and a Policy, every fault with its place."""

from typing import Any

from router.config.folders import Named, named, rule_files
from router.config.load import Config, is_settings, load, load_rules, load_to_ask
from router.config.targets import InspectUrl, TargetSpec
from router.config.units import duration

__all__ = [
    "Config",
    "InspectUrl",
    "Named",
    "TargetSpec",
    "duration",
    "is_settings",
    "load",
    "load_rules",
    "load_to_ask",
    "named",
    "rule_files",
    "schemas",
]


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas of both files, for editors: ``router`` and ``rules``."""
    # Only one command needs them.
    from router.config.schema import schemas as made

    return made()
