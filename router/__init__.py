"""alert-router: who must hear of this event, once, in time, with what they need.

The public face for programs that embed it: ``Filter``, ``RuleSet``, ``decode``, ``Event``,
``Match`` and ``RouterError``.
They are loaded when they are first used, so that ``import router`` costs nothing.
"""

from typing import TYPE_CHECKING, Any

from router.version import __version__

if TYPE_CHECKING:
    from router.face import Event, Filter, Match, RouterError, RuleSet, decode


__all__ = ["Event", "Filter", "Match", "RouterError", "RuleSet", "__version__", "decode"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'router' has no attribute {name!r}")
    from router import face

    return getattr(face, name)
