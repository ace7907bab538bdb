"""One filter against ``jmespath``: how much faster, and whether it ever finds anything else."""

import statistics
from random import Random
from typing import Any

import jmespath
from jmespath.visitor import Options

from bench.table import Row
from bench.timing import in_turn, ratio, repeated
from router.core.catalogue import EVENTS
from router.core.filter import Filter
from router.core.filter.functions import FUNCTIONS
from tests.core.filter.outcomes import outcome, reference
from tests.core.filter.strategies import document, event, expression

TITLE = "one filter against jmespath.compile(e).search, each compiled once"
SEED = 20261123
PAIRS = 100_000

EVENT: dict[str, Any] = EVENTS["OnInstanceFailed"].sample() | {
    "JobName": "prod-train-7",
    "ExitCode": 137,
    "RetryCount": 2,
    "Progress": 30,
    "Job": {"JobName": "prod-train-7", "State": "Running", "App": {"Name": "bert"}},
    "Tags": [{"Key": "team", "Value": "nlp"}, {"Key": "stage", "Value": "prod"}],
}

SHAPES = [
    "Event == 'OnInstanceFailed' && ExitCode != `0`",
    "contains(Task, 'ch')",
    "starts_with(JobName, 'prod-')",
    "Event == 'OnInstanceFailed' && JobName == 'prod-train-7' && ExitCode != `0`",
    "contains(['OnJobFailed', 'OnInstanceFailed'], Event) && RetryCount > `1`",
    "(Event == 'OnJobFailed' || Event == 'OnInstanceFailed') && !(to_number(ExitCode) == `0`)",
    "Job.App.Name == 'bert' && Job.State == 'Running'",
    "Tags[?Key == 'team'].Value | [0] == 'nlp'",
    "{job: JobId, task: Task, ended: EndTime}",
    "length(ErrorMessage) > `0` || ExitCode >= `128`",
    "sort_by(Tags, &Key)[0].Value == 'prod'",
    "matches(JobName, '^prod-(train|eval)-')",
]


def run(quick: bool) -> list[Row]:
    """Twelve shapes, and random pairs of filter and document."""
    rounds = 7 if quick else 31
    ratios = [_shape(shape, rounds) for shape in SHAPES]
    rows = [
        Row(shape, f"{faster:.1f} times as fast", "never slower", faster >= 1)
        for shape, faster in zip(SHAPES, ratios, strict=True)
    ]
    middle = statistics.median(ratios)
    return [
        *rows,
        Row("median of the 12", f"{middle:.1f} times as fast", "20 times", middle >= 20),
        _differences(PAIRS // 50 if quick else PAIRS),
    ]


def _shape(shape: str, rounds: int) -> float:
    options = Options(custom_functions=FUNCTIONS)
    ours, theirs = Filter(shape), jmespath.compile(shape)
    assert ours.search(EVENT) == theirs.search(EVENT, options)
    slow, fast = in_turn(
        rounds,
        repeated(500, lambda: theirs.search(EVENT, options)),
        repeated(500, lambda: ours.search(EVENT)),
    )
    return ratio(slow, fast)


def _differences(pairs: int) -> Row:
    """Values, types, order, exceptions and their words."""
    random = Random(SEED)
    found = [pair for pair in (_pair(random) for _ in range(pairs)) if _differs(*pair)]
    for text, data in found[:3]:
        print(f"differs: {text}\n  on {data!r}")
    return Row(f"{pairs:,} random pairs (seed {SEED})", f"{len(found)} differences", "0", not found)


def _pair(random: Random) -> tuple[str, Any]:
    return expression(random), document(random) if random.randrange(4) else event(random)


def _differs(text: str, data: Any) -> bool:
    return outcome(lambda: Filter(text).search(data)) != outcome(lambda: reference(text, data))
