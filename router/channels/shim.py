"""What plugins use instead of the module ``requests``: the same calls, on record and bounded.

Only the name in the modules of the plugins that we load is bound to it; the package is untouched.
"""

import logging
from types import ModuleType
from typing import Any

import requests

from router.channels.recording import RECORDING, current
from router.channels.transport import TRANSPORT


class Shim:
    """Stands in for the module ``requests`` in a plugin; its errors and codes are the real ones."""

    def __getattr__(self, name: str) -> Any:
        if name in ("Session", "session", "head", "options"):
            raise AttributeError(f"requests.{name} would not be on record")
        return getattr(requests, name)

    def request(
        self,
        method: str,
        url: str,
        *,
        verify: bool = True,
        timeout: object = None,
        allow_redirects: object = None,
        stream: object = None,
        **parts: Any,
    ) -> requests.Response:
        """As ``requests.request``; timeouts and redirects are ours to say."""
        del timeout, allow_redirects, stream
        recording = current()
        headers: dict[str, str] = {"Accept": "*/*", "Accept-Encoding": "identity"}
        headers.update(parts.pop("headers", None) or {})
        prepared = requests.Request(method.upper(), url, headers=headers, **parts).prepare()
        return TRANSPORT.get().send(recording, prepared, verify is not False)

    def get(self, url: str, params: Any = None, **parts: Any) -> requests.Response:
        return self.request("GET", url, params=params, **parts)

    def post(self, url: str, data: Any = None, json: Any = None, **parts: Any) -> requests.Response:
        return self.request("POST", url, data=data, json=json, **parts)

    def put(self, url: str, data: Any = None, **parts: Any) -> requests.Response:
        return self.request("PUT", url, data=data, **parts)

    def patch(self, url: str, data: Any = None, **parts: Any) -> requests.Response:
        return self.request("PATCH", url, data=data, **parts)

    def delete(self, url: str, **parts: Any) -> requests.Response:
        return self.request("DELETE", url, **parts)


SHIM = Shim()


def _outside_a_send(_record: logging.LogRecord) -> bool:
    return RECORDING.get() is None


# urllib3 logs paths, and with them tokens. It may say what it likes of others' requests.
for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_outside_a_send)


def bind(module: ModuleType) -> bool:
    """Binds the name ``requests`` in a plugin's module to the shim; False when it has no such name."""
    if not hasattr(module, "requests"):
        return False
    module.requests = SHIM  # type: ignore[attr-defined]
    return True
