"""``time_intervals``, and what rules say of times: the intervals that they name, and ``absent``."""

import re
from pathlib import Path

import pytest

from router.config import Config, load, load_rules, schemas
from router.config.rules import Absent
from router.config.yaml import Document, parse
from router.core.mute.interval import ClockSpan, Span, TimeInterval, active_at
from router.core.mute.tick import Schedule
from router.errors import ConfigError
from tests.config.json_schema import holds
from tests.core.mute.test_interval import moment

RULES = "rules: [{name: a, when: always, mode: shadow}]\n"


def loaded(folder: Path, intervals: str, rules: str = RULES) -> Config:
    """A configuration with these time intervals."""
    (folder / "router.yaml").write_text(f"time_intervals: {intervals}\nrules: [r.yaml]\n")
    (folder / "r.yaml").write_text(rules)
    return load(folder / "router.yaml", environ={})


def meaning(folder: Path, interval: str) -> TimeInterval:
    """What one interval means; its schema takes it too."""
    settings = {"rules": ["r.yaml"], "time_intervals": {"x": [parse(Document("f", interval)).value]}}
    assert holds(schemas()["router"], settings)
    (found,) = loaded(folder, f"{{x: [{interval}]}}").policy.intervals["x"]
    return found


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", TimeInterval()),
        ("{times: [{start: 09:00, end: '17:30'}]}", TimeInterval((ClockSpan(540, 1050),))),
        ("{times: [{start: '00:00', end: '24:00'}]}", TimeInterval((ClockSpan(0, 1440),))),
        ("{weekdays: ['monday:friday', Saturday]}", TimeInterval(weekdays=(Span(1, 5), Span(6, 6)))),
        ("{weekdays: [sunday:saturday]}", TimeInterval(weekdays=(Span(0, 6),))),
        (
            "{days_of_month: ['1:5', '-3:-1', 15, -1, '15:-10', '31:31']}",
            TimeInterval(
                days_of_month=(
                    Span(1, 5),
                    Span(-3, -1),
                    Span(15, 15),
                    Span(-1, -1),
                    Span(15, -10),
                    Span(31, 31),
                )
            ),
        ),
        (
            "{months: ['1:3', 'may:august', december, 11]}",
            TimeInterval(months=(Span(1, 3), Span(5, 8), Span(12, 12), Span(11, 11))),
        ),
        ("{years: ['2026:2028', 2030]}", TimeInterval(years=(Span(2026, 2028), Span(2030, 2030)))),
        ("{location: Australia/Lord_Howe}", TimeInterval(location="Australia/Lord_Howe")),
    ],
)
def test_what_is_written_and_what_it_means(tmp_path: Path, written: str, expected: TimeInterval) -> None:
    """Alertmanager's syntax, each part of it."""
    assert meaning(tmp_path, written) == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "{times: [{start: '22:00', end: '06:00'}]}",
            "1:31: error: time_intervals.x.0.times.0: 22:00 to 06:00 ends before it starts; "
            'write {start: "22:00", end: "24:00"} and {start: "00:00", end: "06:00"}',
        ),
        ("{times: [{start: '22:00', end: '00:00'}]}", 'starts; write {start: "22:00", end: "24:00"} [Y010]'),
        ("{times: [{start: '09:00', end: '09:00'}]}", "for the whole day leave times out"),
        (
            "{times: [{start: '9:00', end: '10:00'}]}",
            "1:39: error: time_intervals.x.0.times.0.start: expected",
        ),
        (
            "{times: [{start: '09:00', end: '24:01'}]}",
            "expected a time such as \"09:00\", in quotes, got '24:01'",
        ),
        ("{times: [{start: 9, end: '18:00'}]}", 'expected a time such as "09:00", in quotes, got 9'),
        (
            "{times: [{start_time: '09:00', end: '18:00'}]}",
            "unknown key start_time [Y011]; did you mean start?",
        ),
        ("{times: [{start: '09:00'}]}", "times.0: end is missing"),
        ("{times: []}", "time_intervals.x.0.times: it is empty"),
        (
            "{weekdays: [montag]}",
            "1:34: error: time_intervals.x.0.weekdays.0: expected days such as",
        ),
        (
            "{weekdays: ['saturday:sunday']}",
            "saturday:sunday ends before it starts, for a week begins on sunday; write saturday and sunday",
        ),
        ("{weekdays: ['Friday:Monday']}", "write friday:saturday and sunday:monday"),
        ("{weekdays: [1]}", "expected days such as monday:friday, got 1"),
        ("{months: ['november:2']}", "ends before it starts; write november:december and january:february"),
        ("{months: [13]}", "expected months such as january:march, got 13"),
        ("{months: [true]}", "expected months such as january:march, got true"),
        ("{days_of_month: [0]}", 'expected days such as "1:7" or "-1", got 0'),
        ("{days_of_month: ['1:32']}", 'expected days such as "1:7" or "-1", got \'1:32\''),
        ("{days_of_month: ['-1:1']}", "-1:1 ends before it starts; write -1 and 1"),
        ("{days_of_month: ['25:5']}", "25:5 ends before it starts; write 25:-1 and 1:5"),
        ("{days_of_month: ['-1:-3']}", "-1:-3 ends before it starts; write -3:-1"),
        ("{days_of_month: ['16:-15']}", "16:-15 ends before it starts in a month of 28 days"),
        ("{years: ['2027:2026']}", "2027:2026 ends before it starts; write 2026:2027"),
        ("{years: [26]}", 'expected years such as "2026:2027", got 26'),
        ("{location: Mars}", "location: expected a time zone such as Asia/Shanghai, got 'Mars'"),
        ("{time_zone: UTC}", "unknown key time_zone"),
    ],
)
def test_what_is_refused(tmp_path: Path, written: str, message: str) -> None:
    """Each fault with its place, and with what to write instead."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, f"{{x: [{written}]}}")
    assert message in str(error.value)


def test_a_name_without_an_interval_is_refused(tmp_path: Path) -> None:
    """It would be never, or by a slip."""
    with pytest.raises(ConfigError, match=r"time_intervals\.x: it is empty"):
        loaded(tmp_path, "{x: []}")


def test_a_rule_names_intervals(tmp_path: Path) -> None:
    """Each name once, in their order; what the names mean belongs to the policy and its hash."""
    rules = RULES.replace("}]", ", mute_time_intervals: [b, a, b], active_time_intervals: [a]}]")
    config = loaded(tmp_path, "{a: [{years: [2026]}], b: [{}]}", rules)
    (rule,) = config.policy.rules
    assert (rule.mute_time_intervals, rule.active_time_intervals) == (("b", "a"), ("a",))
    other = loaded(tmp_path, "{a: [{years: [2027]}], b: [{}]}", rules)
    same = loaded(tmp_path, "{b: [{location: UTC}], a: [{years: ['2026:2026']}]}", rules)
    assert other.policy.hash != config.policy.hash == same.policy.hash


def test_a_name_that_nothing_has(tmp_path: Path) -> None:
    """It is shown at its place with the nearest name, and only where router.yaml is there."""
    rules = RULES.replace("}]", ", active_time_intervals: [office-hour]}]")
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, "{office-hours: [{}]}", rules)
    assert (
        "r.yaml:1:71: error: rule a: no time interval is named office-hour [C401]; did you mean office-hours?"
        in (str(error.value))
    )
    (rule,), findings = load_rules([tmp_path / "r.yaml"])
    assert (rule.active_time_intervals, findings) == (("office-hour",), [])


def test_what_absent_means() -> None:
    """A schedule, by default of UTC and without a grace."""
    whole = {"every": "0 3 * * *", "location": "Asia/Shanghai", "grace": "30m"}
    assert Absent.model_validate(whole).meaning() == Schedule("0 3 * * *", "Asia/Shanghai", 1_800_000_000)
    assert Absent.model_validate({"every": "*/5 * * * *"}).meaning() == Schedule("*/5 * * * *")


PAGE = (Path(__file__).parent.parent.parent / "docs" / "mutes.md").read_text(encoding="utf-8")


def test_the_page_is_right(tmp_path: Path) -> None:
    """Each example of docs/mutes.md is read, and means what stands beside it."""
    intervals, rules = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[:2]
    (tmp_path / "r.yaml").write_text(rules)
    channels = "channels: {team: {url: 'json://h/'}, oncall: {url: 'json://h/'}}\n"
    (tmp_path / "router.yaml").write_text(f"{channels}rules: [r.yaml]\n{intervals}")
    named = load(tmp_path / "router.yaml", environ={}).policy.intervals
    for iso, names in {
        "2026-11-23T09:00:00+08:00": {"office-hours"},
        "2026-11-23T18:00:00+08:00": {"nights-and-weekends"},
        "2026-11-28T12:00:00+08:00": {"nights-and-weekends"},
        "2026-06-29T12:00:00+00:00": {"end-of-quarter", "nights-and-weekends"},
        "2026-10-01T12:00:00+08:00": {"office-hours", "holidays"},
        "2030-12-24T12:00:00+01:00": {"nights-and-weekends", "holidays"},
    }.items():
        assert {name for name, one in named.items() if active_at(one, moment(iso))} == names, iso


@pytest.mark.parametrize(("wrong", "right"), re.findall(r"^\| `(\w+: \[.*)` \| `(.*)` \|$", PAGE, re.M))
def test_what_the_page_says_to_write_instead(tmp_path: Path, wrong: str, right: str) -> None:
    """The left is refused with the words of the right; the right is taken."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, f"{{x: [{{{wrong}}}]}}")
    first, second = str(error.value).partition("write ")[2].removesuffix(" [Y010]").split(" and ")
    assert all(part in right for part in (first, second))
    assert meaning(tmp_path, f"{{{right}}}")
