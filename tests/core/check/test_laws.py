"""No event contradicts what is said of a filter."""

from random import Random
from typing import Any

import pytest
from hypothesis import assume, given

from router.core.catalogue import EVENTS
from router.core.check import Kind, catalogue_kinds, implies, judge, kind_of_schema, verdict, widened
from router.core.check.judging import found_verdict, judged
from router.core.check.likeness import likeness_of
from router.core.check.paths import Node, parts_of
from router.core.check.reading import is_understood, read
from router.core.check.spans import spans_of
from router.core.filter import Filter, FilterError
from router.core.filter.stepwise import Stepwise, is_true
from tests.core.check.claims import CODES, OnEvent
from tests.core.check.membership import Failed, is_in, traced
from tests.core.check.strategies import LAW, any_value, event_of, event_schema, filter_text, randoms, valid

pytestmark = pytest.mark.slow

KINDS = {kind.name: kind for kind in catalogue_kinds()}
#: Events that each example is tried on.
TRIES = 5


def grown(random: Random) -> Filter:
    try:
        return Filter(filter_text(random))
    except FilterError:
        assume(False)
        raise


def any_event(random: Random) -> tuple[Kind, dict[str, Any]]:
    name = random.choice(tuple(EVENTS))
    return KINDS[name], event_of(random, EVENTS[name])


def outcome(ast: Node, data: Any) -> Any:
    """What is found, by the interpreter: no code is made for filters that are tried a few times."""
    try:
        return Stepwise().visit(ast, data)
    except Exception:  # noqa: BLE001
        return Failed


def holds(ast: Node, data: Any) -> bool:
    found = outcome(ast, data)
    return found is not Failed and is_true(found)


def check_reading(expression: Filter, kind: Kind, data: Any) -> None:
    """No verdict is contradicted, what is found was foreseen, and the event is on the filter's right side."""
    assert is_in(kind.root, data)
    ast, said = expression.ast, verdict(expression, kind)
    foreseen, found = read(ast, kind.root), outcome(ast, data)
    assert said == "sometimes" or (found is not Failed and is_true(found)) == (said == "always")
    if found is Failed:
        assert foreseen.fails
        return
    if is_understood(ast):
        assert is_in(foreseen.values, found)
    assert is_in(foreseen.yes if is_true(found) else foreseen.no, data)


@LAW
@given(randoms)
def test_what_a_filter_finds_is_foreseen(random: Random) -> None:
    """Over the catalogue: verdicts, results, failures, and what is known of events on either side."""
    expression = grown(random)
    for _ in range(TRIES):
        check_reading(expression, *any_event(random))


@LAW
@given(randoms)
def test_what_a_filter_finds_by_a_schema_is_foreseen(random: Random) -> None:
    """The same for the events of a JSON Schema, alone and joined with the catalogue."""
    schema, expression = event_schema(random), grown(random)
    kind = kind_of_schema("hook", schema)
    for _ in range(TRIES):
        check_reading(expression, kind, valid(random, schema))
    own, data = any_event(random)
    check_reading(expression, widened(own, kind), data)
    check_reading(expression, widened(own, kind), data | valid(random, schema))


@LAW
@given(randoms)
def test_what_is_implied_holds(random: Random) -> None:
    """Where one filter is said to take all that another takes, it does."""
    narrow, wide = grown(random), grown(random)
    if random.randrange(2):
        wide = Filter(random.choice((narrow.text, f"({narrow.text}) || ({wide.text})")))
    elif random.randrange(2):
        narrow = Filter(f"({narrow.text}) && ({wide.text})")
    kind, _ = any_event(random)
    kinds = random.choice(([kind], list(KINDS.values())))
    if not implies(narrow, wide, kinds):
        return
    for _ in range(TRIES):
        kind, data = any_event(random)
        if kind in kinds and holds(narrow.ast, data):
            assert holds(wide.ast, data)


@LAW
@given(randoms)
def test_no_event_contradicts_a_remark(random: Random) -> None:
    """A part that is said never to hold, or always to, does so for every event that gets there."""
    expression = grown(random)
    remarks = [one for one in judge(expression, list(KINDS.values())) if one.code in CODES]
    if not remarks:
        return
    ast = expression.ast
    spans = spans_of(expression.text, ast)
    for _ in range(TRIES * 3):
        _, data = any_event(random)
        found = traced(ast, data)
        for remark in remarks:
            OnEvent(ast, spans, found).check(remark)


#: A number written as a text may be in order with another text.
_DOUBT = "F104", "warning"


@LAW
@given(randoms)
def test_no_event_of_anybody_contradicts_a_remark(random: Random) -> None:
    """The same where nobody knows what the events hold: what is said never to match never does."""
    expression = grown(random)
    ast = expression.ast
    remarks = [one for one in judge(expression, ()) if one.code in CODES and (one.code, one.level) != _DOUBT]
    if not remarks:
        return
    names = sorted({name for node in _nodes(ast) if node["type"] == "field" for name in [node["value"]]})
    spans = spans_of(expression.text, ast)
    for _ in range(TRIES * 3):
        data = {name: any_value(random) for name in names if random.randrange(5)}
        found = traced(ast, data)
        for remark in remarks:
            OnEvent(ast, spans, found).check(remark)


def _nodes(node: Node) -> list[Node]:
    return [node, *(inner for part in parts_of(node) for inner in _nodes(part))]


CLAUSES = (
    "JobName == '{}'",
    "JobName != '{}'",
    "contains(JobName, '{}')",
    "starts_with(JobName, '{}')",
    "!ends_with(JobName, '{}')",
    "contains(['{}', 'a'], JobName)",
    "Task == '{}'",
    "JobName",
    "length(JobName) > `1`",
)
TEXTS = ("a", "b", "ab", "ba", "aba", "bab", "z", "")


@LAW
@given(randoms)
def test_filters_that_are_alike_are_judged_alike(random: Random) -> None:
    """Where only texts that nobody knows are others, the same is found."""
    form = random.choice(("({}) && ({}) && ({})", "({}) && (({}) || ({}))", "({}) || !(({}) && ({}))"))
    form = "Event == 'OnJobFailed' && " + form.format(*random.choices(CLAUSES, k=3))
    texts = random.choices(TEXTS, k=3)
    others = [text.translate(str.maketrans("ab", random.choice(("ab", "cd", "ba", "ca")))) for text in texts]
    others = random.choice((others, random.choices(TEXTS, k=3)))
    one, other = Filter(form.format(*texts)), Filter(form.format(*others))
    if likeness_of(one, catalogue_kinds()) == likeness_of(other, catalogue_kinds()):
        found = [[remark.code for remark in judged(each, catalogue_kinds())] for each in (one, other)]
        assert found[0] == found[1]
    kind = KINDS["OnJobFailed"]
    if likeness_of(one, (kind,)) == likeness_of(other, (kind,)):
        assert found_verdict(one, kind) == found_verdict(other, kind)
