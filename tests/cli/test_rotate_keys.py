"""``rotate-keys``: what a change of keys does to links that were sent."""

import json
import os
from pathlib import Path

import pytest

from router.cli.output import user
from router.core.event import digest_id
from router.core.link import LinkKeys, ack_token, group_of
from router.ports import Deed
from router.storage import open_store
from tests.cli.running import run, write_router

GROUP = digest_id("g", "a group")


def keys(folder: Path) -> LinkKeys:
    """The keys in the store of a router."""
    store = open_store(f"sqlite:///{folder / 'state.db'}")
    try:
        found = store.read(lambda unit: unit.link_keys())
    finally:
        store.close()
    assert found is not None
    return found


def deeds(folder: Path) -> list[Deed]:
    """What is on record, the newest first."""
    store = open_store(f"sqlite:///{folder / 'state.db'}")
    try:
        return list(store.read(lambda unit: unit.page_of_deeds(None, 100)).found)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("words", "lives", "said"), [((), True, "next change"), (("--revoke",), False, "now")]
)
def test_links_that_were_sent(tmp_path: Path, words: tuple[str, ...], lives: bool, said: str) -> None:
    """They live until the change after the next, or end with ``--revoke``; it is on record, without a key."""
    config = write_router(tmp_path, [], "oncall")
    assert run("rotate-keys", "-c", config).status == 0
    before = keys(tmp_path)
    token = ack_token(GROUP, before)
    done = run("rotate-keys", "-c", config, *words)
    assert (done.status, said in done.out) == (0, True)
    [line] = done.error.splitlines()
    logged = json.loads(line)
    assert (logged["event"], logged["revoked"]) == ("links.keys_rotated", not lives)
    deed, _ = deeds(tmp_path)
    assert (deed.what, "end" in deed.subject, deed.by) == ("rotate keys", not lives, user())
    after = keys(tmp_path)
    assert before.newest.hex() not in done.out + done.error
    assert after.newest.hex() not in done.out + done.error
    assert after.newest != before.newest
    assert (group_of(token, after) == GROUP) == lives
    run("rotate-keys", "-c", config)
    assert group_of(token, keys(tmp_path)) is None


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container nobody may have named the user that a command runs as."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert user() == f"user {os.getuid()}"
