"""What the catalogue's events, and those of a schema, can hold."""

from typing import Any

import pytest

from router.core.catalogue import EVENTS
from router.core.check import catalogue_kinds, judge, kind_of_schema, verdict, widened
from router.core.check.values import NULL
from router.core.filter import Filter
from router.decoders.batchcompute import read_values
from tests.core.check.membership import is_in

KINDS = {kind.name: kind for kind in catalogue_kinds()}

ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"enum": ["order.paid", "order.failed"]},
        "total": {"type": "number", "minimum": 0},
        "note": {"type": "string"},
        "customer": {"$ref": "#/$defs/customer"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "parent": {"$ref": "#"},
    },
    "required": ["type", "total", "customer"],
    "$defs": {
        "customer": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        "line": {"type": "object", "properties": {"count": {"type": "integer"}}},
    },
}
HOOK = kind_of_schema("hook", ORDER)


@pytest.mark.parametrize("name", EVENTS)
def test_the_documented_sample_is_one_of_its_kind(name: str) -> None:
    """Decoded; and what it has not is null."""
    data = EVENTS[name].sample()
    read_values(data)
    assert is_in(KINDS[name].root, data)
    assert not any(is_in(kind.root, data) for other, kind in KINDS.items() if other != name)


def test_only_tasks_and_instances_carry_their_job() -> None:
    """What the router last heard about the job is an object, or null; elsewhere there is none."""
    with_job = {name for name, kind in KINDS.items() if kind.values_at(("Job",)) != NULL}
    assert with_job == {name for name, event in EVENTS.items() if "Task" in event.fields}
    assert is_in(KINDS["OnTaskFailed"].root.get("Job"), {"JobName": "a", "State": "Running"})


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("F101", 'type == "order.failed"'),
        ("F102", "totl > `5`"),
        ("F102", "customer.nam == 'x'"),
        ("F103", "type == 'order.faild'"),
        ("F103", "type == 'order.lost'"),
        ("F104", "total == '5'"),
        ("F104", "customer.name == `5`"),
        ("F105", "total < `0`"),
        ("F105", "type == 'order.paid' && type == 'order.failed'"),
        ("F106", "type == 'order.paid' && total >= `0`"),
        ("F107", "contains(note, 'x')"),
        ("F108", "total && type == 'order.paid'"),
    ],
)
def test_a_schema_is_judged_like_the_catalogue(code: str, text: str) -> None:
    """Its fields, words and types are known; each code is found."""
    assert [one.code for one in judge(Filter(text), [HOOK])] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "type == 'order.failed' && total > `100`",
        "note && contains(note, 'x')",
        "starts_with(customer.name, 'A')",
        "lines[?count > `3`]",
        "lines[0].count == `1`",
        "parent.parent.anything == 'x'",
        "parent && parent.total == `5`",
    ],
)
def test_right_filters_over_a_schema(text: str) -> None:
    """References are followed; where one refers to itself anything may stand."""
    assert judge(Filter(text), [HOOK]) == []


def test_a_schema_that_allows_more_knows_no_unknown_field() -> None:
    """``additionalProperties: true`` says that other fields come; without it the named ones are all."""
    more = kind_of_schema("hook", {**ORDER, "additionalProperties": True})
    assert judge(Filter("region == 'eu'"), [more]) == []
    assert [one.code for one in judge(Filter("region == 'eu'"), [HOOK])] == ["F102"]


@pytest.mark.parametrize(
    "more",
    [
        {"if": {"required": ["total"]}, "then": {"properties": {"region": {"type": "integer"}}}},
        {"if": {"properties": {"region": {"const": 1}}}, "else": False},
        {
            "allOf": [{"if": {}, "then": {"$ref": "#/$defs/x"}}],
            "$defs": {"x": {"properties": {"region": {}}}},
        },
        {"dependentSchemas": {"total": {"properties": {"region": {"type": "string"}}}}},
        {"dependencies": {"total": {"properties": {"region": {"type": "string"}}}, "note": ["total"]}},
        {"required": ["type", "region"]},
        {"unevaluatedProperties": True},
    ],
)
def test_a_field_that_a_schema_names_on_a_condition_is_known(more: dict[str, Any]) -> None:
    """Or requires without a word more: it may come, so a filter may ask for it. Others stay mistakes."""
    definitions = {**ORDER["$defs"], **more.get("$defs", {})}
    kind = kind_of_schema("hook", {**ORDER, **more, "$defs": definitions})
    for text in ("region == 'eu'", "region == `1`"):
        assert judge(Filter(text), [kind]) == []
    is_open = more.get("unevaluatedProperties", False)
    assert [one.code for one in judge(Filter("regio == 'eu'"), [kind])] == ([] if is_open else ["F102"])
    assert [one.code for one in judge(Filter("total == '5'"), [kind])] == ["F104"]


@pytest.mark.parametrize(
    "schema", [{}, {"$ref": "https://elsewhere"}, {"$ref": "#/nowhere"}, {"type": "string"}, {"type": 5}]
)
def test_a_schema_that_says_nothing_forbids_nothing(schema: dict[str, Any]) -> None:
    """No filter is judged by what nobody knows."""
    kind = kind_of_schema("hook", schema)
    assert verdict(Filter("a.b == `1` && starts_with(c, 'x')"), kind) == "sometimes"
    assert judge(Filter("a.b == `1` && starts_with(c, 'x')"), [kind]) == []


def test_a_schema_that_refers_to_itself_ends() -> None:
    """However often it branches."""
    tree = {"$ref": "#/$defs/node"}
    node = {"anyOf": [{"type": "null"}, {"properties": dict.fromkeys("abcdef", tree), "type": "object"}]}
    kind = kind_of_schema("hook", {"type": "object", "properties": {"root": tree}, "$defs": {"node": node}})
    assert verdict(Filter("root.a.b.c.d == `1`"), kind) == "sometimes"


def test_a_schema_widens_the_catalogue() -> None:
    """Its fields are known too, and a field may be of either's type; the rest stays as documented."""
    schema = {"type": "object", "properties": {"Region": {"type": "string"}, "ExitCode": {"type": "string"}}}
    kinds = [widened(kind, kind_of_schema("queue", schema)) for kind in catalogue_kinds()]
    for text in ("Region == 'eu' && Event == 'OnJobFailed'", "ExitCode == '137'", "ExitCode == `137`"):
        assert judge(Filter(text), kinds) == []
    assert [one.code for one in judge(Filter("Progress == '5'"), kinds)] == ["F104"]
    assert [one.code for one in judge(Filter("Regio == 'eu'"), kinds)] == ["F102"]


def test_without_kinds_only_what_is_wrong_for_any_event_is_said() -> None:
    """Nobody knows what the events hold, so nothing is said of their fields and types."""
    for text in (
        "Exitcode == `1`",
        "ExitCode == '1'",
        "type == 'x' || type == 'y'",
        "starts_with(a, 'b')",
        "a",
        "a == b",
        "\"content-type\" == 'json' && \"kind\" == 'x'",
        'host != "peer-host"',
        "bytes > `1000` && bytes < `2000`",
        "at >= '2024' && level > 'info'",
        "version >= '010'",
    ):
        assert judge(Filter(text), ()) == [], text


@pytest.mark.parametrize(
    ("text", "code", "level", "part", "said"),
    [
        ('Event == "OnJobFailed"', "F101", "error", '"OnJobFailed"', "'OnJobFailed'"),
        ('kind == "backup"', "F101", "warning", '"backup"', "'backup'"),
        ('starts_with(name, "nightly")', "F101", "warning", '"nightly"', "'nightly'"),
        ('contains(["disk", "net"], kind)', "F101", "warning", '"disk"', "'disk'"),
        ("bytes > '1000'", "F104", "warning", "'1000'", "write `1000`"),
        ("'5' >= a.b", "F104", "warning", "'5'", "write `5`"),
        ("!kind == 'x'", "F104", "error", "!kind == 'x'", "!(kind == 'x')"),
        ("a == 'x' && a == 'y'", "F105", "error", "a == 'y'", "write ||"),
        ("a == 'x' && b.c == `1` && b.c == `2`", "F105", "error", "b.c == `2`", "write ||"),
        ("n > `5` && n < `3`", "F105", "error", "n < `3`", ""),
        ("kind == 'z' || (a == 'x' && a != 'x')", "F105", "error", "a != 'x'", ""),
        ("begins_with(a, 'b')", "F105", "error", "begins_with(a, 'b')", ""),
        ("a != 'x' || a != 'y'", "F106", "warning", "a != 'x' || a != 'y'", "write &&"),
    ],
)
def test_what_is_wrong_for_any_event_is_said(text: str, code: str, level: str, part: str, said: str) -> None:
    """Double quotes, a number written as a text, contradictions: nobody needs to know the events for that."""
    remark = judge(Filter(text), ())[0]
    assert (remark.code, remark.level, text[remark.start : remark.end]) == (code, level, part)
    assert said in remark.advice
    assert "known event" not in remark.message


def test_a_schema_that_lets_anything_in_does_not_hide_double_quotes() -> None:
    """Beside the fields that it names there may be others, and yet a text is more likely."""
    kind = kind_of_schema("hook", {"properties": {"kind": {"type": "string"}}, "additionalProperties": True})
    assert [one.code for one in judge(Filter('kind == "backup"'), [kind])] == ["F101"]
    assert judge(Filter("kind == backup"), [kind]) == []
