"""router.yaml to settings: every fault of its form and of what its keys say together."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from router.config import later, names
from router.config.expressions import check_formats, read_filter
from router.config.faults import findings_of
from router.config.files import read_small
from router.config.secrets import expand
from router.config.settings import ALERTS_PATH, Http, MnsPush, Settings
from router.config.units import is_loopback
from router.config.yaml import Document, Way, mapping
from router.errors import Finding, RouterError

#: Bytes of a file of certificates.
_MOST_BYTES = 8 << 20
#: Paths that the listener answers itself.
OWN_PATHS = (
    *("/healthz", "/readyz", "/metrics", "/login", "/logout", "/-/reload", "/-/proof"),
    *("/", "/events", "/alerts", "/deliveries", "/silences", "/rules", "/try", "/health", "/job"),
    *("/live", "/live.js", "/alerts/acknowledge"),
    *(
        f"/v1/{name}"
        for name in ("alerts", "deeds", "deliveries", "drill", "events", "groups", "openapi.json")
    ),
    *(
        f"/v1/{name}"
        for name in ("books", "job", "rules", "silences", "status", "tail", "top", "try", "undecodable")
    ),
    *(f"/v1/{name}" for name in ("alerts/acknowledge", "alerts/resolve", "silences/preview")),
    *("/v1/ids", "/v1/deliveries/drop", "/v1/deliveries/retry", "/alerts/resolve", "/deliveries/change"),
)


def read_settings(
    document: Document, environ: Mapping[str, str], *, to_look: bool = False
) -> Settings | None:
    """The settings, or None where their form is wrong; faults are findings of the document.

    Args:
        to_look: see :func:`router.config.secrets.expand`.
    """
    if document.value is None and document.findings:
        return None
    whole = expand(document, environ, to_look=to_look)
    _refuse_later(document)
    for name, channel in mapping(mapping(whole).get("channels")).items():
        way: Way = ("channels", name)
        read_filter(document, (*way, "accept"), mapping(channel).get("accept"))
        check_formats(document, (*way, "formats"), mapping(channel).get("formats"))
    try:
        context = {"folder": Path(document.file).parent.resolve()}
        settings = Settings.model_validate({} if whole is None else whole, context=context)
    except ValidationError as error:
        findings_of(document, error, (), Settings)
        settings = None
    document.findings += names.fallbacks(document, whole)
    document.findings += names.drilled(document, whole)
    document.findings += _paths(document, mapping(whole))
    document.findings += _door(document, mapping(mapping(whole).get("http")))
    if settings is not None:
        document.findings += _files(document, settings)
        document.findings += _tokens(document, settings.http)
        document.findings += _unheard_delays(document, settings)
    return settings


def _refuse_later(document: Document) -> None:
    for pattern, works in later.SETTINGS.items():
        for way, value in _parts(document.value, pattern.split(".")):
            if value not in works:
                said = f"{way[-1]} is not yet supported" + (f", except {works[0]}" if works else "")
                place = document.key_place(way)
                document.findings.append(Finding("Y012", "error", place, said, "remove it"))


def _parts(value: Any, pattern: Iterable[str]) -> list[tuple[Way, Any]]:
    found: list[tuple[Way, Any]] = [((), value)]
    for step in pattern:
        found = [
            ((*way, key), inner)
            for way, part in found
            for key, inner in mapping(part).items()
            if step in ("*", key)
        ]
    return found


def _paths(document: Document, whole: dict[str, Any]) -> Iterator[Finding]:
    """Two sources at one address."""
    first: dict[str, str] = dict.fromkeys(OWN_PATHS, "the router itself")
    for name, source in mapping(whole.get("sources")).items():
        keys = mapping(source)
        if keys.get("kind") not in ("webhook", "alertmanager", "mns-push"):
            continue
        path = str(keys.get("path") or f"/v1/events/{name}")
        paths = [path, path + ALERTS_PATH] if keys["kind"] == "alertmanager" else [path]
        taken = next((one for one in paths if one in first), None)
        if taken is not None:
            place = document.place(("sources", name, "path"))
            said = f"sources.{name}.path: {first[taken]} answers at {taken} already"
            yield Finding("C401", "error", place, said)
        for one in paths:
            first.setdefault(one, f"the source {name}")


def _door(document: Document, http: dict[str, Any]) -> Iterator[Finding]:
    """Whoever can reach the listener can send events."""
    listen = http.get("listen")
    asks = http.get("token") is not None or bool(mapping(http.get("tokens")))
    if not isinstance(listen, str) or asks or is_loopback(listen):
        return
    said = "http.listen: other machines can reach it, and nobody is asked for a token"
    fix = "set http.token or http.tokens, or listen on 127.0.0.1"
    yield Finding("C401", "error", document.place(("http", "listen")), said, fix)


def _tokens(document: Document, http: Http) -> Iterator[Finding]:
    """Two tokens that nobody could tell apart."""
    first = {http.token.get_secret_value(): "http.token"} if http.token else {}
    for name, one in http.tokens.items():
        other = first.setdefault(one.token.get_secret_value(), f"http.tokens.{name}")
        if other != f"http.tokens.{name}":
            place = document.place(("http", "tokens", name, "token"))
            said = f"http.tokens.{name}.token: {other} has the same secret"
            yield Finding("C401", "error", place, said, "give each a secret of its own")


def _unheard_delays(document: Document, settings: Settings) -> Iterator[Finding]:
    """A time after which nobody is told."""
    for name, channel in settings.channels.items():
        if channel.fallback is None and "fallback_after" in channel.model_fields_set:
            place = document.place(("channels", name, "fallback_after"))
            said = f"channels.{name}.fallback_after: the channel has no fallback that could be told"
            yield Finding("C401", "warning", place, said, "name one with fallback, or remove it")


def _files(document: Document, settings: Settings) -> Iterator[Finding]:
    """Certificates that would fail at the first message."""
    ca_file = settings.http_client.ca_file
    if ca_file is not None:
        yield from _file(document, ("http_client", "ca_file"), ca_file, _check_certificates)
    for name, source in settings.sources.items():
        if isinstance(source, MnsPush) and source.certificate is not None:
            yield from _file(document, ("sources", name, "certificate"), source.certificate, _check_readable)


def _file(document: Document, way: Way, file: str, check: Callable[[str], None]) -> Iterator[Finding]:
    try:
        check(file)
    except RouterError as error:
        message = f"{'.'.join(map(str, way))}: {error.message}"
        yield Finding("Y000", "error", document.place(way), message, "its path is seen from router.yaml")


def _check_readable(file: str) -> None:
    read_small(Path(file), _MOST_BYTES)


def _check_certificates(file: str) -> None:
    import ssl

    _check_readable(file)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError as error:
        raise RouterError("unreadable", "it holds no certificates") from error
