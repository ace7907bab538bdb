"""Runs the benches and prints their tables; exit status 1 when a goal is missed."""

import importlib
import platform
import sys
from pathlib import Path

from bench import soak
from bench.table import show

NAMES = sorted(file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py"))


def main(words: list[str]) -> int:
    """``[NAME …] [--quick]``, or ``soak`` with its own options."""
    if words[:1] == ["soak"]:
        return soak.main(words[1:])
    quick = "--quick" in words
    chosen = [word for word in words if not word.startswith("-")] or NAMES
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    missed = 0
    for name in chosen:
        module = importlib.import_module(f"bench.bench_{name}")
        rows = module.run(quick)
        show(module.TITLE, rows)
        missed += sum(row.met is False for row in rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
