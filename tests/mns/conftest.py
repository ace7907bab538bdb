"""A real stand-in on loopback and the real SDK in front of it."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from mns.account import Account
from mns.queue import Queue, QueueMeta
from mns.topic import Topic, TopicMeta

from router.mns.application import KEYS, StandIn
from router.mns.server import running

#: ``admin(method, path, body)``: the status and what was answered.
Admin = Callable[..., tuple[int, Any]]
Counts = Callable[[], dict[str, int]]


@pytest.fixture(scope="session")
def shared_stand_in() -> Iterator[StandIn]:
    with running(seed=7) as started:
        yield started


@pytest.fixture
def stand_in(shared_stand_in: StandIn) -> StandIn:
    """Empty, and without faults."""
    for things in (shared_stand_in.state.queues, shared_stand_in.state.topics, shared_stand_in.state.pushes):
        things.clear()
    shared_stand_in.faults.clear()
    return shared_stand_in


@pytest.fixture
def account(stand_in: StandIn) -> Iterator[Account]:
    opened = Account(stand_in.url, "stand-in", KEYS["stand-in"])
    opened.get_client().set_connection_timeout(10)
    yield opened
    opened.get_client().close_connection()


@pytest.fixture
def queue(account: Account) -> Queue:
    """An empty queue with the defaults, without base64."""
    made = account.get_queue("jobs")
    made.create(QueueMeta())
    made.set_encoding(False)
    return made


@pytest.fixture
def topic(account: Account) -> Topic:
    made = account.get_topic("events")
    made.create(TopicMeta())
    return made


@pytest.fixture
def admin(stand_in: StandIn) -> Admin:
    def call(method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(urlsplit(stand_in.url).netloc, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        return answer.status, said

    return call


@pytest.fixture
def counts(admin: Admin) -> Counts:
    """How many messages of the queue ``jobs`` are active, inactive and delayed."""

    def count() -> dict[str, int]:
        (told,) = (queue for queue in admin("GET", "/admin")[1]["queues"] if queue["name"] == "jobs")
        return {state: told[state] for state in ("active", "inactive", "delayed")}

    return count
