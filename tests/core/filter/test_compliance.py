"""Cases of the JMESPath specification and its compliance suite, by feature."""

import json
from typing import Any

import pytest

from router.core.filter import Filter, FilterError

PEOPLE: dict[str, Any] = {
    "people": [
        {"name": "ada", "age": 36, "tags": ["x", "y"], "boss": None},
        {"name": "bob", "age": 5, "tags": [], "boss": {"name": "ada"}},
        {"name": "cyd", "age": 41, "tags": ["z"], "boss": {"name": "bob"}},
    ],
    "foo": {"bar": {"baz": [0, 1, 2, 3, 4, 5]}, "zero": 0, "one": 1, "no": False, "yes": True, "": "empty"},
    "list": [[0, 1], 2, [3], [4, [5, [6, 7]]]],
    "numbers": [10, 5, -1, 3],
    "words": ["b", "a", "c"],
    "objects": {"a": {"n": 1}, "b": {"n": 2}, "c": {"m": 3}},
    "empty_list": [],
    "empty_object": {},
    "text": "hello",
    "nothing": None,
}

FOUND: dict[str, list[tuple[str, Any]]] = {
    "fields": [
        ("foo.bar.baz[1]", 1),
        ("foo.missing.deeper", None),
        ('foo.""', "empty"),
        ("text.length", None),
        ("foo . bar . baz[-1]", 5),
        ("list[0][1]", 1),
        ("list[9]", None),
        ("text[0]", None),
        ("[0]", None),
    ],
    "slices": [
        ("foo.bar.baz[1:3]", [1, 2]),
        ("foo.bar.baz[::2]", [0, 2, 4]),
        ("foo.bar.baz[::-1]", [5, 4, 3, 2, 1, 0]),
        ("foo.bar.baz[10:-10:-1]", [5, 4, 3, 2, 1, 0]),
        ("foo.bar.baz[8:2:]", []),
        ("people[:2].name", ["ada", "bob"]),
        ("text[0:2]", None),
    ],
    "projections": [
        ("people[*].name", ["ada", "bob", "cyd"]),
        ("people[*].boss.name", ["ada", "bob"]),
        ("people[*].missing", []),
        ("people[].tags[]", ["x", "y", "z"]),
        ("list[]", [0, 1, 2, 3, 4, [5, [6, 7]]]),
        ("list[][]", [0, 1, 2, 3, 4, 5, [6, 7]]),
        ("objects.*.n", [1, 2]),
        ("text[*]", None),
        ("text.*", None),
        ("people[*].tags[0]", ["x", "z"]),
        ("people[*].tags | [0]", ["x", "y"]),
        ("people[*].{n: name} | [1].n", "bob"),
    ],
    "conditions": [
        ("people[?age > `20`].name", ["ada", "cyd"]),
        ("people[?name == 'bob'].age | [0]", 5),
        ("people[?boss]|[0].name", "bob"),
        ("people[?!boss].name", ["ada"]),
        ("people[?tags[?@ == 'z']].name", ["cyd"]),
        ("people[?contains(tags, 'x') || age < `6`].name", ["ada", "bob"]),
        ("numbers[?@ > `4`]", [10, 5]),
        ("objects[?n]", None),
        ("list[?@ == `2`]", [2]),
        ("people[?age > 'x'].name | `[]`", TypeError),
    ],
    "truth": [
        ("foo.zero || 'other'", 0),
        ("foo.no || 'other'", "other"),
        ("empty_list || empty_object || nothing || 'last'", "last"),
        ("text && foo.one", 1),
        ("empty_list && text", []),
        ("!(foo.zero)", False),
        ("!foo.zero", None),  # the package reads (!foo).zero
        ("!empty_object", True),
        ("!!text", True),
        ("foo.yes && foo.no || text", "hello"),
        ("foo.one || foo.two && text", 1),
    ],
    "comparators": [
        ("foo.zero == foo.no", False),
        ("foo.one == foo.yes", False),
        ("foo.zero != `false`", True),
        ("foo.one == `1.0`", True),
        ("foo.one == `true`", False),
        ("foo.yes == `true`", True),
        ("nothing == `null`", True),
        ("missing == nothing", True),
        ('words == `["b", "a", "c"]`', True),
        ('objects.a == `{"n": 1}`', True),
        ("text > `1`", TypeError),
        ("foo.yes > `0`", None),
        ("missing < `1`", None),
        ("text >= 'hello'", True),
        ("words < words", None),
        ("numbers[0] <= `10`", True),
    ],
    "selections": [
        ("foo.[one, zero]", [1, 0]),
        ("foo.{a: one, b: missing}", {"a": 1, "b": None}),
        ("missing.[a]", None),
        ("missing.{a: a}", None),
        ("[`1`, 'a', text]", [1, "a", "hello"]),
        ("people[*].[name, age][]", ["ada", 36, "bob", 5, "cyd", 41]),
    ],
    "literals": [
        ("'it\\'s'", "it's"),
        ('`{"a": [1, "`"`', FilterError),
        ('`[1, {"a": null}]`', [1, {"a": None}]),
        ('`"\\u00e9"`', "é"),
        ("'\\n'", "\\n"),
        ("`true` && `0`", 0),
        ("[`true` == `true`, `null`[:].a]", [True, None]),
    ],
    "functions": [
        ("abs(`-3`)", 3),
        ("avg(numbers)", 4.25),
        ("avg(empty_list)", None),
        ("ceil(`1.2`)", 2),
        ("floor(`1.8`)", 1),
        ("contains(text, 'ell')", True),
        ("contains(words, 'a')", True),
        ("contains(numbers, 'a')", False),
        ("contains(`[1]`, `true`)", True),
        ("ends_with(text, 'lo')", True),
        ("starts_with(text, 'lo')", False),
        ("join('-', words)", "b-a-c"),
        ("keys(objects)", ["a", "b", "c"]),
        ("length(text)", 5),
        ("length(objects)", 3),
        ("map(&boss.name, people)", [None, "ada", "bob"]),
        ("max(numbers)", 10),
        ("min(words)", "a"),
        ("max(empty_list)", None),
        ("max_by(people, &age).name", "cyd"),
        ("min_by(people, &age).name", "bob"),
        ("max_by(empty_list, &age)", None),
        ('merge(`{"a": 1}`, `{"a": 2, "b": 3}`)', {"a": 2, "b": 3}),
        ("not_null(missing, nothing, foo.zero)", 0),
        ("not_null(missing)", None),
        ("reverse(text)", "olleh"),
        ("reverse(words)", ["c", "a", "b"]),
        ("sort(words)", ["a", "b", "c"]),
        ("sort_by(people, &age)[*].name", ["bob", "ada", "cyd"]),
        ("sum(numbers)", 17),
        ("to_array(text)", ["hello"]),
        ("to_number('1.5')", 1.5),
        ("to_number('x')", None),
        ("to_number(foo.yes)", None),
        ("to_string(words)", '["b","a","c"]'),
        ("to_string(text)", "hello"),
        ("type(nothing)", "null"),
        ("type(foo.yes)", "boolean"),
        ('values(`{"a": 1}`)', [1]),
    ],
    "ours": [
        ("matches(text, '^h.*o$')", True),
        ("matches(text, 'x')", False),
        ("matches(nothing, 'x')", None),
        ("glob(text, 'h*o')", True),
        ("glob(text, 'h?o')", False),
        ("lower('ÀB')", "àb"),
        ("upper(text)", "HELLO"),
        ("upper(nothing)", None),
        ("seconds_between('2016-11-01T15:35:02Z', '2016-11-01T15:36:02.5Z')", 60.5),
        ("seconds_between(nothing, text)", None),
        ("lower(`1`)", "JMESPathTypeError"),
    ],
    "errors": [
        ("abs(text)", "JMESPathTypeError"),
        ("avg(words)", "JMESPathTypeError"),
        ("contains(missing, 'x')", "JMESPathTypeError"),
        ("contains(text, `1`)", TypeError),
        ('sort(`[1, "a"]`)', "JMESPathTypeError"),
        ("sort_by(people, &boss)", "JMESPathTypeError"),
        ("length(foo.one)", "JMESPathTypeError"),
        ("abs()", "ArityError"),
        ("abs(a, b)", "ArityError"),
        ("not_null()", "VariadictArityError"),
        ("unknown(text)", "UnknownFunctionError"),
        ("false && unknown(text)", None),
        ("numbers[::0]", ValueError),
        ("foo.", FilterError),
        ("foo[", FilterError),
        ("foo[?", FilterError),
        ("", FilterError),
        ("a b", FilterError),
        ("a = b", FilterError),
        ("'open", FilterError),
        ("{a}", FilterError),
        ("*.", FilterError),
        ("#", FilterError),
    ],
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [pytest.param(*case, id=case[0] or "empty") for group in FOUND.values() for case in group],
)
def test_the_specification(expression: str, expected: Any) -> None:
    """Each case finds what the specification (for errors: the package) says."""
    if isinstance(expected, type) and issubclass(expected, Exception):
        with pytest.raises(expected):
            Filter(expression).search(PEOPLE)
    elif isinstance(expected, str) and expected.endswith("Error"):
        with pytest.raises(ValueError, match=r".") as raised:
            Filter(expression).search(PEOPLE)
        assert type(raised.value).__name__ == expected
    else:
        found = Filter(expression).search(PEOPLE)
        assert json.dumps(found) == json.dumps(expected)


ROOTS: list[tuple[str, Any, Any]] = [
    ("[a, b]", None, None),
    ("{a: b}", None, None),
    ("@", "text", "text"),
    ("[*]", [1, None, 2], [1, 2]),
    ("[]", [1, [2], [[3]]], [1, 2, [3]]),
    ("*", {"a": 1, "b": None}, [1]),
    ("a", [1], None),
    ("a", 7, None),
    ("`null` | contains(['a'], 'a')", {}, "JMESPathTypeError"),
    ("not_null(@, 'x')", None, "x"),
]


@pytest.mark.parametrize(("expression", "root", "expected"), ROOTS, ids=[case[0] for case in ROOTS])
def test_any_value_may_be_the_root(expression: str, root: Any, expected: Any) -> None:
    """The root need not be an object."""
    if expected == "JMESPathTypeError":
        assert "JMESPathTypeError" in Filter(expression).judge(root).error
    else:
        assert Filter(expression).search(root) == expected
