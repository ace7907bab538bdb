"""Apprise's plugins: found by a URL, imported one by one, and made to send through us.

No error from here holds a part of the URL: parts of it are secrets.
"""

import difflib
import importlib
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

from router.channels.services import MODULES, NATIVE, OWN
from router.errors import RouterError

_SCHEMA = re.compile(r"\s*([A-Za-z0-9]{1,32})://")

# A plugin of Apprise; its classes carry no types.
Plugin: TypeAlias = Any


def schema_of(url: str) -> str:
    """The Apprise schema of a URL, also of a provider's own ``https`` URL: ``slack``, ``json``.

    Raises:
        RouterError: ``bad-channel``: no service of Apprise has such URLs.
    """
    written = _written_schema(url)
    return written if written in MODULES else schema_of_plugin(_native(url, written))


def open_plugin(url: str) -> Plugin:
    """The plugin for a URL, ready to send through the transport; with all waiting taken out.

    Raises:
        RouterError: ``bad-channel``: no service has such URLs, or it lacks something.
    """
    schema = _written_schema(url)
    if schema not in MODULES:
        return _native(url, schema)
    plugin_class = _load(MODULES[schema])
    # As Apprise does: what follows a bare # would be lost.
    parsed = _parsed(plugin_class.parse_url, url.strip().replace("/#", "/%23"))
    if not parsed:
        raise _incomplete(plugin_class, schema)
    return _made(plugin_class, parsed, schema)


def _written_schema(url: str) -> str:
    found = _SCHEMA.match(url)
    if found is None:
        raise RouterError(
            "bad-channel", "this is not a URL", "an Apprise URL begins with its service: slack://…, json://…"
        )
    return found[1].lower()


def _native(url: str, schema: str) -> Plugin:
    """The plugin of a provider's own URL."""
    if schema not in ("http", "https"):
        raise _unknown(schema)
    for module, part in NATIVE:
        if part in url:
            plugin_class = _load(module)
            parsed = _parsed(plugin_class.parse_native_url, url.strip())
            if parsed:
                return _made(plugin_class, parsed, parsed["schema"])
    raise RouterError(
        "bad-channel",
        f"no service of Apprise knows this {schema} URL as its own",
        "write it as an Apprise URL; a plain webhook is jsons://host/path (json:// without TLS)",
    )


def _unknown(schema: str) -> RouterError:
    near = difflib.get_close_matches(schema, MODULES, n=1)
    # A word that is near no schema may be a secret: it is not shown.
    said = (
        f"no service of Apprise has the schema {schema}://"
        if near
        else "no service of Apprise has this schema"
    )
    return RouterError("bad-channel", said, f"did you mean {near[0]}://" if near else _ALL)


_APPRISE, _OWN = "apprise.plugins.", "router.channels.own."
_ALL = "all services and their URLs: https://appriseit.com/services/"


def _load(module: str) -> Plugin:
    """The plugin's class, with ``requests`` bound to the shim wherever it says so."""
    from router.channels import shim  # with it comes Apprise's core: only when there is a channel

    _silence()
    name = f"{_OWN if module in OWN else _APPRISE}{module}"
    with warnings.catch_warnings(action="ignore"):
        imported = importlib.import_module(name)
    plugin_class = next(
        found
        for found in vars(imported).values()
        if isinstance(found, type) and found.__module__ == name and getattr(found, "service_name", None)
    )
    for part in _modules(plugin_class):
        shim.bind(sys.modules[part])
    return plugin_class


def _modules(plugin_class: Plugin) -> list[str]:
    """The modules that its code is in: those of its bases, and the rest of its package."""
    own = [base.__module__ for base in plugin_class.__mro__ if base.__module__.startswith(_APPRISE)]
    packages = {".".join(module.split(".")[:3]) for module in own} - {"apprise.plugins.base"}
    return [name for name in sys.modules if any(name == p or name.startswith(f"{p}.") for p in packages)]


def module_of(plugin: Plugin) -> str:
    """The plugin's module below ``apprise.plugins`` or our own, as in router.channels.services."""
    return type(plugin).__module__.removeprefix(_APPRISE).removeprefix(_OWN)


def schema_of_plugin(plugin: Plugin) -> str:
    """The schema of its URL. Not ``plugin.schema``, which some plugins use for ``https``."""
    return plugin.__dict__["router_schema"]


def parameters(plugin: Plugin) -> dict[str, str]:
    """The parameters of its URL, also those that the plugin does not know."""
    return plugin.__dict__["router_parameters"]


def speaks_http(plugin: Plugin) -> bool:
    """Whether its requests are on record; a plugin for syslog, MQTT or IRC has none."""
    return any(hasattr(sys.modules[part], "requests") for part in _modules(type(plugin)))


class _Dropped(logging.Handler):
    """Notices when a plugin leaves out a target of its URL, which it only says in the log.

    Args:
        thread: whose records it looks at; others send meanwhile.
    """

    def __init__(self, thread: int) -> None:
        super().__init__()
        self.some = False
        self._thread = thread

    def emit(self, record: logging.LogRecord) -> None:
        said = str(record.msg)
        if record.thread == self._thread and said.startswith(("Dropped", "Dropping", "Ignoring invalid")):
            self.some = True


def _silence() -> None:
    # Apprise logs tokens, even at WARNING.
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


@contextmanager
def _watched() -> Generator[_Dropped]:
    """Within it, Apprise's warnings go to the handler, and to nobody else."""
    logger = logging.getLogger("apprise")
    handler = _Dropped(threading.get_ident())
    with _WATCHING:
        before = list(logger.handlers)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING)
        try:
            yield handler
        finally:
            logger.handlers[:] = before
            logger.setLevel(logging.CRITICAL + 1)


_WATCHING = threading.Lock()


def _parsed(parse: Callable[[str], dict[str, Any] | None], url: str) -> dict[str, Any] | None:
    try:
        return parse(url)
    except Exception:  # noqa: BLE001  its text holds the URL
        return None


def _made(plugin_class: Plugin, parsed: dict[str, Any], schema: str) -> Plugin:
    if not plugin_class.enabled:
        raise RouterError(
            "bad-channel", f"{schema}:// needs what is not installed here: {_needed(plugin_class)}"
        )
    try:
        with _watched() as dropped:
            plugin = plugin_class(**parsed | {"asset": _asset()})
    except Exception:  # noqa: BLE001  its text holds the URL
        raise _incomplete(plugin_class, schema) from None
    if dropped.some:
        raise RouterError(
            "bad-channel", f"a target of this {schema}:// URL is not valid", _forms(plugin_class, schema)
        )
    plugin.router_schema = schema
    plugin.router_parameters = parsed.get("qsd", {})
    plugin.retry = 0
    plugin.request_rate_per_sec = 0
    plugin.throttle = _never_wait
    if getattr(plugin, "batch", False):
        plugin.batch = False
    return plugin


def _needed(plugin_class: Plugin) -> str:
    packages = plugin_class.requirements.get("packages_required") or "another system"
    return packages if isinstance(packages, str) else ", ".join(packages)


def _never_wait(*_args: object, **_options: object) -> None:
    """Instead of Apprise's sleep: the pipeline paces channels."""


def _incomplete(plugin_class: Plugin, schema: str) -> RouterError:
    said = f"this {schema}:// URL is not complete, or a part has a wrong form"
    return RouterError("bad-channel", said, _forms(plugin_class, schema))


def _forms(plugin_class: Plugin, schema: str) -> str:
    return "it is " + " or ".join(form.replace("{schema}", schema) for form in plugin_class.templates)


def _asset() -> Any:
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="alert-router",
        app_desc="alert-router",
        async_mode=False,
        service_timeout=0,
        http_redirects=False,
        storage_mode="memory",
        allow_templates=False,
        secure_logging=True,
        # No pictures from Apprise's repository.
        image_url_mask="",
        image_url_logo="",
    )
