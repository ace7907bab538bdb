"""``alert-router mns serve`` as a process."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mns.account import Account
from mns.queue import Message, QueueMeta

from router.cli.mns import app
from router.errors import RouterError


def test_serve_says_where_it_is_and_keeps_its_file(tmp_path: Path) -> None:
    """The first line has address and keys; after a signal and a new start the message is still there."""
    command = [sys.executable, "-c", "from router.cli.mns import app; app()"]
    command += ["serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "mns.db")]
    for start in (1, 2):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.endswith("; access key id stand-in, secret stand-in-secret\n")
            account = Account(line.split()[3].rstrip(";"), "stand-in", "stand-in-secret")
            queue = account.get_queue("jobs")
            queue.create(QueueMeta())
            queue.set_encoding(False)
            if start == 1:
                queue.send_message(Message("kept"))
            else:
                assert queue.receive_message(0).message_body == "kept"
            account.get_client().close_connection()
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("listen", ["9324", "localhost:", "localhost:http", "localhost:70000"])
def test_an_address_that_is_none(listen: str) -> None:
    """The error shows what was given and what to write."""
    with pytest.raises(RouterError, match=r"is not HOST:PORT. Write 127\.0\.0\.1:9324"):
        app(["serve", "--listen", listen], standalone_mode=False)
