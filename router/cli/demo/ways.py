"""How the story's events reach the router: posted to a webhook, or over MNS."""

import contextlib
import http.client
import json
import time
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mns.account import Account

    from router.mns.application import StandIn

_TOPIC, _QUEUE, _PUSH = "demo-events", "demo-queue", "demo-push"
_PUSHED_WITHIN = 10.0


class Way(Protocol):
    """From the story to the router."""

    def opened(self, folder: Path) -> AbstractContextManager[dict[str, Any]]:
        """Ready before the router is; gives the router's sources."""
        ...

    def connect(self, address: str) -> None:
        """The router listens at the address."""
        ...

    def send(self, event: Mapping[str, Any]) -> None:
        """Sends one event on its way."""
        ...

    def hint(self, address: str) -> str:
        """What a person can do while the router still runs."""
        ...


class ByWebhook:
    """Each event is posted."""

    def __init__(self) -> None:
        self._url = ""

    @contextlib.contextmanager
    def opened(self, folder: Path) -> Generator[dict[str, Any]]:
        yield {"batch": {"kind": "webhook"}}

    def connect(self, address: str) -> None:
        self._url = f"{address}/v1/events/batch"

    def send(self, event: Mapping[str, Any]) -> None:
        address = urlsplit(self._url)
        connection = http.client.HTTPConnection(address.netloc, timeout=10)
        connection.request("POST", address.path, json.dumps(event), {"content-type": "application/json"})
        connection.getresponse().read()
        connection.close()

    def hint(self, address: str) -> str:
        event = '{"Event": "OnJobFailed", "JobName": "my-job"}'
        return (
            f"The router runs on at {address}. Send it something, for example:\n"
            f"  curl -d '{event}' {address}/v1/events/batch"
        )


class OverMns:
    """A topic of the stand-in, and from it in turns a queue that is fetched from and a signed push."""

    _stand_in: "StandIn"
    _account: "Account"

    def __init__(self) -> None:
        self._count = 0

    @contextlib.contextmanager
    def opened(self, folder: Path) -> Generator[dict[str, Any]]:
        from router.mns.application import KEYS
        from router.mns.server import running
        from router.mns_sdk import Access, open_account

        ((key_id, secret),) = KEYS.items()
        with running() as stand_in:
            self._stand_in = stand_in
            self._account = open_account(Access(stand_in.url, key_id, secret), 10)
            self._make_queue()
            (folder / "mns.pem").write_bytes(stand_in.push_key().certificate_pem())
            keys = {"access_key_id": key_id, "access_key_secret": secret}
            queue = {"endpoint": stand_in.url, "queue": _QUEUE, "consumers": 1, "wait": "1s"}
            yield {
                _QUEUE: {"kind": "mns-queue"} | queue | keys,
                _PUSH: {"kind": "mns-push", "certificate": "mns.pem", "expect": {"topic": _TOPIC}},
            }
            self._account.get_client().close_connection()

    def connect(self, address: str) -> None:
        self._subscribe(_PUSH, f"{address}/v1/events/{_PUSH}")

    def send(self, event: Mapping[str, Any]) -> None:
        """Tags say which subscription is meant; a push ends before the next event."""
        from mns.topic import TopicMessage

        way = (_QUEUE, _PUSH)[self._count % 2]
        self._count += 1
        self._account.get_topic(_TOPIC).publish_message(TopicMessage(json.dumps(event), way))
        until = time.monotonic() + _PUSHED_WITHIN
        while self._on_its_way() and time.monotonic() < until:
            time.sleep(0.01)

    def hint(self, address: str) -> str:
        return (
            f"The router runs on at {address}, the stand-in of MNS at {self._stand_in.url}/admin.\n"
            "docs/mns.md says how to set up a topic of your own."
        )

    def _on_its_way(self) -> bool:
        """Whether a message is pushed, or waits in the queue: so that events come in their order."""
        state = self._stand_in.state
        return bool(state.pushes or state.queues[_QUEUE].messages)

    def _make_queue(self) -> None:
        from mns.queue import QueueMeta
        from mns.topic import TopicMeta

        self._account.get_topic(_TOPIC).create(TopicMeta())
        self._account.get_queue(_QUEUE).create(QueueMeta())
        self._subscribe(_QUEUE, f"acs:mns:stand-in:stand-in:queues/{_QUEUE}")

    def _subscribe(self, name: str, endpoint: str) -> None:
        from mns.subscription import SubscriptionMeta

        meta = SubscriptionMeta(endpoint, notify_content_format="JSON", filter_tag=name)
        self._account.get_subscription(_TOPIC, name).subscribe(meta)
