"""YAML to a Config and a Policy, every fault with its place."""

from typing import Any

from router.config.load import Config, TargetSpec, is_settings, load, load_rules, rule_files
from router.config.units import duration

__all__ = ["Config", "TargetSpec", "duration", "is_settings", "load", "load_rules", "rule_files", "schemas"]


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas of both files, for editors: ``router`` and ``rules``."""
    from router.config.rules import RuleFile
    from router.config.settings import Settings

    named = {
        "router": ("router.yaml of alert-router", Settings),
        "rules": ("A rule file of alert-router", RuleFile),
    }
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        | model.model_json_schema(by_alias=True)
        | {"title": title}
        for name, (title, model) in named.items()
    }
