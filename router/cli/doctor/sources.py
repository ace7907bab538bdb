"""The sources: whether a queue can be read, how it is set, and who may post."""

import contextlib
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from router.cli.doctor import topics
from router.cli.doctor.check import Check, clocks
from router.config import Config
from router.config.settings import File, MnsPush, MnsQueue

if TYPE_CHECKING:
    from mns.queue import QueueMeta

#: Seconds for MNS to answer.
_PATIENCE = 10.0
#: Seconds. A commit takes longer than a message is hidden: each would come twice.
_SHORTEST_VISIBILITY = 30
_DAY = 86_400


def look(config: Config) -> Iterator[Check]:
    """Each source of the configuration."""
    if not config.settings.sources:
        yield Check(
            "sources", "error", "there is none: no event can come", "Write sources: {hook: {kind: webhook}}"
        )
    for name, keys in config.settings.sources.items():
        if isinstance(keys, MnsQueue):
            yield from _queue(f"source {name}", keys)
        elif isinstance(keys, MnsPush):
            yield from _push(f"source {name}", keys)
        elif isinstance(keys, File):
            yield Check(f"source {name}", "ok", f"reads {keys.path}")
        else:
            path = keys.path or f"/v1/events/{name}"
            yield Check(f"source {name}", "ok", f"listens at {config.settings.http.listen}{path}")


def _push(name: str, keys: MnsPush) -> Iterator[Check]:
    if keys.verify == "off":
        said = "it takes pushes from whoever can reach it (verify: off)"
        yield Check(name, "warning", said, "Take verify: off away: MNS signs what it pushes")
    else:
        yield Check(name, "ok", "takes pushes that MNS signed")


def _queue(name: str, keys: MnsQueue) -> Iterator[Check]:
    from router.app import access_of
    from router.errors import RouterError
    from router.mns_sdk import open_account, trouble_of

    try:
        account = open_account(access_of(keys), _PATIENCE)
        with contextlib.ExitStack() as at_end:
            at_end.callback(account.get_client().close_connection)
            found = account.get_queue(keys.queue).get_attributes()
            subscribed = list(topics.look(name, keys.queue, account))
    except RouterError as error:
        yield Check(name, "error", error.message, error.remedy)
    except Exception as error:  # noqa: BLE001  whatever the SDK meets is what we are here to tell
        trouble = trouble_of(error)
        yield Check(name, "error", f"the queue {keys.queue} cannot be read: {trouble}", trouble.remedy)
    else:
        yield from _attributes(name, keys, found)
        yield from subscribed
        yield from clock_of(keys.endpoint)


def clock_of(endpoint: str) -> Iterator[Check]:
    """MNS refuses who is a quarter of an hour off; its clock stands in the head of each of its answers."""
    import urllib3

    try:
        answer = urllib3.request("HEAD", endpoint, timeout=_PATIENCE, retries=False, redirect=False)
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (urllib3.exceptions.HTTPError, ValueError, TypeError):
        return
    yield clocks("MNS's", theirs - time.time())


def _attributes(name: str, keys: MnsQueue, found: "QueueMeta") -> Iterator[Check]:
    yield Check(name, "ok", f"the queue {keys.queue} can be read")
    days = found.message_retention_period / _DAY
    if days < 7:
        said = f"it keeps messages for {days:g} days: a longer outage loses them"
        yield Check(name, "warning", said, f"Set MessageRetentionPeriod to {7 * _DAY} (7 days)")
    hidden = found.visibility_timeout
    if hidden < _SHORTEST_VISIBILITY and keys.visibility is None:
        said = f"it hides a message for {hidden} s: what takes longer comes again (and is taken as a double)"
        yield Check(name, "warning", said, f"Set VisibilityTimeout to {_SHORTEST_VISIBILITY} or more")
