"""What commands open: the configuration, the store behind it, events in files."""

import contextlib
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from router.cli.output import harmless, warn
from router.core.event import MAX_BODY, Envelope, Event, Undecodable
from router.errors import ConfigError, RouterError
from router.ports import Store

if TYPE_CHECKING:
    from router.config import Config

T = TypeVar("T")


def config_of(config_path: str, *, to_look: bool = False) -> "Config":
    """The configuration; from now on only errors are logged.

    Args:
        to_look: see :func:`router.app.load_config`.
    """
    from router import telemetry
    from router.app import load_config

    telemetry.set_up_logs(level="error")
    return load_config(config_path, to_look=to_look)


def config_to_ask(config_path: str) -> "tuple[Config, ConfigError | None]":
    """The configuration, as far as one needs it to ask a router or to look into its store; and its faults.

    Raises:
        RouterError: ``config``: where to ask cannot be told from the file.
    """
    from router.config import load_to_ask

    try:
        return config_of(config_path, to_look=True), None
    except ConfigError as error:
        config = load_to_ask(Path(config_path))
        if config is None:
            raise not_asked(
                error, "A router that runs is asked without this file with --server URL."
            ) from None
        return config, error


def not_asked(faults: ConfigError, said: str) -> RouterError:
    """The faults of a configuration, and how to come by without it."""
    return RouterError(faults.code, f"{faults.message}\n  {said}")


@contextlib.contextmanager
def opened(config: "Config") -> Generator[Store]:
    """The store of a configuration, open beside a running router."""
    from router.storage import open_store

    store = open_store(config.settings.store)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def store_of(config_path: str, *, to_look: bool = False) -> "Generator[tuple[Config, Store]]":
    """The configuration, and its store open beside a running router."""
    config = config_of(config_path, to_look=to_look)
    with opened(config) as store:
        yield config, store


def posted_event(config_path: str, path: str, source: str) -> "tuple[Config, Event]":
    """The configuration, and the event in a file, or on standard input for ``-``, as if a source had sent it.

    Args:
        source: by its name; empty for the only one, or for none where there are several.

    Raises:
        RouterError: ``not-found``, ``unreadable``, ``undecodable``.
    """
    from router.app import load_config

    config = load_config(config_path, to_look=True)
    warn_of_missing(config)
    names = list(config.settings.sources)
    check_known("source", source, names)
    return config, _read_event(path, source or (names[0] if len(names) == 1 else ""))


def warn_of_missing(config: "Config") -> None:
    """Says which secrets are missing that only who sends needs."""
    for finding in config.findings:
        if finding.code == "Y013":
            warn(f"{finding}\n  Nothing is sent: it is not needed; texts are shown as for any service.")


def _read_event(path: str, source: str) -> Event:
    from router.app import SystemClock
    from router.decoders import decode

    envelope = Envelope(source, _bytes(path, MAX_BODY + 1), SystemClock().now(), position=path)
    event = decode(envelope)
    if isinstance(event, Undecodable):
        raise RouterError("undecodable", f"{path}: {event.reason}")
    return event


def with_job(config: "Config", event: Event) -> Event:
    """The event with what the store last heard of its job, as it would be judged if it came now.

    A store that is not there yet knows nothing; one that cannot be asked is said.
    """
    from router.pipeline.contexts import Contexts, as_if_it_came, is_of_part
    from router.storage.opening import is_there

    if not is_of_part(event):
        return event
    try:
        if is_there(config.settings.store):
            with opened(config) as store:
                return store.read(lambda unit: as_if_it_came(event, unit))
    except RouterError as error:
        warn(harmless(f"What was heard of the event's job is not known: {error}"))
    return Contexts({}).read(event)


def check_known(noun: str, name: str, names: Iterable[str]) -> None:
    """Refuses a name that is none of these, and says which was meant; an empty one is none at all.

    Raises:
        RouterError: ``not-found``.
    """
    from router.config.faults import near

    if name and name not in (known := frozenset(names)):
        said = near(name, known)
        raise RouterError("not-found", f"no {noun} is named {name}", said[:1].upper() + said[1:])


def refuse_both(one: str, given: str, other: str, also: str) -> None:
    """Refuses two options of which the second leaves the first without a meaning.

    Raises:
        RouterError: ``usage``.
    """
    if given and also:
        raise RouterError("usage", f"{one} and {other} exclude one another", f"{other} knows it already")


def _bytes(path: str, most: int = -1) -> bytes:
    try:
        if path == "-":
            if sys.stdin.isatty():
                sys.stderr.write("Reading from the terminal; Ctrl-D on a line of its own ends it.\n")
            return sys.stdin.buffer.read(most)
        with Path(path).open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise RouterError("unreadable", f"cannot read {path}: {error.strerror}") from error


def read_lines(path: str) -> list[tuple[int, bytes]]:
    """Numbered lines of a file, empty ones left out. Raises ``unreadable``."""
    return [(number, line) for number, line in enumerate(_bytes(path).splitlines(), 1) if line.strip()]
