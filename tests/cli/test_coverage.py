"""``coverage``: the table at 80 columns, the JSON, and the picture."""

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from router.cli.coverage.picture import picture
from router.cli.coverage.table import table
from router.core.coverage import coverage
from router.core.filter import Filter
from router.core.rule import Rule
from tests.cli.running import run, run_json, write_router

ROOT = Path(__file__).parent.parent.parent
RULES: list[dict[str, Any]] = [
    {"name": "failed", "when": "ends_with(Event, 'Failed')", "to": ["oncall", "team"]},
    {"name": "killed", "when": "ExitCode == `137`", "to": ["team"], "from": ["hook"]},
    {"name": "order", "when": "type == 'order'", "to": ["shop"]},
    {"name": "watched", "when": "Event == 'OnJobStopped'", "mode": "shadow"},
    {"name": "rest", "when": "Category == 'Cluster'", "catch_all": True, "to": ["team"]},
]


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Five rules, and one channel that no rule tells."""
    return write_router(tmp_path, RULES, "oncall", "team", "shop", "spare")


def test_the_table_names_every_event_and_says_what_reaches_nobody(config: str) -> None:
    """A line for each event and channel with the rules; then, loudly, what is missing."""
    done = run("coverage", config)
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[0] == "EVENT                 CHANNEL  RULES"
    assert "OnClusterDeleted    ● team     rest" in lines
    assert "OnJobWaiting        ✗ nobody" in lines
    at = lines.index("OnInstanceFailed    ● oncall   failed")
    assert lines[at + 1] == "                    ● team     failed, killed ◐ (from hook)"
    at = lines.index("OnJobStopped        ✗ nobody")
    assert lines[at + 1] == "                      shadow   watched"
    assert "9 of 19 events reach nobody: OnJobWaiting, OnJobRunning, OnJobStopped," in lines
    assert "4 of 19 events reach somebody only sometimes: OnInstanceWaiting," in done.out
    assert "Rules that match none of these events: order" in lines
    assert "Channels that hear of none of them: shop, spare" in lines


def test_rules_alone_folders_and_several_paths(tmp_path: Path, config: str) -> None:
    """Rule files need no router.yaml; rules of several paths are judged together."""
    alone = run_json_rows(str(tmp_path / "rules.yaml"))
    assert alone == run_json_rows(config)
    (tmp_path / "more").mkdir()
    more = [{"name": "all", "when": "always", "to": ["boss"]}]
    (tmp_path / "more" / "all.yaml").write_text(json.dumps({"rules": more}), encoding="utf-8")
    assert {row["told"] for row in run_json_rows(config, str(tmp_path / "more"))} == {"always"}


def test_a_rule_file_beside_its_settings_is_judged_once(tmp_path: Path, config: str) -> None:
    """Whatever the order, and also where the folder of both is given."""
    alone = run_json_rows(config)
    rules = str(tmp_path / "rules.yaml")
    assert run_json_rows(config, rules) == run_json_rows(rules, config) == alone
    assert run_json_rows(str(tmp_path), rules, config) == alone


def run_json_rows(*paths: str) -> list[dict[str, Any]]:
    """The rows for programs."""
    return run_json("coverage", *paths)["coverage"]


def test_programs_get_one_list(config: str) -> None:
    """A row for each event, with its rules and channels."""
    found = run_json("coverage", config)
    assert list(found) == ["coverage"]
    row = found["coverage"][17]
    assert (row["event"], row["told"]) == ("OnInstanceFailed", "always")
    assert row["channels"] == [
        {"channel": "oncall", "reach": "always", "rules": ["failed"]},
        {"channel": "team", "reach": "always", "rules": ["failed", "killed"]},
    ]
    assert row["rules"][1] == {
        "rule": "killed",
        "reach": "sometimes",
        "mode": "on",
        "ends": False,
        "channels": [{"channel": "team", "reach": "sometimes"}],
        "note": "from hook",
    }


def test_forty_rules_fit_into_80_columns() -> None:
    """Names are wrapped whole; a wider terminal has fewer lines."""
    rules = [
        Rule(
            f"a-rule-with-a-long-name-{n}",
            Filter("Event == 'OnJobFailed'"),
            (f"a-long-channel-name-{n % 4}",),
        )
        for n in range(40)
    ]
    lines = table(coverage(rules)).splitlines()
    assert max(map(len, lines)) <= 80
    for n in range(40):
        assert any(f"a-rule-with-a-long-name-{n}" in line for line in lines)


def test_what_ends_or_waits_is_told_apart() -> None:
    """An event that ends alerts, in words and as a ring; a rule that tells later, by half a mark."""
    ending = Filter("Event == 'OnJobFinished'")
    found = coverage(
        [
            Rule("failed", Filter("Event == 'OnJobFailed'"), ("oncall",), hold=60, resolve_when=ending),
            Rule(
                "quiet",
                Filter("Event == 'OnJobStopped'"),
                ("team",),
                resolve_when=ending,
                send_resolved=False,
            ),
        ]
    )
    lines = table(found).splitlines()
    assert "OnJobFailed         ◐ oncall   failed ◐ (if it lasts)" in lines
    at = lines.index("OnJobFinished       ◐ oncall   failed ◐ (ends it)")
    assert lines[at + 1] == "                      ends     quiet (ends it)"
    titles = [one.text for one in ET.fromstring(picture(found)).iter() if one.tag.endswith("title")]  # noqa: S314
    assert "OnJobFinished ends failed: always (ends it)" in titles
    assert "OnJobFailed matches failed: always (if it lasts)" in titles


def test_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain in a pipe, in a file, and where NO_COLOR is set."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    found = coverage([])
    assert "\x1b" not in table(found)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b[31m✗\x1b[0m" in table(found)
    assert "\x1b" not in table(found, plain=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in table(found)


def test_a_file_is_written_as_its_name_says(tmp_path: Path, config: str) -> None:
    """FILE.svg is the picture that -o svg prints, FILE.json the JSON; a form is no file's name."""
    for ending in ("svg", "json"):
        file = tmp_path / f"coverage.{ending}"
        assert run("coverage", config, "--output", str(file)) == (0, "", "")
        assert file.read_text(encoding="utf-8") == run("coverage", config, "-o", ending).out
    assert "-o json prints json" in run("coverage", config, "--output", "json").error
    unwritable = run("coverage", config, "--output", str(tmp_path / "none" / "x.svg"))
    assert (unwritable.status, "cannot write" in unwritable.error) == (2, True)


def test_faults_of_the_files_are_all_told(tmp_path: Path) -> None:
    """A rule file with a fault, and a path that is not there: status 2."""
    (tmp_path / "bad.yaml").write_text("rules:\n  - {name: a, when: '(', to: [x]}\n", encoding="utf-8")
    bad = run("coverage", str(tmp_path / "bad.yaml"))
    assert (bad.status, "bad.yaml:2:" in bad.error) == (2, True)
    assert run("coverage", str(tmp_path / "none.yaml")).status == 2


def test_the_picture_of_the_shipped_rules_is_current() -> None:
    """`make docs` draws it."""
    drawn = run("coverage", str(ROOT / "rules"), "-o", "svg").out
    assert (ROOT / "docs" / "coverage.svg").read_text(encoding="utf-8") == drawn


def test_names_in_the_picture_are_never_markup() -> None:
    """A hostile channel's name is text; the picture stays well-formed, and long names are cut."""
    name = "<script>\"&'\x00\x1b\u202e</script>"
    drawn = picture(coverage([Rule("rule", None, (name, "x" * 500))]))
    root = ET.fromstring(drawn)  # noqa: S314  our own text
    assert not [one for one in root.iter() if one.tag.endswith("script")]
    texts = ["".join(one.itertext()) for one in root.iter() if one.tag.endswith("text")]
    assert any(text.startswith("<script>\"&'\ufffd\ufffd\ufffd</script>") for text in texts)
    assert not set(drawn) & set("\x00\x1b\u202e")
    assert float(root.attrib["width"]) < 1000


def test_the_picture_has_a_mark_for_each_cell() -> None:
    """Events that reach nobody are crossed; full, half and grey marks as the table has them."""
    drawn = picture(
        coverage(
            [
                Rule("all", Filter("Event == 'OnJobFailed'"), ("oncall",), stop=True),
                Rule("late", Filter("Event == 'OnJobFailed'"), ("oncall",)),
                Rule("some", Filter("Event == 'OnInstanceFailed' && Progress == `5`"), ("team",)),
                Rule("seen", Filter("Event == 'OnTaskFailed'"), mode="shadow"),
            ]
        )
    )
    titles = [one.text for one in ET.fromstring(drawn).iter() if one.tag.endswith("title")]  # noqa: S314
    assert "OnJobFailed matches all: always" in titles
    assert "OnJobFailed matches late: never (all takes it)" in titles
    assert "OnInstanceFailed matches some: sometimes" in titles
    assert "OnTaskFailed matches seen: always" in titles
    assert "OnTaskFailed reaches somebody: never" in titles
    assert "OnJobFailed reaches oncall: always" in titles
    assert sum("reaches somebody: never" in str(title) for title in titles) == 17


def test_a_schema_adds_fields_and_a_row_for_events_of_its_own(tmp_path: Path) -> None:
    """A source of Batch Compute's events has its fields more; any other source has its own events."""
    more = {"type": "object", "properties": {"Retry": {"const": True}}, "required": ["Retry"]}
    order = {"type": "object", "properties": {"type": {"const": "order"}}, "required": ["type"]}
    (tmp_path / "more.json").write_text(json.dumps(more))
    (tmp_path / "order.json").write_text(json.dumps(order))
    long = "a" * 60
    rules = [
        {"name": "again", "when": "Event == 'OnJobFailed' && Retry", "to": ["oncall"]},
        {"name": "shop", "when": "type == 'order'", "from": ["shop"], "to": ["shop"]},
        {"name": "deaf", "when": "type == 'order'", "from": ["batch", long], "to": ["oncall"]},
    ]
    sources = {
        "batch": {"kind": "mns-push", "schema": "more.json"},
        "shop": {"kind": "webhook", "schema": "order.json"},
        long: {"kind": "webhook", "schema": "order.json"},
    }
    config = write_router(tmp_path, rules, "oncall", "shop", sources=sources)
    found = {row["event"]: row for row in run_json_rows(config)}
    assert len(found) == 21
    assert [cell["rule"] for cell in found["OnJobFailed"]["rules"]] == ["again"]
    assert [cell["rule"] for cell in found["events of shop"]["rules"]] == ["shop"]
    assert [cell["rule"] for cell in found[f"events of {long}"]["rules"]] == ["deaf"]
    assert found["events of shop"]["told"] == "always"
    text = run("coverage", config).out
    assert "events of shop            ● shop     shop" in text
    assert max(map(len, text.splitlines())) <= 80
    assert ">events of shop<" in run("coverage", config, "-o", "svg").out
