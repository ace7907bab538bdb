"""What an evaluation came to, as text that tells types, order and errors apart."""

import re
from collections.abc import Callable
from typing import Any

import jmespath
from jmespath.visitor import Options

from router.core.filter.functions import FUNCTIONS

_ADDRESS = re.compile(r"<[\w.]*_Expression object at 0x[0-9a-f]+>")


def outcome(evaluate: Callable[[], Any]) -> str:
    """The value as Python writes it (``1``, ``1.0`` and ``True`` differ), or the exception."""
    try:
        said = repr(evaluate())
    except Exception as error:  # noqa: BLE001
        said = f"{type(error).__name__}: {error}"
    return _ADDRESS.sub("<expression>", said)


def reference(expression: str, data: Any) -> Any:
    """What ``jmespath`` itself finds, with our functions."""
    return jmespath.search(expression, data, Options(custom_functions=FUNCTIONS))
