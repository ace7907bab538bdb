"""Keys whose meaning comes with a later version: checked for form, then refused, never ignored.

The one table; whoever gives a key its meaning takes it out here, and gives it a row in docs/configuration.md.
"""

from typing import Any

#: Ways in router.yaml, ``*`` for any name, with the only values that work already.
SETTINGS: dict[str, tuple[Any, ...]] = {
    "channels.*.formats": (),
    "channels.*.proxy": (),
}
