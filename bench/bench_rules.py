"""Many rules: an event against 10 to 100,000 of them, and what it costs to load them."""

import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import jmespath
import psutil
from jmespath.visitor import Options

from bench.table import Row
from bench.timing import in_turn, ratio
from router.config import load_rules
from router.core.catalogue import EVENTS
from router.core.event import Envelope, Event
from router.core.filter import Filter
from router.core.filter.functions import FUNCTIONS
from router.core.index import make_index
from router.core.policy import RuleIndex
from router.core.rule import Rule
from router.decoders import decode

TITLE = "many rules"
SEED = 20261123
MIB = 1 << 20

Mix = Callable[[int], str]


def equal(k: int) -> str:
    """Every rule has the same event, and a job of its own."""
    return f"Event == 'OnInstanceFailed' && JobName == 'job-{k}' && ExitCode != `0`"


def texts_and_order(k: int) -> str:
    """80 % on contains, starts_with, ends_with and <."""
    others = [
        f"contains(JobName, 'tag{k:06}x')",
        f"starts_with(JobName, 'team{k:06}-')",
        f"ends_with(JobName, '-run{k:06}')",
        f"Progress < `-{k}`",
    ]
    return equal(k) if k % 5 == 0 else others[k % 5 - 1]


def hard(k: int) -> str:
    """80 % that no table can narrow: lengths, negations, conversions, choices."""
    others = [
        f"length(JobName) > `{k + 100}`",
        f"!(Event != 'x-{k}' || ExitCode == `0`) && !(JobName == 'y-{k}')",
        f"to_number(RetryCount) == `{k + 5}`",
        f"not_null(ErrorCode, JobName) == 'code-{k}'",
    ]
    return equal(k) if k % 5 == 0 else others[k % 5 - 1]


def run(quick: bool) -> list[Row]:
    """Ratios are of works in turn in one process; the loop is compiled once, outside the loop."""
    rounds = 5 if quick else 11
    return [
        _against_loop("same event, own job", equal, 10_000, 20_000, rounds),
        _against_loop("80 % texts and order", texts_and_order, 10_000, 5_000, rounds),
        _against_loop("80 % that nothing narrows", hard, 10_000, 100, rounds),
        *_growth(rounds, 20_000 if quick else 100_000),
        _whole_path(rounds),
        *_loading(),
    ]


def rules_of(mix: Mix, count: int) -> list[Rule]:
    return [Rule(f"rule-{k}", Filter(mix(k)), ("oncall",)) for k in range(count)]


def body(random: Random, count: int) -> bytes:
    """A documented event about one of the jobs that rules ask for, as a producer sends it."""
    job = f"job-{random.randrange(0, count, 5)}"
    fields = {"JobName": job, "ExitCode": "137", "Progress": "30", "RetryCount": "0"}
    return json.dumps(EVENTS["OnInstanceFailed"].sample() | fields).encode()


def bodies(count: int, number: int) -> list[bytes]:
    random = Random(SEED)
    return [body(random, count) for _ in range(number)]


def events_for(count: int, number: int) -> list[Event]:
    return [_decoded(received) for received in bodies(count, number)]


def _decoded(received: bytes) -> Event:
    event = decode(Envelope("queue", received, 1))
    assert isinstance(event, Event)
    return event


def _judging(index: RuleIndex, events: list[Event]) -> Callable[[], object]:
    def work() -> None:
        for event in events:
            index.judge(event, None)

    return work


def _against_loop(name: str, mix: Mix, count: int, goal: int, rounds: int) -> Row:
    index, events = make_index(rules_of(mix, count)), events_for(count, 1000)
    compiled = [jmespath.compile(mix(k)) for k in range(count)]
    one = Random(SEED)

    def loop() -> None:
        _loop(compiled, one.choice(events))

    for event in events[:3]:
        assert _loop(compiled, event) == [match.rule.name for match in index.judge(event, None).matches]
    slow, fast = in_turn(rounds, loop, _judging(index, events))
    faster = ratio(slow, fast) * len(events)
    each = f"{statistics.median(fast) / len(events) * 1e6:.1f} µs an event"
    value = f"{faster:,.0f} times the loop ({each})"
    return Row(f"{count:,} rules, {name}", value, f"{goal:,} times", faster >= goal)


def _loop(compiled: list[Any], event: Event) -> list[str]:
    """What everybody writes first: each filter in turn, failures caught."""
    options = Options(custom_functions=FUNCTIONS)
    held: list[str] = []
    for at, expression in enumerate(compiled):
        try:
            if expression.search(event.data, options=options):
                held.append(f"rule-{at}")
        except Exception:  # noqa: BLE001, S112
            continue
    return held


def _growth(rounds: int, count: int) -> list[Row]:
    """From the bytes, and matching alone: there it shows what a rule costs that is in no cache."""
    few, many = make_index(rules_of(equal, 10)), make_index(rules_of(equal, count))
    name, goal = f"{count:,} rules against 10", "at most 1.5"
    fast, slow = in_turn(rounds, _receiving(few, bodies(10, 1000)), _receiving(many, bodies(count, 1000)))
    grown = ratio(slow, fast)
    works = [_judging(index, events_for(size, 1000)) for index, size in ((few, 10), (many, count))]
    fast, slow = in_turn(rounds, *works)
    return [
        Row(f"{name}, from the bytes", f"{grown:.2f} times the time", goal, grown <= 1.5),
        Row(f"{name}, matching alone", f"{ratio(slow, fast):.2f} times the time"),
    ]


def _whole_path(rounds: int) -> Row:
    index, received = make_index(rules_of(equal, 1000)), bodies(1000, 500)
    fast, slow = in_turn(rounds * 3, _decoding(received), _receiving(index, received))
    share = 1 / ratio(slow, fast)
    name = "1,000 rules: bytes to matches, against decoding and validating alone"
    return Row(name, f"{share:.0%} as fast", "at least 50 %", share >= 0.5)


def _decoding(received: list[bytes]) -> Callable[[], object]:
    def work() -> None:
        for one in received:
            _decoded(one)

    return work


def _receiving(index: RuleIndex, received: list[bytes]) -> Callable[[], object]:
    def work() -> None:
        for one in received:
            index.judge(_decoded(one), None)

    return work


def _loading() -> list[Row]:
    spawn = multiprocessing.get_context("spawn")
    rows: list[Row] = []
    for name, load in (("10,000 filters and their index", index_alone), ("10,000 rules from a file", whole)):
        with spawn.Pool(1, maxtasksperchild=1) as pool:
            runs = pool.map(load, range(5), chunksize=1)
        seconds = statistics.median(one for one, _ in runs)
        mebibytes = statistics.median(more for _, more in runs)
        met = seconds <= 3 and mebibytes <= 60
        rows.append(Row(name, f"{seconds:.2f} s, {mebibytes:.0f} MiB", "3 s, 60 MiB", met))
    return rows


def index_alone(_: int) -> tuple[float, float]:
    """Seconds and MiB for filters, rules and index, in a process of its own."""
    return _measured(lambda count: make_index(rules_of(texts_and_order, count)))


def whole(_: int) -> tuple[float, float]:
    """The same with the rule file read and checked."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(lambda count: make_index(load_rules([_file(Path(folder), count)])[0]))


def _measured(load: Callable[[int], object]) -> tuple[float, float]:
    load(10)
    process = psutil.Process()
    before, started = process.memory_info().rss, time.process_time()
    loaded = load(10_000)
    seconds, more = time.process_time() - started, process.memory_info().rss - before
    assert loaded
    return seconds, more / MIB


def _file(folder: Path, count: int) -> Path:
    path = folder / "rules.yaml"
    lines = [
        f"- {{name: rule-{k}, when: {json.dumps(texts_and_order(k))}, to: [oncall]}}" for k in range(count)
    ]
    path.write_text("rules:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path
