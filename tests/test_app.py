"""What the wiring decides by itself."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import psycopg
import pytest
from sqlalchemy import make_url

from router.app import Router, SystemClock, load_config
from router.app.clock import AgreedClock
from router.app.router import MAINTENANCE, PRUNE_EVERY, SHORTEST_WAIT, pause_until, prunes_every
from router.config import Config
from router.core.delivery import SECOND, State
from router.core.event import Envelope
from router.core.policy import make_policy
from router.errors import RouterError
from router.pipeline.deliver import LEASE
from router.pipeline.watermarks import LONGEST_HOLD
from router.ports import Clock
from router.storage import open_store
from tests.acceptance.harness import Sink
from tests.pipeline.conftest import HandClock, Pipeline, plan, rule, wait_until
from tests.torture.proxy import Proxy

CONFIG = """
http: {listen: 127.0.0.1:0}
sources:
  feed: {kind: file, path: FOLDER/feed.jsonl}
  hook: {kind: webhook, catch_up: 9h}
channels:
  oncall: {url: json://127.0.0.1:9/}
rules: [FOLDER/rules.yaml]
"""
RULES = """
rules:
  - {name: failed, when: "type == 'failed'", to: [oncall]}
"""


def config_in(folder: Path) -> Config:
    """The configuration of these tests, its files in a folder."""
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    path = folder / "router.yaml"
    path.write_text(CONFIG.replace("FOLDER", str(folder)), encoding="utf-8")
    return load_config(path)


def test_what_is_due_and_waits_for_its_source_keeps_nobody_busy() -> None:
    """Until the next moment, five seconds at most; and a moment where that has passed already."""
    assert pause_until(None, 0) == MAINTENANCE
    assert pause_until(2 * SECOND, 0) == 2
    assert pause_until(60 * SECOND, 0) == MAINTENANCE
    assert pause_until(0, 60 * SECOND) == SHORTEST_WAIT > 0


def test_a_source_that_cannot_be_reached_for_an_hour_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is not there: its alert names the remedy, and ends when the file is read.

    What is posted to is never out of reach.
    """
    monkeypatch.setattr("router.sources.file._LOOK_FOR_FILE", 0.05)
    store, clock = open_store(f"sqlite:///{tmp_path / 'state.db'}"), HandClock()
    router = Router(config_in(tmp_path), store, clock)

    def states() -> dict[str, str]:
        router.outages.step()
        return {one.rule: one.state.value for one in store.read(lambda unit: unit.list_alerts())}

    router.start()
    try:
        wait_until(router.problems)
        assert states() == {}
        clock.at += LONGEST_HOLD
        assert states() == {"source-unreachable.feed": "firing"}
        [record] = store.read(lambda unit: unit.events())
        assert "Check the source's path" in record.event.data["message"]
        (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
        wait_until(lambda: states() == {"source-unreachable.feed": "resolved"})
    finally:
        assert router.stop()


def test_a_router_that_starts_leaves_the_claims_of_others_alone(store_url: str, tmp_path: Path) -> None:
    """On PostgreSQL their owner may be sending them; on SQLite nobody else can be."""
    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    config, store = config_in(tmp_path), open_store(store_url)
    other = Pipeline(store, config.policy)
    other.take({"type": "failed"})
    other.dispatch.step()
    now = other.clock.now()
    claimed = store.write(lambda unit: unit.claim_deliveries(now, {"oncall/1": 1}, "other:1", now + LEASE))
    assert len(claimed) == 1
    router = Router(config, store, other.clock)
    router.start()
    try:
        [delivery] = store.read(lambda unit: unit.deliveries())
        assert (delivery.unknown, delivery.token == "other:1") == ((0, True) if store.shared else (1, False))
    finally:
        router.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_router_whose_loop_has_ended_is_not_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said from the loop's end on, and no more once the router itself is asked to end."""
    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    path = tmp_path / "router.yaml"
    path.write_text(CONFIG.replace("FOLDER", str(tmp_path)), encoding="utf-8")
    router = Router(load_config(path), open_store(f"sqlite:///{tmp_path / 'state.db'}"))

    def end() -> int:
        raise SystemExit

    router.start()
    try:
        assert router.hung() == []
        monkeypatch.setattr(router.maintain, "measure", end)
        monkeypatch.setattr("router.app.router.MAINTENANCE", 0.01)
        wait_until(lambda: router.hung() == ["the loop maintain has ended"], 10)
    finally:
        router.stop()
    assert router.hung() == []


def test_a_reload_that_fails_late_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files are well and a channel cannot be made: the rules stay as they were, too."""

    def cannot(_config: Config, _clock: Clock) -> Never:
        raise RouterError("bad-channel", "its file is gone by now")

    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    router = Router(config_in(tmp_path), open_store(f"sqlite:///{tmp_path / 'state.db'}"))
    router.start()
    try:
        before = router.config
        (tmp_path / "rules.yaml").write_text(RULES.replace("name: failed", "name: other"), encoding="utf-8")
        monkeypatch.setattr("router.app.router.channels_of", cannot)
        assert router.reload("anna") is False
        assert router.config is before
    finally:
        assert router.stop()


@contextmanager
def two_routers(
    tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch, urls: Sequence[str]
) -> Generator[list[Router]]:
    """Routers on one store that look by themselves every ten minutes only."""
    monkeypatch.setattr("router.app.router.MAINTENANCE", 600.0)
    monkeypatch.setattr("router.pipeline.deliver.LONGEST_WAIT", 600 * SECOND)
    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    config_in(tmp_path)
    path = tmp_path / "router.yaml"
    path.write_text(path.read_text().replace("json://127.0.0.1:9/", sink.url("oncall")), encoding="utf-8")
    routers = [Router(load_config(path), open_store(url)) for url in urls]
    for router in reversed(routers):
        router.start()
    try:
        yield routers
    finally:
        *_, ended = [router.stop() for router in routers]
    assert ended


def only_takes(router: Router, monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    """It takes events, and leaves the rest to the other one."""
    router.deliver.stop_claiming()
    if absent != "sends":
        monkeypatch.setattr(router.dispatch, "step", lambda: 0)


def tell(router: Router, number: int) -> None:
    """It takes an event in."""
    event = Envelope("hook", b'{"type": "failed", "JobId": "%d"}' % number, SystemClock().now())
    router.ingest.submit([event]).result(60)


@pytest.mark.parametrize("absent", ["dispatch and sends", "sends"])
def test_what_was_told_while_nobody_heard_is_looked_for_when_somebody_does_again(
    postgres_url: str, tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    """The NOTIFY comes while the other router is cut off; it would look by itself in ten minutes."""
    monkeypatch.setattr("router.storage.news.PAUSE", 0.1)
    address = make_url(postgres_url)
    proxy = Proxy(str(address.query["host"]))
    far = f"postgresql://postgres@127.0.0.1:{proxy.port}/{address.database}"
    with two_routers(tmp_path, sink, monkeypatch, (postgres_url, far)) as (one, _other):
        only_takes(one, monkeypatch, absent)
        tell(one, 1)
        assert len(sink.wait_for(1, 60)) == 1
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("LISTEN alert_router")
            proxy.cut()
            tell(one, 2)
            assert list(connection.notifies(timeout=60, stop_after=1))
        proxy.mend()
        assert len(sink.wait_for(2, 60)) == 2
    proxy.close()


@pytest.mark.parametrize("absent", ["dispatch and sends", "sends"])
def test_what_one_router_takes_another_on_the_same_store_tells_at_once(
    postgres_url: str, tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    """The one that takes the event does no more than that; the other would look by itself in ten minutes."""
    with two_routers(tmp_path, sink, monkeypatch, (postgres_url, postgres_url)) as (one, _other):
        only_takes(one, monkeypatch, absent)
        for number in range(1, 4):
            tell(one, number)
            assert len(sink.wait_for(number, 60)) == number


@dataclass
class WrongClock:
    """This machine's clock, so many seconds ahead."""

    ahead: int

    def now(self) -> int:
        return SystemClock().now() + self.ahead * SECOND


def test_where_a_store_is_shared_its_clock_counts(postgres_url: str) -> None:
    """A machine whose clock is minutes wrong has the others' time; once it is set right, its own again."""
    machine, store = WrongClock(180), open_store(postgres_url)
    clock = AgreedClock(machine)
    for machine.ahead in (180, -180, 0):
        clock.agree(store)
        assert abs(clock.now() - SystemClock().now()) < 5 * SECOND
    assert abs(clock.now() - machine.now()) < SECOND // 10
    store.close()


def test_a_store_that_is_not_shared_has_no_clock(tmp_path: Path) -> None:
    """The machine's clock is all there is."""
    store, clock = open_store(f"sqlite:///{tmp_path / 'state.db'}"), HandClock()
    agreed = AgreedClock(clock)
    agreed.agree(store)
    assert agreed.now() == clock.now()
    store.close()


def test_a_router_whose_clock_is_ahead_takes_no_send_of_another_for_given_up(postgres_url: str) -> None:
    """What the other has in hand is told once, though by this machine's clock its claim has run out."""
    store = open_store(postgres_url)
    clocks = [AgreedClock(WrongClock(ahead)) for ahead in (0, 180)]
    for clock in clocks:
        clock.agree(store)
    policy = make_policy((rule(),), {"oncall": plan("oncall")}, "")
    hands = [HandClock(clock.now()) for clock in clocks]
    one, other = [Pipeline(store, policy, hand, owner=f"r{n}") for n, hand in enumerate(hands)]
    one.channels["oncall/1"].hold = threading.Event()
    one.take({"JobId": "j"})
    one.dispatch.step()
    one.deliver.step()
    assert other.maintain.rescue() == 0
    one.channels["oncall/1"].hold.set()
    one.settle()
    assert [delivery.state for delivery in one.deliveries()] == [State.SENT]
    for each in (one, other):
        each.deliver.use({})
    store.close()


def test_labels_of_rules_are_metrics_to_join_to(tmp_path: Path) -> None:
    """Those of the rules in force: a reload takes away what is gone."""
    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    config, rules = config_in(tmp_path), tmp_path / "rules.yaml"
    router = Router(config, open_store(f"sqlite:///{tmp_path / 'state.db'}"))
    router.start()

    def shown() -> list[dict[str, str]]:
        found = [one for one in router.metrics.registry.collect() if one.name == "alert_router_rule_label"]
        return [sample.labels for sample in found[0].samples if sample.value == 1]

    try:
        assert shown() == []
        for team in ("nlp", "ops"):
            text = RULES.replace("to: [oncall]", f"to: [oncall], labels: {{team: {team}}}")
            rules.write_text(text, encoding="utf-8")
            assert router.reload("anna")
            assert shown() == [{"rule": "failed", "label": "team", "value": team}]
    finally:
        assert router.stop()


def test_targets_whose_answers_nobody_reads_are_marked(tmp_path: Path) -> None:
    """In the metrics, and where the page and the API look."""
    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    path = tmp_path / "router.yaml"
    more = "  phone: {url: bark://127.0.0.1:9/abcdefgh}\nrules:"
    path.write_text(CONFIG.replace("FOLDER", str(tmp_path)).replace("rules:", more), encoding="utf-8")
    router = Router(load_config(path), open_store(f"sqlite:///{tmp_path / 'state.db'}"))
    router.start()
    try:
        shown = {
            target: router.metrics.registry.get_sample_value(
                "alert_router_target_unverified", {"target": target}
            )
            for target in ("oncall/1", "phone/1")
        }
        assert shown == {"oncall/1": 0, "phone/1": 1}
        stand = {one.name: one.unverified for one in router._targets_stand()}  # pyright: ignore[reportPrivateUsage]
        assert stand == {"oncall/1": False, "phone/1": True}
    finally:
        router.stop()


def test_a_router_that_stops_takes_no_other_configuration(tmp_path: Path) -> None:
    """Its sources would begin to fetch what nobody commits any more, as late as the process lives."""
    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    config = config_in(tmp_path)
    router = Router(config, open_store(f"sqlite:///{tmp_path / 'state.db'}"))
    router.start()
    try:
        router.say_stopping()
        assert router.reload("SIGHUP") is False
        assert router.config is config
    finally:
        assert router.stop()


def test_a_reload_that_the_store_kept_back_comes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are well and read: nobody would change them again when the store is back."""

    def full(*_args: object) -> Never:
        raise RouterError("store-unavailable", "the disk is full")

    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    router = Router(config_in(tmp_path), open_store(f"sqlite:///{tmp_path / 'state.db'}"))
    router.start()
    try:
        (tmp_path / "rules.yaml").write_text(RULES.replace("name: failed", "name: other"), encoding="utf-8")
        with monkeypatch.context() as away:
            away.setattr("router.app.router.absences.install", full)
            assert router.reload("anna") is False
        assert router.watched.changed()
        assert router.reload("changed files")
        assert [router.watched.changed() for _ in range(3)] == [False] * 3
    finally:
        assert router.stop()


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("http: {listen: 127.0.0.1:0}", "http: {listen: localhost:0}", "http.listen"),
        ("sources:", "store: sqlite:///other.db\nsources:", "store"),
    ],
)
def test_a_reload_refuses_what_only_a_start_can_change(
    tmp_path: Path, before: str, after: str, key: str
) -> None:
    """The open socket and the store stay what they are: the rest does not come into force beside them."""
    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    config = config_in(tmp_path)
    router = Router(config, open_store(f"sqlite:///{tmp_path / 'state.db'}"))
    router.start()
    try:
        path = config.files[0]
        path.write_text(path.read_text().replace(before, after), encoding="utf-8")
        assert router.reload("anna") is False
        assert router.config is config
        [fault] = router._loaded.faults  # pyright: ignore[reportPrivateUsage]
        assert f": {key}: a router that runs cannot change it" in fault
    finally:
        assert router.stop()


def test_a_token_that_is_taken_away_leaves_no_open_door(tmp_path: Path) -> None:
    """On loopback none is needed, but a reload does not close the address that everybody reaches."""
    (tmp_path / "feed.jsonl").write_text("", encoding="utf-8")
    path = config_in(tmp_path).files[0]
    text = path.read_text()
    path.write_text(text.replace("127.0.0.1:0", '"0.0.0.0:0", token: secret'), encoding="utf-8")
    router = Router(load_config(path), open_store(f"sqlite:///{tmp_path / 'state.db'}"))
    router.start()
    try:
        path.write_text(text, encoding="utf-8")
        router.reload("anna")
        assert router.listener.gate.asks
    finally:
        assert router.stop()


def test_what_left_the_configuration_has_no_metrics(tmp_path: Path) -> None:
    """A target that was broken and a source that could not receive are told of no more once they are gone."""
    config = config_in(tmp_path)
    router = Router(config, open_store(f"sqlite:///{tmp_path / 'state.db'}"))
    router.start()

    def shown() -> list[float | None]:
        value = router.metrics.registry.get_sample_value
        targets = (f"alert_router_target_{name}" for name in ("broken", "open", "unverified"))
        sources = (f"alert_router_source_{name}" for name in ("problem", "catching_up"))
        return [value(name, {"target": "oncall/1"}) for name in targets] + [
            value(name, {"source": "feed"}) for name in sources
        ]

    try:
        wait_until(lambda: shown() == [0, 0, 0, 1, 1])
        path = config.files[0]
        kept = [line for line in path.read_text().splitlines() if "feed" not in line]
        path.write_text("\n".join(kept).replace("oncall:", "duty:"), encoding="utf-8")
        (tmp_path / "rules.yaml").write_text(RULES.replace("oncall", "duty"), encoding="utf-8")
        assert router.reload("anna")
        assert shown() == [None] * 5
    finally:
        assert router.stop()


@pytest.mark.parametrize(
    ("retention", "rounds"), [(30 * 86_400, PRUNE_EVERY), (3_600, PRUNE_EVERY), (60, 12), (1, 1)]
)
def test_what_is_kept_for_less_than_an_hour_goes_sooner(retention: int, rounds: int) -> None:
    """Once an hour, or as often as it is kept for, and never less than a round."""
    assert prunes_every(retention * SECOND) == rounds
