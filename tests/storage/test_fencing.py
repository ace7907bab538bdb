"""Claims of two owners over one store, in any order of claim, send, settle and rescue."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router.core.delivery import SECOND, Delivery, Outcome, Patience, State, Verdict, rescued, settle
from router.storage import open_store
from tests.storage.making import START, delivery

OWNERS = st.sampled_from(["ann", "bob"])
OUTCOMES = st.sampled_from(list(Outcome))
LEASE = 60 * SECOND
TORTURE = os.environ.get("ALERT_ROUTER_TORTURE") == "1"


class TwoOwners(RuleBasedStateMachine):
    """What each owner holds is compared with what the store says."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "state.db"
        self.stores = {name: open_store(f"sqlite:///{path}") for name in ("ann", "bob")}
        self.now = START
        self.claims = 0
        self.held: dict[str, list[Delivery]] = {"ann": [], "bob": []}
        #: For each delivery, the token of the last claim and until when it holds.
        self.last: dict[str, tuple[str, int]] = {}
        self.ended: dict[str, Delivery] = {}

    @initialize()
    def fill(self) -> None:
        rows = [delivery(f"d{n}", group_id=f"g{n % 2}", at=START + n, due_at=START) for n in range(4)]
        self.stores["ann"].write(lambda unit: unit.add_deliveries(rows))

    @rule(seconds=st.sampled_from([0, 1, 30, 61, 600]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(owner=OWNERS, room=st.integers(1, 3))
    def claim(self, owner: str, room: int) -> None:
        self.claims += 1
        token, until = f"{owner}:{self.claims}", self.now + LEASE
        claimed = self.stores[owner].write(
            lambda unit: unit.claim_deliveries(self.now, {"oncall/1": room}, token, until)
        )
        groups = [one.group_id for one in claimed]
        assert len(groups) == len(set(groups)), "one overtakes another"
        for one in claimed:
            assert one.id not in self.last, "sent under two claims that hold"
            assert one.id not in self.ended, "sent after its end"
            self.last[one.id] = (token, until)
        self.held[owner] += claimed

    @rule(owner=OWNERS, outcome=OUTCOMES)
    def settle_one(self, owner: str, outcome: Outcome) -> None:
        """Early or late: an owner writes what came of what it believes to hold."""
        if not self.held[owner]:
            return
        mine = self.held[owner].pop(0)
        after = settle(mine, Verdict(outcome, "said"), self.now, Patience(), 0.5)
        self._write(owner, mine, after)

    @rule(owner=OWNERS, again=OUTCOMES)
    def settle_again(self, owner: str, again: Outcome) -> None:
        """The same outcome twice, as after an answer of the store that was lost."""
        if not self.held[owner]:
            return
        mine = self.held[owner][0]
        self.settle_one(owner, again)
        after = settle(mine, Verdict(again, "said"), self.now, Patience(), 0.5)
        token = mine.token or ""
        assert self.stores[owner].write(lambda unit: unit.settle_deliveries([after], [token])) == []

    @rule(owner=OWNERS)
    def rescue(self, owner: str) -> None:
        lost = self.stores[owner].write(lambda unit: unit.expired_claims(self.now, 9))
        assert {one.id for one in lost} == {
            name for name, (_, until) in self.last.items() if until <= self.now
        }
        for one in lost:
            self._write(owner, one, rescued(one, self.now, Patience()))

    @rule(owner=OWNERS)
    def retry(self, owner: str) -> None:
        dead = [name for name, one in self.ended.items() if one.state is State.DEAD]
        names = self.stores[owner].write(lambda unit: unit.retry_deliveries(dead, self.now, "ann"))
        assert set(names) == set(dead)
        for name in dead:
            del self.ended[name]

    def _write(self, owner: str, before: Delivery, after: Delivery) -> None:
        token = before.token or ""
        holds = self.last.get(before.id, ("", 0))[0] == token
        settled = self.stores[owner].write(lambda unit: unit.settle_deliveries([after], [token]))
        assert settled == ([before.id] if holds else [])
        if not holds:
            return
        del self.last[before.id]
        if after.ended_at is not None:
            self.ended[before.id] = after

    @invariant()
    def the_store_says_what_happened(self) -> None:
        """Only the holder of the last claim has changed anything; what has ended stays as it ended."""
        found = {one.id: one for one in self.stores["ann"].read(lambda unit: unit.deliveries())}
        sending = {name: one.token for name, one in found.items() if one.state is State.SENDING}
        assert sending == {name: token for name, (token, _) in self.last.items()}
        for name, one in self.ended.items():
            assert found[name] == replace(one, created_at=found[name].created_at)

    def teardown(self) -> None:
        for store in self.stores.values():
            store.close()
        with suppress(OSError):
            self.folder.cleanup()


TwoOwners.TestCase.settings = settings(
    max_examples=400 if TORTURE else 12, stateful_step_count=30, deadline=None
)
test_a_delivery_is_sent_under_one_claim_and_a_late_owner_changes_nothing = TwoOwners.TestCase
