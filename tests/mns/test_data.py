"""The stand-in's file: what was answered is there after a restart."""

from pathlib import Path

import pytest
from mns.account import Account
from mns.queue import Message, QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import TopicMessage, TopicMeta

from router.errors import RouterError
from router.mns.application import KEYS
from router.mns.data import Data
from router.mns.server import running


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    """Queues, messages in every state, subscriptions, waiting pushes and the push key are as they were."""
    file = tmp_path / "mns.db"
    with running(Data(file)) as first:
        account = Account(first.url, "stand-in", KEYS["stand-in"])
        queue = account.get_queue("jobs")
        queue.set_encoding(False)
        queue.create(QueueMeta(vis_timeout=77))
        queue.batch_send_message([Message("gone"), Message("hidden"), Message("ready")])
        queue.delete_message(queue.receive_message(0).receipt_handle)
        handle = queue.receive_message(0).receipt_handle
        topic = account.get_topic("events")
        topic.create(TopicMeta())
        topic.get_subscription("down").subscribe(SubscriptionMeta("http://127.0.0.1:1/"))
        topic.publish_message(TopicMessage("waits"))
        account.get_queue("deleted").create(QueueMeta())
        account.get_queue("deleted").send_message(Message("x"))
        account.get_queue("deleted").delete()
        account.get_client().close_connection()
        key = first.push_key().private_pem()
    with running(Data(file)) as second:
        account = Account(second.url, "stand-in", KEYS["stand-in"])
        queue = account.get_queue("jobs")
        queue.set_encoding(False)
        assert queue.get_attributes().visibility_timeout == 77
        queue.delete_message(handle)
        assert queue.receive_message(0).message_body == "ready"
        assert account.list_queue()[0] == [f"{second.url}/queues/jobs"]
        assert [push.message.body for push in second.state.pushes.values()] == ["waits"]
        assert second.push_key().private_pem() == key
        account.get_client().close_connection()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(RouterError, match=r"letter\.txt"):
        Data(file)
