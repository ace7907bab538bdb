"""A whole alertmanager.yml, and what comes of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from router.config import load_rules
from router.config.alertmanager import Imported, import_file
from router.config.alertmanager.matchers import Matcher, parse
from router.config.alertmanager.routes import read_matchers
from router.config.alertmanager.source import Source
from router.config.load import load
from router.core.rule import Rule
from router.errors import ConfigError
from tests.config.alertmanager.test_matchers import meets

FILES = sorted((Path(__file__).parent / "files").glob("*.yml"))
BY_NAME = {file.stem: file for file in FILES}


def written(folder: Path, imported: Imported) -> Path:
    """Both files, and the file that an address is read from; the path of router.yaml."""
    (folder / "rules").mkdir()
    (folder / "rules/alertmanager.yaml").write_text(imported.rules, encoding="utf-8")
    (folder / "router.yaml").write_text(imported.settings, encoding="utf-8")
    (folder / "slack-url").write_text("https://hooks.slack.com/services/A/B/C", encoding="utf-8")
    return folder / "router.yaml"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_written_is_a_sound_configuration(file: Path, tmp_path: Path) -> None:
    """check finds no error in it once the variables are set, and no secret was copied."""
    imported = import_file(file)
    config = load(written(tmp_path, imported), environ=dict.fromkeys(imported.variables, "json://127.0.0.1/"))
    assert [str(one) for one in config.findings if one.level == "error"] == []
    shown = imported.settings + imported.rules + "".join(map(str, imported.findings))
    assert "hush" not in shown


def receivers(
    tree: dict[str, Any], labels: dict[str, str], source: Source, way: tuple[Any, ...]
) -> list[str]:
    """As Alertmanager's ``dispatch.Route.Match`` goes through the tree."""
    matchers: list[Matcher] | None = read_matchers(source, way)
    if matchers is None or not all(meets(matcher, labels) for matcher in matchers):
        return []
    found: list[str] = []
    for number, child in enumerate(tree.get("routes", [])):
        inner = receivers({"receiver": tree["receiver"]} | child, labels, source, (*way, "routes", number))
        found += inner
        if inner and not child.get("continue"):
            break
    return found or [tree["receiver"]]


def told(rules: list[Rule], labels: dict[str, str]) -> list[str]:
    """The channels, as rules in their order tell them."""
    found: list[str] = []
    for rule in rules:
        if rule.when is None or rule.when.holds({"status": "firing", "labels": labels}):
            shadow = rule.mode == "shadow"
            found += [] if shadow else list(rule.to)
            if rule.stop and not shadow:
                break
    return found


_VALUES = {
    "severity": ["critical", "warning", "none"],
    "team": ["db", "web", "ops", "it's."],
    "service": ["foo1", "files", "database"],
    "owner": ["team-X", "team-Y"],
    "tenant": ["5"],
    "quiet": ["yes"],
    "env": ["dev1", "prod"],
    "namespace": ["n"],
}
_LABELS = st.fixed_dictionaries({}, optional={name: st.sampled_from(v) for name, v in _VALUES.items()})
_RULES: dict[str, list[Rule]] = {}


def rules_of(file: Path, folder: Path) -> list[Rule]:
    """Of the imported file; read once."""
    if file.stem not in _RULES:
        path = folder / f"{file.stem}.yaml"
        path.write_text(import_file(file).rules, encoding="utf-8")
        _RULES[file.stem] = load_rules([path])[0]
    return _RULES[file.stem]


@settings(deadline=None)
@given(_LABELS, st.sampled_from(FILES))
def test_the_rules_tell_whom_the_tree_tells(
    tmp_path_factory: pytest.TempPathFactory, labels: dict[str, str], file: Path
) -> None:
    """First match, continue, parents and receivers that tell nobody: alert by alert as Alertmanager."""
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    silent = {one["name"] for one in tree["receivers"] if len(one) == 1}
    expected = [
        name for name in receivers(tree["route"], labels, Source(file), ("route",)) if name not in silent
    ]
    assert told(rules_of(file, tmp_path_factory.getbasetemp()), labels) == [name.lower() for name in expected]


def test_times_and_groups_are_inherited(tmp_path: Path) -> None:
    """A child says only what differs; ours are Alertmanager's defaults elsewhere."""
    rules = {rule.name: rule for rule in rules_of(BY_NAME["old"], tmp_path)}
    chat = rules["chat-critical-5"]
    assert (chat.group_wait, chat.group_interval) == (30_000_000, 7 * 86400 * 1_000_000)
    assert chat.repeat_interval == 2_000_000
    assert rules["chat-warning-5"].group_interval == 300_000_000
    assert [one.rule for one in rules["chat-warning-5"].inhibited_by] == ["chat-critical-5"]


def test_everything_that_is_lost_is_listed(tmp_path: Path) -> None:
    """Each with its line, in the findings and in router.yaml."""
    imported = import_file(BY_NAME["old"])
    said = {one.message.split(":")[0]: one.place.line for one in imported.findings}
    assert said == {
        "global.resolve_timeout": 2,
        "route.routes.0.repeat_interval": 12,
        "inhibit_rules.0": 17,
        "receivers.0.slack_configs.0.title": 24,
        "receivers.1": 26,
    }
    assert all(f"old.yml:{line}: {way}" in imported.settings for way, line in said.items())


def test_intervals_come_along_under_our_names(tmp_path: Path) -> None:
    """Also those of the older key; one that is not there is listed."""
    imported = import_file(BY_NAME["nights"])
    path = written(tmp_path, imported)
    config = load(path, environ=dict.fromkeys(imported.variables, "json://127.0.0.1/"))
    assert set(config.settings.time_intervals) == {"workdays", "nights"}
    [ops] = [rule for rule in rules_of(BY_NAME["nights"], tmp_path) if rule.to == ("ops",)]
    assert (ops.mute_time_intervals, ops.active_time_intervals) == (("nights",), ("workdays",))
    assert any("mute_time_intervals" in one.message for one in imported.findings)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nroute: {receiver: *b}\n", "Y003"),
        ("route: !!python/object:os.system {}\n", "Y005"),
        ("route: " + "[" * 5000, "Y004"),
        ("receivers: []\n", "Y010"),
        ("route: {receiver: gone}\n", "A001"),
    ],
)
def test_a_hostile_file_is_refused_with_its_place(text: str, code: str, tmp_path: Path) -> None:
    """Aliases that multiply, tags, nesting without end, and what is no alertmanager.yml."""
    (tmp_path / "a.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        import_file(tmp_path / "a.yml")
    assert code in {one.code for one in caught.value.findings}


_ANY: Any = st.recursive(
    st.sampled_from([None, True, 3, "a", "x=y", "${env:X}", "\n#", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "route",
                    "receiver",
                    "routes",
                    "match",
                    "matchers",
                    "continue",
                    "group_by",
                    "group_wait",
                    "receivers",
                    "name",
                    "slack_configs",
                    "email_configs",
                    "time_intervals",
                    "times",
                    "inhibit_rules",
                    "source_match",
                    "equal",
                    "global",
                    "channel",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(_ANY, _ANY, _ANY, _ANY)
def test_no_form_of_a_file_is_a_crash(
    tmp_path_factory: pytest.TempPathFactory, route: Any, receiver: Any, inhibition: Any, intervals: Any
) -> None:
    """Whatever stands where something else should: rules that can be read, or findings."""
    folder = tmp_path_factory.getbasetemp()
    whole = {
        "route": {"receiver": "a", "routes": [route]},
        "receivers": [{"name": "a", "slack_configs": [receiver]}, receiver],
        "inhibit_rules": [inhibition],
        "time_intervals": intervals,
    }
    (folder / "any.yml").write_text(json.dumps(whole), encoding="utf-8")
    imported = import_file(folder / "any.yml")
    (folder / "any.yaml").write_text(imported.rules, encoding="utf-8")
    assert [str(one) for one in load_rules([folder / "any.yaml"])[1] if one.level == "error"] == []


def test_the_example_of_the_page_holds(tmp_path: Path) -> None:
    """docs/from-alertmanager.md shows just what comes of its file."""
    page = (Path(__file__).parents[3] / "docs/from-alertmanager.md").read_text(encoding="utf-8")
    given_file, settings, rules = re.findall(r"```yaml\n(.*?)```", page, re.S)
    (tmp_path / "alertmanager.yml").write_text(given_file, encoding="utf-8")
    imported = import_file(tmp_path / "alertmanager.yml")
    assert (imported.settings, imported.rules.rstrip()) == (settings, rules.rstrip())


def test_a_root_that_no_alert_reaches_becomes_no_rule(tmp_path: Path) -> None:
    """The route below it takes all: a rule that can never match would be refused."""
    whole = {
        "route": {"receiver": "a", "routes": [{"receiver": "a", "continue": True}]},
        "receivers": [
            {"name": "a", "slack_configs": [{"api_url": "https://hooks.slack.com/services/T/B/x"}]}
        ],
    }
    (tmp_path / "any.yml").write_text(json.dumps(whole), encoding="utf-8")
    (tmp_path / "any.yaml").write_text(import_file(tmp_path / "any.yml").rules, encoding="utf-8")
    rules, findings = load_rules([tmp_path / "any.yaml"])
    assert (findings, [rule.name for rule in rules]) == ([], ["a"])


def test_a_file_of_which_no_rule_is_left_can_be_read(tmp_path: Path) -> None:
    """The route that takes all has no receiver: an empty list of rules, and a finding."""
    rules, _, imported = imported_of(tmp_path, [{"receiver": "gone"}])
    assert rules == []
    assert ["no such receiver" in one.message for one in imported.findings].count(True) == 1


def imported_of(folder: Path, routes: list[Any], **more: Any) -> tuple[list[Rule], list[str], Imported]:
    """The rules of these routes below a root for ``a``, what check says of them, and all that was made."""
    receivers = [{"name": name, "webhook_configs": [{"url": f"http://{name}"}]} for name in "ab"]
    whole = {
        "route": {"receiver": "a", "routes": routes},
        "receivers": [*receivers, {"name": "none"}],
        **more,
    }
    (folder / "any.yml").write_text(json.dumps(whole), encoding="utf-8")
    imported = import_file(folder / "any.yml")
    config = load(written(folder, imported), environ=dict.fromkeys(imported.variables, "json://127.0.0.1/"))
    return list(config.policy.rules), [str(one) for one in config.findings], imported


def test_routes_that_overlap_become_rules_without_a_remark(tmp_path: Path) -> None:
    """What cannot meet a rule is not left out by it, and what always does is not asked for again."""
    routes = [
        {"receiver": "none", "matchers": ['team="db"']},
        {"receiver": "b", "matchers": ['team="web"', 'team!="ops"'], "continue": True},
        {"receiver": "b", "match": {"team": "web", "env": "prod"}},
    ]
    rules, said, _ = imported_of(tmp_path, [*routes, {"receiver": "b", "match_re": {"team": "ops|sea"}}])
    assert said == []
    assert [rule.when.text for rule in rules[1:3] if rule.when] == [
        "labels.team == 'web'",
        "labels.team == 'web' && labels.env == 'prod'",
    ]


def test_a_route_that_no_alert_reaches_is_listed(tmp_path: Path) -> None:
    """An earlier one takes all of its alerts, or its matchers contradict one another; as in Alertmanager."""
    below = {"receiver": "a", "matchers": ['team="ops"']}
    routes = [
        {"receiver": "none", "matchers": ['team=~"db.*"']},
        {"receiver": "b", "matchers": ['team="db1"', 'env="prod"']},
        {"receiver": "b", "matchers": ['team="web"'], "routes": [below]},
    ]
    rules, said, imported = imported_of(tmp_path, routes)
    assert said == []
    assert [rule.name for rule in rules] == ["none", "b-web", "everything-else"]
    lost = [one.message.split(":")[0] for one in imported.findings if "no alert comes" in one.message]
    assert lost == ["route.routes.1", "route.routes.2.routes.0"]


def test_what_an_earlier_rule_takes_is_not_inhibited_in_part(tmp_path: Path) -> None:
    """The root never sees it; labels that are missing on both sides are equal."""
    routes = [{"receiver": "a", "matchers": [f'alertname="{name}"']} for name in ("NodeDown", "CpuHigh")]
    by = {"source_match": {"alertname": "NodeDown"}, "target_match": {"alertname": "CpuHigh"}}
    rules, _, imported = imported_of(tmp_path, routes, inhibit_rules=[by | {"equal": ["instance"]}])
    assert not [one for one in imported.findings if "inhibit" in one.message]
    [inhibition] = rules[1].inhibited_by
    assert inhibition.rule == "a-nodedown"
    assert [inhibition.equal[0].search({"labels": one}) for one in ({}, {"instance": "x"})] == ["-", "x"]


def test_an_empty_group_by_is_that_of_the_parent(tmp_path: Path) -> None:
    """As in Alertmanager, where an empty list says nothing."""
    inner = {"group_by": [], "matchers": ["b=c"]}
    outer = {"group_by": ["job"], "matchers": ["a=b"], "routes": [inner]}
    rules, *_ = imported_of(tmp_path, [outer])
    assert [[one.text for one in rule.group_by or ()] for rule in rules[:2]] == [["labels.job"]] * 2


def test_who_is_not_told_of_an_end_by_alertmanager_is_not_told_here(tmp_path: Path) -> None:
    """Where a receiver says nothing, its kind decides."""
    receivers: list[Any] = [{"name": "a", "rocketchat_configs": [{}]}, {"name": "b", "webhook_configs": [{}]}]
    rules, *_ = imported_of(tmp_path, [{"receiver": "b", "matchers": ["a=b"]}], receivers=receivers)
    assert {channel: rule.send_resolved for rule in rules for channel in rule.to} == {"a": False, "b": True}


def test_a_webhook_is_said_to_get_another_body(tmp_path: Path) -> None:
    """What receives Alertmanager's must be changed; its other keys are listed all the same."""
    hook = {"url": "http://hook", "max_alerts": 3}
    receivers = [{"name": "a", "webhook_configs": [hook]}, {"name": "b"}, {"name": "none"}]
    *_, imported = imported_of(tmp_path, [], receivers=receivers)
    lost = {one.message.split(": ")[0].split(".")[-1]: one.message for one in imported.findings}
    assert "not Alertmanager's" in lost["url"]
    assert (set(lost), imported.variables) == ({"url", "max_alerts"}, {"A_WEBHOOK_URL": "json://HOST/PATH"})


def test_a_room_beside_the_file_of_a_url_is_listed(tmp_path: Path) -> None:
    """The URL says where it goes; nothing is dropped without a word."""
    slack = {"api_url_file": "slack-url", "channel": "#sre"}
    receivers = [{"name": "a", "slack_configs": [slack]}, {"name": "b"}, {"name": "none"}]
    *_, imported = imported_of(tmp_path, [], receivers=receivers)
    assert [one.message.split(": ")[0] for one in imported.findings] == [
        "receivers.0.slack_configs.0.channel"
    ]


def test_what_is_source_and_target_at_once_is_not_held_back_by_its_like(tmp_path: Path) -> None:
    """As in Alertmanager: two critical alerts of team web would keep one another silent."""
    inhibition = {"source_matchers": ['severity="critical"'], "target_matchers": ['team="web"']}
    critical: dict[str, Any] = {"receiver": "b", "matchers": ['severity="critical"'], "continue": True}
    web = {"receiver": "a", "matchers": ['team="web"']}
    rules, _, imported = imported_of(tmp_path, [critical, web], inhibit_rules=[inhibition])
    assert [rule.inhibited_by for rule in rules] == [(), (), ()]
    [lost] = [one.message for one in imported.findings if "inhibit" in one.message]
    assert "is not carried over" in lost


def test_what_is_a_target_alone_is_held_back_by_what_is_both(tmp_path: Path) -> None:
    """The rule that takes all critical alerts stops: none of them comes to the rule of team web."""
    inhibition = {"source_matchers": ['severity="critical"'], "target_matchers": ['team="web"']}
    routes = [
        {"receiver": "b", "matchers": ['severity="critical"']},
        {"receiver": "a", "matchers": ['team="web"']},
    ]
    rules, said, imported = imported_of(tmp_path, routes, inhibit_rules=[inhibition])
    assert (said, [[one.rule for one in rule.inhibited_by] for rule in rules]) == (
        [],
        [[], ["b-critical"], []],
    )
    [lost] = [one.message for one in imported.findings if "inhibit" in one.message]
    assert "in part" in lost


def test_a_source_that_tells_nobody_is_listed(tmp_path: Path) -> None:
    """Alertmanager lets it inhibit; what is in shadow inhibits nothing here."""
    inhibition = {"source_matchers": ['kind="source"'], "target_matchers": ['kind="target"']}
    routes = [
        {"receiver": "none", "matchers": ['kind="source"', 'env="test"']},
        {"receiver": "b", "matchers": ['kind="source"']},
        {"receiver": "a", "matchers": ['kind="target"']},
    ]
    rules, _, imported = imported_of(tmp_path, routes, inhibit_rules=[inhibition])
    assert [one.rule for one in rules[2].inhibited_by] == ["b-source"]
    [lost] = [one.message for one in imported.findings if "inhibit" in one.message]
    assert "tell nobody" in lost


_ASKED = ['severity="critical"', 'severity="warning"', 'severity!="critical"', 'team="web"', 'team=~"web|db"']
_SIDE = st.lists(st.sampled_from(_ASKED), min_size=1, max_size=2)
_LEAF: Any = st.fixed_dictionaries(
    {"receiver": st.sampled_from(["a", "b", "none"]), "matchers": _SIDE, "continue": st.booleans()}
)
_TREE: Any = st.tuples(_LEAF, st.lists(_LEAF, max_size=2)).map(lambda both: both[0] | {"routes": both[1]})
_INHIBITION = st.fixed_dictionaries(
    {"source_matchers": _SIDE, "target_matchers": _SIDE, "equal": st.sampled_from([[], ["team"]])}
)
_ALERTS = [
    {name: value for name, value in (("severity", severity), ("team", team)) if value}
    for severity in ("critical", "warning", "")
    for team in ("web", "db", "")
]


def inhibits(inhibition: dict[str, list[str]], by: dict[str, str], target: dict[str, str]) -> bool:
    """As Alertmanager's ``inhibit.Inhibitor.Mutes``, with ``excludeTwoSidedMatch``."""

    def is_on(side: str, labels: dict[str, str]) -> bool:
        return all(meets(parse(written)[0], labels) for written in inhibition[f"{side}_matchers"])

    both = is_on("source", target) and is_on("target", by)
    equal = all(by.get(name, "") == target.get(name, "") for name in inhibition["equal"])
    return is_on("source", by) and is_on("target", target) and equal and not both


def takers(rules: list[Rule], labels: dict[str, str]) -> list[Rule]:
    """The rules that take an alert."""
    found: list[Rule] = []
    for rule in rules:
        if rule.when is None or rule.when.holds({"status": "firing", "labels": labels}):
            found.append(rule)
            if rule.stop and rule.mode != "shadow":
                break
    return found


@settings(deadline=None)
@given(st.lists(_TREE, max_size=3), st.lists(_INHIBITION, min_size=1, max_size=2))
def test_nothing_is_held_back_that_alertmanager_would_tell(
    tmp_path_factory: pytest.TempPathFactory, routes: list[Any], inhibitions: list[Any]
) -> None:
    """And where it would hold back and we do not, it is listed: alert by alert, over any routes."""
    folder = tmp_path_factory.mktemp("inhibition")
    try:
        rules, _, imported = imported_of(folder, routes, inhibit_rules=inhibitions)
    except ConfigError:
        # Of routes that contradict one another `check` still finds some that no alert reaches.
        reject()
    lost = {one.message.split(":")[0] for one in imported.findings}
    taken = [(labels, rule) for labels in _ALERTS for rule in takers(rules, labels)]
    for target, rule in taken:
        for by, other in taken:
            due = {f"inhibit_rules.{n}" for n, one in enumerate(inhibitions) if inhibits(one, by, target)}
            held = any(
                one.rule == other.name
                and all(part.search({"labels": by}) == part.search({"labels": target}) for part in one.equal)
                for one in rule.inhibited_by
            )
            assert due or not held
            assert held or not due or due & lost or rule.mode == "shadow"
