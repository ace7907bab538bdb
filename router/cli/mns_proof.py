"""Whether a test event comes through the way that ``mns setup`` has made."""

import http.client
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from router.cli.files import store_of
from router.errors import RouterError

if TYPE_CHECKING:
    from mns.account import Account

    from router.config import Config
    from router.mns.setup import Way

#: Seconds that a test event is given from the topic to the other end.
PROOF_SECONDS = 30.0
_PAGE = 10_000


def proved(
    config: "Config", account: "Account", way: "Way", config_path: str, tell: Callable[[str], None]
) -> bool:
    """Publishes a test event; whether it came to the running router, else to us at the queue.

    Args:
        tell: is given a line for people.
    """
    from router.mns.proof import publish_mark, take_mark, wait_for
    from router.mns.setup import failure

    test_id = f"test-{secrets.token_hex(8)}"
    running = _router_answers(config)
    if not running and not way.queue:
        tell("not proved: no router answers; start `alert-router run` and do this again")
        return False
    try:
        publish_mark(account, way.topic, test_id)
        if running:
            came = wait_for(_seen(config_path, test_id), PROOF_SECONDS)
        else:
            came = take_mark(account, way.queue, test_id, PROOF_SECONDS)
    except RouterError:
        raise
    except Exception as error:
        raise failure(error) from error
    who = "the running router" if running else "this command, as no router runs"
    if came:
        tell(f"proved: test event {test_id} was received and acknowledged by {who}")
    else:
        tell(f"not proved: test event {test_id} did not come within {PROOF_SECONDS:g} s to {who}")
    return came


def _router_answers(config: "Config") -> bool:
    host, _, port = config.settings.http.listen.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _seen(config_path: str, test_id: str) -> Callable[[], bool]:
    """Looks into the store for the test event: what is there was committed, thus acknowledged."""
    since = time.time_ns() // 1000 - 60_000_000

    def seen() -> bool:
        nonlocal since
        with store_of(config_path) as (_, store):
            records = store.read(lambda unit: unit.events(since=since, limit=_PAGE))
        since = records[-1].event.received_at if records else since
        return any(record.event.data.get("TestId") == test_id for record in records)

    return seen
