"""What a path names: settings, rule files, or a folder of both."""

import os
from pathlib import Path
from typing import NamedTuple

from router.config.load import files_named, is_settings
from router.errors import ConfigError, Finding, Place

_ENDINGS = (".yaml", ".yml")


class Named(NamedTuple):
    """Files, each kind in byte order.

    Args:
        settings: every ``router.yaml``, whatever it is called.
        rules: rule files that none of these settings name.
    """

    settings: list[Path]
    rules: list[Path]


def named(path: Path) -> Named:
    """Sorts out a file, or what stands in a folder; what is hidden there is left out.

    Raises:
        ConfigError: a folder has no such file.
    """
    if not path.is_dir():
        is_one = path.is_file() and is_settings(path)
        return Named([path], []) if is_one else Named([], [path])
    files = sorted((file for file in path.rglob("*") if _counts(file, path)), key=os.fsencode)
    if not files:
        fix = "name a router.yaml, a rule file, or a folder with files that end in .yaml or .yml"
        raise ConfigError(
            [Finding("Y014", "error", Place(str(path)), "no rule file stands in this folder", fix)]
        )
    settings = [file for file in files if is_settings(file)]
    taken = {one.resolve() for file in settings for one in (file, *files_named(file))}
    return Named(settings, [file for file in files if file.resolve() not in taken])


def rule_files(path: Path) -> list[Path]:
    """The rule files among them. Raises as :func:`named`."""
    return named(path).rules


def _counts(file: Path, folder: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.suffix in _ENDINGS and not is_hidden and not file.is_dir()
