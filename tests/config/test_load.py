"""router.yaml and rule files: what they mean, and every fault with its place."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from router.app import load_config
from router.config import load, load_rules, rule_files, schemas
from router.config.units import duration, rate
from router.core.delivery import SECOND
from router.core.rule import Severity
from router.errors import ConfigError, Finding, RouterError

HOUR = 3600 * SECOND
GOOD = """
store: sqlite:///x.db
sources: {hook: {kind: webhook}, push: {kind: mns-push, verify: off}}
channels:
  oncall: {urls: ["json://a.example/one", "json://b.example/two"], fallback: team, rate: 20/min}
  team: {url: "${env:TEAM_URL}", timeout: 3s, storm: off}
rules: ["*.rules.yaml"]
"""
RULES = """
defaults: {severity: critical}
rules:
  - name: job-failed
    when: Event == 'OnJobFailed'
    from: [hook]
    to: [oncall]
    labels: {team: render}
  - {name: rest, when: always, to: [team], catch_all: true, severity: info, mode: shadow}
"""


def written(folder: Path, settings: str = GOOD, rules: str = RULES) -> Path:
    """Both files; the path of router.yaml."""
    (folder / "a.rules.yaml").write_text(rules, encoding="utf-8")
    file = folder / "router.yaml"
    file.write_text(settings, encoding="utf-8")
    return file


def faults(folder: Path, settings: str = GOOD, rules: str = RULES) -> tuple[Finding, ...]:
    """The findings of a configuration that is refused."""
    with pytest.raises(ConfigError) as refused:
        load(written(folder, settings, rules), environ={"TEAM_URL": "json://c.example/"})
    return refused.value.findings


def test_a_good_configuration_means_what_it_says(tmp_path: Path) -> None:
    """Rules in order with defaults laid under them, channels with their targets, secrets expanded."""
    config = load(written(tmp_path), environ={"TEAM_URL": "json://c.example/"})
    first, last = config.policy.rules
    assert (first.name, first.severity, first.sources) == (
        "job-failed",
        Severity.CRITICAL,
        frozenset({"hook"}),
    )
    assert (last.name, last.when, last.severity) == ("rest", None, Severity.INFO)
    oncall = config.policy.channels["oncall"]
    assert [target.name for target in oncall.targets] == ["oncall/1", "oncall/2"]
    assert (oncall.fallback, oncall.rate) == ("team", (20, 60 * SECOND))
    assert oncall.fallback_after == {"critical": 120 * SECOND, "warning": 900 * SECOND}
    team = config.policy.channels["team"]
    assert (team.fallback_after, team.storm, oncall.storm) == ({}, None, (10, 60 * SECOND))
    assert (oncall.patience.give_up_after, oncall.patience.max_unknown) == (24 * HOUR, 2)
    assert [target.url for target in config.targets if target.channel == "team"] == ["json://c.example/"]


def test_a_configuration_with_five_faults_shows_all_five_with_their_places(tmp_path: Path) -> None:
    """Faults of both files, sorted by place, none hiding another, and no secret in what is said."""
    settings = GOOD.replace("rate: 20/min", "rate: quick").replace("kind: webhook", "kind: webhok")
    rules = RULES.replace("OnJobFailed'", "OnJobFailed").replace("to: [team]", "to: [teem]")
    rules = rules.replace("labels:", "lables:")
    found = faults(
        tmp_path, settings.replace('"json://a.example/one"', '"json://u:hunter2@a.example/"'), rules
    )
    places = {(Path(f.place.file).name, f.place.line, f.place.column, f.code) for f in found}
    assert places == {
        ("router.yaml", 3, 24, "Y010"),
        ("router.yaml", 5, 97, "Y010"),
        ("a.rules.yaml", 5, 20, "Y020"),
        ("a.rules.yaml", 8, 5, "Y011"),
        ("a.rules.yaml", 9, 37, "C401"),
    }
    assert "hunter2" not in "".join(map(str, found))


def test_a_time_without_a_fallback_is_warned_of(tmp_path: Path) -> None:
    """``fallback_after`` on a channel without ``fallback`` tells nobody: a warning, at its place."""
    settings = GOOD.replace("storm: off", "fallback_after: {critical: 1m}")
    config = load(written(tmp_path, settings), environ={"TEAM_URL": "json://c.example/"})
    [found] = [one for one in config.findings if "fallback_after" in one.message]
    assert (found.code, found.level) == ("C401", "warning")
    assert "channels.team.fallback_after: the channel has no fallback" in str(found)


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        (GOOD.replace("fallback: team", "fallback: tem"), "C401", "no channel is named tem"),
        (GOOD.replace("storm: off", "fallback: oncall"), "C401", "circle"),
        (GOOD.replace("*.rules.yaml", "none/*.yaml"), "Y014", "no file is found by none/*.yaml"),
        (GOOD.replace("TEAM_URL", "NOBODY"), "Y013", "channels.team.url: the environment has no NOBODY"),
        (GOOD + "http: {listen: '0.0.0.0:80'}\n", "C401", "nobody is asked for a token"),
        (GOOD.replace("storm: off", "accept: 'code =='"), "Y020", "channels.team.accept"),
        (GOOD.replace("storm: off", "formats: {}"), "Y012", "formats is not yet supported"),
        (GOOD + "drill: {channel: teem}\n", "C401", "drill.channel: no channel is named teem"),
        (GOOD + "drill: {channel: team, within: 1h}\n", "Y010", "within must be shorter than every"),
        (
            GOOD + "http: {token: abc, tokens: {a: {role: read, token: abc}}}\n",
            "C401",
            "http.tokens.a.token: http.token has the same secret",
        ),
        (GOOD + "http: {tokens: {a: {role: root, token: abc}}}\n", "Y010", "http.tokens.a.role"),
        (GOOD + "egress: {'https://a.example/path': 'http://b'}\n", "Y010", "expected an origin"),
        (GOOD + "timezone: Mars/Olympus\n", "Y010", "expected a time zone"),
        (GOOD + "stor: x\n", "Y011", "unknown key stor"),
        (GOOD + "store: y\n", "Y007", "stands twice"),
        ("a: &x 1\nb: *x\n", "Y003", "aliases"),
        ("a: !!python/object:os.system x\n", "Y005", "tags"),
        ("a: [\n", "Y001", "not YAML"),
        ("a: 1\n---\nb: 2\n", "Y002", "second document"),
        ("<<: {a: 1}\n", "Y003", "merge keys"),
    ],
)
def test_a_fault_of_router_yaml_is_said(tmp_path: Path, settings: str, code: str, said: str) -> None:
    """Each kind of fault has its code and a sentence that names what is wrong."""
    found = [(one.code, str(one)) for one in faults(tmp_path, settings)]
    assert any(one == code and said in text for one, text in found), found


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        ("{name: a, when: always}", "C401", "to is missing"),
        ("{name: Job_Failed, when: always, to: [team]}", "Y010", "kebab-case"),
        (
            "{name: a, when: always, to: [team], tests: [{name: x, given: [{}], expect: [{}]}]}",
            "Y010",
            "say either event or channel",
        ),
        ("{name: a, when: always, to: [team], severity: bad}", "Y010", "expected"),
        ("{name: a, when: 'x ==', to: [team]}", "Y020", "not JMESPath"),
        ("{name: a, when: always, to: [team], body: '{{ x'}", "T301", "body"),
        ("{name: a, when: always, to: [team], from: [qeue]}", "C401", "no source is named qeue"),
        ("{name: a, when: !x, to: [team]}", "F109", "YAML takes the ! at the beginning for itself"),
        ("{name: a, to: [team]}", "Y010", "when is missing"),
    ],
)
def test_a_fault_of_a_rule_is_said(tmp_path: Path, rule: str, code: str, said: str) -> None:
    """Each fault of a rule has its code and its place in the rule file."""
    found = faults(tmp_path, GOOD, f"rules:\n  - {rule}\n")
    assert any(one.code == code and said in str(one) for one in found), [str(one) for one in found]


def test_what_a_rule_does_not_say_is_its_default(tmp_path: Path) -> None:
    """As the table of keys has it."""
    [rule], found = load_rules([_file(tmp_path, "rules: [{name: a, when: always, to: [team]}]")])
    assert found == []
    assert (rule.severity, rule.mode, rule.stop, rule.catch_all) == (Severity.WARNING, "on", False, False)
    assert (rule.sources, rule.key, rule.group_by, rule.resolve_when) == (None, None, None, None)
    assert (rule.count, rule.expect, rule.absent) == (None, None, None)
    assert (rule.send_resolved, rule.hold, rule.close_after) == (True, 0, 24 * HOUR)
    assert (rule.group_wait, rule.group_interval, rule.repeat_interval) == (0, HOUR // 12, None)
    assert (rule.escalate, rule.inhibited_by, rule.labels, rule.formats) == ((), (), {}, {})
    assert (rule.mute_time_intervals, rule.active_time_intervals) == ((), ())


def test_a_rule_in_shadow_need_tell_nobody(tmp_path: Path) -> None:
    """It is judged all the same, and needs no channel."""
    [rule], found = load_rules([_file(tmp_path, "rules: [{name: a, when: always, mode: shadow}]")])
    assert (rule.mode, rule.to, found) == ("shadow", (), [])


def test_the_same_name_in_two_places_names_both(tmp_path: Path) -> None:
    """A name that stands twice says where it stood first."""
    found = faults(tmp_path, GOOD, "rules:\n" + "  - {name: a, when: always, to: [team]}\n" * 2)
    assert any("a.rules.yaml:2:12" in one.message and one.place.line == 3 for one in found)


def test_true_and_false_are_read_as_on_and_off(tmp_path: Path) -> None:
    """YAML 1.1 habits: mode: off may come as false."""
    rules, found = load_rules([_file(tmp_path, "rules: [{name: a, when: always, mode: false}]")])
    assert ([rule.mode for rule in rules], found) == (["off"], [])


def test_rule_files_stand_in_byte_order(tmp_path: Path) -> None:
    """A folder's rules are judged by path in byte order."""
    for name in ("b", "a", "B"):
        (tmp_path / f"{name}.yaml").write_text(
            f"rules: [{{name: {name.lower()}{ord(name)}, when: always, mode: off}}]"
        )
    assert [path.name for path in rule_files(tmp_path)] == ["B.yaml", "a.yaml", "b.yaml"]


def test_the_same_meaning_has_the_same_hash(tmp_path: Path) -> None:
    """Comments and layout do not change a policy's hash; a filter does; secrets are not in its text."""
    environ = {"TEAM_URL": "json://hunter2.example/"}
    first = load(written(tmp_path), environ=environ).policy
    second = load(written(tmp_path, GOOD + "# a comment\n", RULES + "\n\n"), environ=environ).policy
    third = load(
        written(tmp_path, GOOD, RULES.replace("OnJobFailed", "OnJobStopped")), environ=environ
    ).policy
    assert first.hash == second.hash != third.hash
    assert "hunter2" not in first.text


def test_yaml_bombs_are_refused_quickly(tmp_path: Path) -> None:
    """Aliases, merge keys and deep nesting end as a finding, not as memory."""
    alias = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
    )
    for text in (alias, "[" * 5000 + "]" * 5000, "a: " + "{a: " * 40 + "1" + "}" * 40):
        assert faults(tmp_path, text)


def test_units() -> None:
    """Durations and rates as people write them; anything else is an error that shows the form."""
    assert duration("2h30m") == 9000 * SECOND
    assert duration("1d") == 86400 * SECOND
    assert rate("20/min") == (20, 60 * SECOND)
    for wrong in ("", "15", "m", "5 m", "-5m"):
        with pytest.raises(RouterError, match="expected a duration"):
            duration(wrong)


def test_schemas_know_every_key_and_no_other() -> None:
    """Editors complete what the reader takes, and mark what it does not."""
    known = schemas()
    assert set(known) == {"router", "rules"}
    assert known["router"]["additionalProperties"] is False
    assert "from" in json.dumps(known["rules"])


def test_the_shipped_rules_have_no_fault() -> None:
    """What we ship is what check accepts."""
    root = Path(__file__).parent.parent.parent
    rules, found = load_rules(rule_files(root / "rules"))
    assert (found, len(rules) > 5) == ([], True)


def test_check_prints_every_fault_and_ends_with_1(tmp_path: Path) -> None:
    """The command shows what load finds, as text and as JSON."""
    file = written(tmp_path, GOOD, RULES.replace("to: [oncall]", "two: [oncall]").replace("always", "'('"))
    done = subprocess.run(
        [sys.executable, "-m", "router", "check", str(file), "-o", "json"],
        capture_output=True,
        text=True,
        check=False,
        env={"TEAM_URL": "json://c.example/", "PATH": ""},
        cwd=Path(__file__).parent.parent.parent,
    )
    assert done.returncode == 1, done.stderr
    codes = {finding["code"] for finding in json.loads(done.stdout)["findings"]}
    assert {"Y011", "Y020"} <= codes


def test_a_channel_that_no_service_knows_is_a_fault_without_its_secret(tmp_path: Path) -> None:
    """With channels at hand, a URL is tried; what is said of it holds no part of it."""
    file = written(tmp_path, GOOD.replace("json://a.example/one", "slakc://hunter2/hunter2"))
    file.write_text(file.read_text().replace("${env:TEAM_URL}", "json://c.example/"), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_config(file)
    said = str(refused.value)
    assert "channels.oncall" in said
    assert "hunter2" not in said


def _file(folder: Path, text: str) -> Path:
    path = folder / "one.yaml"
    path.write_text(text, encoding="utf-8")
    return path
