"""Every fault of every file at once: none hides another, each once, each with its place and its words."""

import os
from pathlib import Path
from typing import Any

import pytest

from router.config import later, load, load_rules
from router.config.yaml import Document, parse
from router.errors import ConfigError

SETTINGS = "channels: {oncall: {url: 'json://h/'}}\nrules: [r.yaml]\n"


def said(folder: Path, settings: str = SETTINGS, rules: str = "rules: []\n") -> list[str]:
    """What is said of both files: ``file:line:column CODE message; fix``."""
    (folder / "router.yaml").write_text(settings)
    (folder / "r.yaml").write_text(rules)
    try:
        config = load(folder / "router.yaml", environ={})
    except ConfigError as error:
        return [
            f"{Path(one.place.file).name}:{one.place.line}:{one.place.column} {one.code} {one.message}"
            + (f"; {one.fix}" if one.fix else "")
            for one in error.findings
        ]
    assert config.findings == ()
    return []


def rule(keys: str) -> str:
    """A file with one rule that is right but for these keys."""
    return f"rules:\n  - name: a\n    when: always\n    to: [oncall]\n    {keys}\n"


def test_a_misspelt_key_is_one_fault(tmp_path: Path) -> None:
    """What stands under it is known: neither the rules nor the drill that name it are said to be wrong."""
    settings = SETTINGS.replace("channels", "chanels") + "drill: {channel: oncall}\n"
    assert said(tmp_path, settings, rule("stop: false")) == [
        "router.yaml:1:1 Y011 unknown key chanels; did you mean channels?"
    ]
    assert said(tmp_path, SETTINGS.replace("{url", "{uri")) == [
        "router.yaml:1:21 Y011 unknown key uri; did you mean url?"
    ]


@pytest.mark.parametrize(
    ("text", "open_bracket"),
    [("contains(Event, '('", "("), ("a[?b == ')'", "["), ("{a: b", "{"), ("a ==", "")],
)
def test_a_bracket_that_is_not_closed_is_named(tmp_path: Path, text: str, open_bracket: str) -> None:
    """One in a text is none."""
    [fault] = said(tmp_path, rules=f'rules:\n  - name: a\n    when: "{text}"\n    to: [oncall]\n')
    assert fault.endswith(f"the {open_bracket} is not closed") == bool(open_bracket)


def test_faults_of_every_kind_in_both_files_are_said_together(tmp_path: Path) -> None:
    """A value, a key, a name, a secret, a filter, a template, a missing key: none hides another."""
    settings = """http:
  listen: 8080
  tokn: x
sources:
  hook: {kind: webhok}
channels:
  oncall: {url: "${env:NOBODY}", rate: 20}
  duty: {urls: [], fallback: onkall, timeout: 12}
rules: [r.yaml, none/*.yaml]
retention: 2 weeks
"""
    rules = """defaults: {severity: urgent, to: [dutty]}
rules:
  - name: Job_Failed
    when: Event = 'OnJobFailed'
    stop: "yes"
  - name: b
    when: always
    hold: 5
    body: |
      fine
      {{ broken
  - when: always
    from: [hoook]
    labels: {team: 7}
    lables: {}
"""
    assert said(tmp_path, settings, rules) == [
        "r.yaml:1:22 Y010 defaults: severity: expected info or warning or critical, got 'urgent'",
        "r.yaml:1:35 C401 defaults: no channel is named dutty; did you mean duty?",
        "r.yaml:3:11 Y010 rule Job_Failed: name: expected a name in kebab-case such as job-failed, "
        "got 'Job_Failed'",
        "r.yaml:4:17 Y020 rule Job_Failed: when: not JMESPath: Bad jmespath expression: Unknown token '='"
        "; JMESPath writes ==",
        "r.yaml:5:11 Y010 rule Job_Failed: stop: expected true or false, got a text",
        "r.yaml:8:11 Y010 rule b: hold: expected a duration such as 90s, 15m or 2h30m, got 5",
        "r.yaml:11:7 T301 rule b: body: line 2: unexpected end of template, "
        "expected 'end of print statement'.",
        "r.yaml:12:5 Y010 rule: name is missing",
        "r.yaml:13:12 C401 rule: no source is named hoook; did you mean hook?",
        "r.yaml:14:20 Y010 rule: labels.team: expected a text, got a number; put it in quotes",
        "r.yaml:15:5 Y011 rule: unknown key lables; did you mean labels?",
        "router.yaml:2:11 Y010 http.listen: expected host:port such as 127.0.0.1:8080, got 8080",
        "router.yaml:3:3 Y011 unknown key tokn; did you mean token?",
        "router.yaml:5:16 Y010 sources.hook.kind: expected webhook or alertmanager or mns-queue or mns-push "
        "or file, got 'webhok'; did you mean webhook?",
        "router.yaml:7:18 Y013 channels.oncall.url: the environment has no NOBODY; "
        "export NOBODY=… in the terminal or the unit that it runs in",
        "router.yaml:7:40 Y010 channels.oncall.rate: expected a rate such as 20/min, got 20",
        "router.yaml:8:16 Y010 channels.duty.urls: it is empty",
        "router.yaml:8:30 C401 channels.duty.fallback: no channel is named onkall; did you mean oncall?",
        "router.yaml:8:47 Y010 channels.duty.timeout: expected a duration such as 90s, 15m or 2h30m, got 12",
        "router.yaml:9:17 Y014 rules: no file is found by none/*.yaml; "
        f"patterns are relative to {tmp_path.resolve()}",
        "router.yaml:10:12 Y010 retention: expected a duration such as 90s, 15m or 2h30m, got '2 weeks'",
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("[]", "1:1 Y010 expected keys with values, got a list"),
        ("", "1:1 Y010 rules is missing"),
        ("rules:", "1:7 Y010 rules: expected a list, got nothing"),
        ("rules: r.yaml", "1:8 Y010 rules: expected a list, got a text; put it in brackets: […]"),
        ("rules: [3]", "1:9 Y010 rules.0: expected a text, got a number; put it in quotes"),
        (
            "channels: {a_b: {url: 'json://h'}}",
            "1:12 Y010 channels.a_b: expected a name in kebab-case such as",
        ),
        ("channels: {a: {}}", "1:15 Y010 channels.a: a channel has either url or urls"),
        ("channels: {a: {urls: []}}", "1:22 Y010 channels.a.urls: it is empty"),
        ("channels: {a: {url: x, urls: [x]}}", "1:15 Y010 channels.a: a channel has either url or urls"),
        ("channels: {a: {url: ''}}", "1:21 Y010 channels.a.url: it is empty"),
        ("channels: {a: 5}", "1:15 Y010 channels.a: expected keys with values, got a number"),
        (
            "channels: {a: {url: x, max_unknown: 0}}",
            "1:37 Y010 channels.a.max_unknown: expected at least 1, got 0",
        ),
        ("channels: {a: {url: x, max_unknown: yes}}", "expected a whole number, got 'yes'"),
        ("channels: {a: {url: x, max_unknown: true}}", "expected a whole number, got true"),
        ("channels: {a: {url: x, storm: {groups: 0}}}", "expected at least 1, got 0"),
        ("channels: {a: {url: x, accept: 'a ='}}", "1:35 Y020 channels.a.accept: not JMESPath"),
        ("channels: {a: {url: x, accept: a == 0}}", "1:37 F109 channels.a.accept: 0 lacks its backticks"),
        ("channels: {a: {url: x, fallback: a}}", "1:34 C401 the fallbacks go in a circle: a → a"),
        ("sources: {a: {path: /x}}", "1:14 Y010 sources.a: kind is missing"),
        ("sources: {a: {kind: webhook, path: x}}", "1:36 Y010 sources.a.path: expected a path such as"),
        (
            "sources: {a: {kind: webhook, queue: x}}",
            "1:30 Y011 unknown key queue; there is catch_up, kind",
        ),
        (
            "sources: {a: {kind: webhook, path: /readyz}}",
            "C401 sources.a.path: the router itself",
        ),
        (
            "sources: {a: {kind: webhook}, b: {kind: mns-push, path: /v1/events/a}}",
            "1:57 C401 sources.b.path: the source a answers at /v1/events/a already",
        ),
        (
            "sources: {a: {kind: alertmanager, path: /x}, b: {kind: webhook, path: /x/api/v2/alerts}}",
            "1:71 C401 sources.b.path: the source a answers at /x/api/v2/alerts already",
        ),
        ("http: {listen: '0.0.0.0:80'}", "1:16 C401 http.listen: other machines can reach it"),
        ("http: {listen: ':80'}", "C401 http.listen: other machines can reach it"),
        ("http: {listen: '127.evil.example:80'}", "C401 http.listen: other machines can reach it"),
        ("http: {public_url: 'alerts.example.com'}", "1:20 Y010 http.public_url: expected an http or https"),
        ("http: {public_url: 'ftp://a.example'}", "http.public_url: expected an http or https address"),
        ("http: {public_url: 'https://a.example/x?y=1'}", "http.public_url: expected an http or https"),
        ("http: {public_url: 'https://me:pw@a.example'}", "http.public_url: expected an http or https"),
        ("http: {public_url: 'https://a.example:99999'}", "http.public_url: expected an http or https"),
        ("http: {listen: '[::1]:99999'}", "1:16 Y010 http.listen: expected host:port"),
        ("http: {listen: '::1:80'}", "1:16 Y010 http.listen: expected host:port"),
        ("http: {token: ''}", "1:15 Y010 http.token: it is empty"),
        ("egress: {'https://a/b': 'http://c'}", "1:10 Y010 egress.https://a/b: expected an origin such as"),
        ("egress: {'https://a': 'http://u:p@c'}", "1:23 Y010 egress.https://a: expected an origin such as"),
        ("http_client: {ca_file: none.pem}", "1:24 Y000 http_client.ca_file: No such file or directory"),
        ("http_client: {ca_file: r.yaml}", "1:24 Y000 http_client.ca_file: it holds no certificates"),
        ("http_client: {proxy: 'socks5://p:1'}", "1:22 Y010 http_client.proxy: write http://host:port"),
        ("retention: 0s", "1:12 Y010 retention: expected 1s to"),
        ("timezone: Mars", "1:11 Y010 timezone: expected a time zone such as Asia/Shanghai, got 'Mars'"),
        ("language: fr", "1:11 Y010 language: expected en or zh, got 'fr'"),
        (
            "time_intervals: {x: [{times: [{start: 9, end: '18:00'}]}]}",
            'expected a time such as "09:00", in quotes',
        ),
        ("time_intervals: {x: [{weekdays: [montag]}]}", "expected days such as monday:friday, got 'montag'"),
    ],
)
def test_a_fault_of_router_yaml(tmp_path: Path, settings: str, message: str) -> None:
    """What is wrong, where, and what was expected, in words of the file."""
    found = said(
        tmp_path, settings if "rules" in settings or len(settings) < 3 else f"{settings}\nrules: [r.yaml]"
    )
    assert any(message in one for one in found), found


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("mode: of", "5:11 Y010 rule a: mode: expected on or shadow or off, got 'of'; did you mean off?"),
        ("catch_all: 1", "5:16 Y010 rule a: catch_all: expected true or false, got a number"),
        ("from: hook", "5:11 Y010 rule a: from: expected a list, got a text; put it in brackets: […]"),
        ("title: [x]", "5:12 Y010 rule a: title: expected a text, got a list"),
        ("title: '{{ JobName'", "5:13 T301 rule a: title: line 1:"),
        ("formats: {sms: {bdy: x}}", "5:21 Y011 rule a: unknown key bdy; did you mean body?"),
        ("formats: {sms: {body: '{% if %}'}}", "5:28 T301 rule a: formats.sms.body: line 1:"),
        (
            "formats: {smss: {body: x}}",
            "5:15 C401 rule a: formats: no channel and no kind of channel",
        ),
        ("group_by: [Job..Id]", "5:20 Y020 rule a: group_by.0: not JMESPath"),
        ("resolve_when: Event = 'x'", "Y020 rule a: resolve_when: not JMESPath"),
        ("resolve_when: !x", "5:19 F109 resolve_when: YAML takes the ! at the beginning for itself"),
        ("key: ['a b']", "5:14 Y020 rule a: key.0: not JMESPath: Unexpected token: b"),
        ("expect: {event: 'Event ==', within: 2h}", "Y020 rule a: expect.event: not JMESPath"),
        ("expect: {event: Event}", "5:13 Y010 rule a: expect: within is missing"),
        (
            "count: {at_least: 5, within: 10m}\n    absent: {every: '0 3 * * *'}",
            "6:13 C401 rule a: absent and count",
        ),
        (
            "expect: {event: Event, within: 2h}\n    count: {at_least: 5, within: 10m}",
            "C401 rule a: expect and count exclude one another",
        ),
        (
            "absent: {every: '0 3 * * *'}\n    expect: {event: Event, within: 2h}",
            "C401 rule a: absent and expect exclude one another",
        ),
        ("count: {at_least: 1, within: 10m}", "5:23 Y010 rule a: count.at_least: expected at least 2, got 1"),
        ("absent: {every: nightly}", "5:21 Y010 rule a: absent.every: expected five fields of cron"),
        (
            "absent: {every: '0 24 * * *'}",
            "5:21 Y010 rule a: absent.every: there is no such hour: 0 24 * * *",
        ),
        ("absent: {every: '0 0 30 2 *'}", "absent.every: there is no such day-of-month: 0 0 30 2 *"),
        ("absent: {every: 0 3 * * *, grace: 30}", "absent.grace: expected a duration such as"),
        ("absent: {location: UTC}", "5:13 Y010 rule a: absent: every is missing"),
        ("absent: {every: '0 3 * * *', location: Mars}", "absent.location: expected a time zone"),
        ("repeat_interval: sometimes", "expected a duration such as 4h, or never, got 'sometimes'"),
        (
            "escalate: [{after: 15m, to: [boss]}]",
            "5:34 C401 rule a: no channel is named boss",
        ),
        ("escalate: [{after: 15m, to: []}]", "5:33 Y010 rule a: escalate.0.to: it is empty"),
        (
            "tests: [{name: t, given: [{channel: {name: boss, fails: {times: 1, with: refused}}}],"
            " expect: [{by: 0s, alerts: none}]}]",
            "C401 rule a: no channel is named boss",
        ),
        (
            "tests: [{name: t, given: [{event: OnJobFailed, source: hoook}],"
            " expect: [{by: 0s, alerts: none}]}]",
            "C401 rule a: no source is named hoook",
        ),
        ("inhibited_by: [{rule: b}]", "5:27 C401 rule a: no rule is named b"),
        ("inhibited_by: [{rule: a}]", "C401 rule a: inhibited_by goes in a circle: a → a"),
        ("mute_time_intervals: [night]", "5:27 C401 rule a: no time interval is named night; there is none"),
        ("tests: [{name: x}]", "5:13 Y010 rule a: tests.0: given is missing"),
        (
            "tests: [{name: x, given: [{event: OnJobFaild}], expect: [{by: 0s, alerts: none}]}]",
            "5:39 Y018 tests: no event is named OnJobFaild",
        ),
        (
            "tests: [{name: x, given: [{event: {file: no.json}}], expect: [{by: 0s, alerts: none}]}]",
            "Y018 tests: cannot read no.json: No such file or directory",
        ),
        (
            "tests: [{name: x, given: [{event: OnTaskFailed, with: {Job: {JobName: a}}}], "
            "expect: [{by: 0s, alerts: none}]}]",
            "5:65 Y018 tests: Job is no field of OnTaskFailed: the router joins what it last heard",
        ),
        (
            "tests: [{name: x, given: [{event: {Event: OnJobFailed}}], expect: [{by: 0s, alerts: none}]}]",
            "5:39 Y010 rule a: tests.0.given.0.event: expected the name of a documented event, "
            "or {file: event.json} with one of your own (fields alone stand under with:), "
            "got keys with values",
        ),
        (
            "tests: [{name: x, given: [{at: 1s}], expect: [{by: 0s, alerts: none}]}]",
            "5:31 Y010 rule a: tests.0.given.0: say either event or channel, and not both",
        ),
        (
            "tests: [{name: x, given: [{event: OnJobFailed}], expect: [{by: 0s, at: 1s, alerts: none}]}]",
            "Y010 rule a: tests.0.expect.0: say either by or at, and not both",
        ),
        (
            "tests: [{name: x, given: [{event: OnJobFailed}], expect: [{by: 0s, count: 1}]}]",
            "Y010 rule a: tests.0.expect.0: channel goes with count",
        ),
        (
            "tests: [{name: x, start: monday, given: [{event: OnJobRunning}], expect: [{by: 0s}]}]",
            "Y010 rule a: tests.0.start: expected a time such as 2026-01-05T03:00:00+08:00, got 'monday'",
        ),
    ],
)
def test_a_fault_of_a_rule(tmp_path: Path, keys: str, message: str) -> None:
    """The same for rules; keys of a later version have a form too."""
    found = said(tmp_path, SETTINGS, rule(keys))
    assert any(message in one for one in found), found


FORMS: dict[str, Any] = {
    "channels.*.formats": "{sms: {body: x}}",
    "channels.*.proxy": "'http://p:1'",
}


@pytest.mark.parametrize("key", list(later.SETTINGS))
def test_a_key_of_a_later_version_is_refused_and_nothing_else_is_said(tmp_path: Path, key: str) -> None:
    """Written as the language has it, its one fault is that it does not work yet; never is it ignored."""
    settings = "channels:\n  oncall:\n    url: 'json://h/'\nsources:\n  hook:\n    kind: webhook\n"
    settings += "http:\n  token: t\n"
    rules = rule("severity: info") + "  - {name: b, when: always, mode: shadow}\n"
    *outer, name = key.split(".")
    after = {"channels": "url: 'json://h/'\n", "sources": "kind: webhook\n", "http": "token: t\n"}
    indent = "    " if "*" in outer else "  " if outer else ""
    begins = settings.index(after[outer[0]]) + len(after[outer[0]]) if outer else 0
    settings = settings[:begins] + f"{indent}{name}: {FORMS[key]}\n" + settings[begins:]
    found = said(tmp_path, settings + "rules: [r.yaml]\n", rules)
    assert [f"Y012 {key.rpartition('.')[2]}" in one.replace("rule a: ", "") for one in found] == [True], found


def test_a_fault_of_the_defaults_is_said_once(tmp_path: Path) -> None:
    """Not again with each rule that takes them; the rules' own faults are."""
    rules = "defaults: {severity: bad, to: [nobody], title: '{{', labels: 5}\nrules:\n"
    rules += "".join(f"  - {{name: a{n}, when: always}}\n" for n in range(20)) + "  - {when: always}\n"
    assert [one.split(": ", 1)[0] for one in said(tmp_path, SETTINGS, rules)] == [
        "r.yaml:1:22 Y010 defaults",
        "r.yaml:1:32 C401 defaults",
        "r.yaml:1:49 T301 defaults",
        "r.yaml:1:62 Y010 defaults",
        "r.yaml:23:5 Y010 rule",
    ]


def test_defaults_hold_unless_a_rule_says_otherwise(tmp_path: Path) -> None:
    """A rule's own value takes the place of the whole default."""
    path = tmp_path / "r.yaml"
    path.write_text(
        "defaults: {severity: info, labels: {a: x, b: y}, mode: shadow}\n"
        "rules: [{name: a, when: always}, {name: b, when: always, labels: {c: z}, mode: off}]\n"
    )
    (first, second), findings = load_rules([path])
    assert (first.severity.word, first.labels, first.mode) == ("info", {"a": "x", "b": "y"}, "shadow")
    assert (second.severity.word, second.labels, second.mode) == ("info", {"c": "z"}, "off")
    assert findings == []


@pytest.mark.parametrize(
    "text", ["", "[]", "rules", "rules: {}", "rules:", "defaults: 5\nrules: []", "rules: [5]"]
)
def test_a_file_that_is_no_rule_file_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    """Whatever else it is: one fault, with its place."""
    path = tmp_path / "r.yaml"
    path.write_text(text)
    rules, findings = load_rules([path])
    assert rules == []
    assert [one.code for one in findings] == ["Y010"]


def test_what_has_a_fault_of_form_is_not_said_again(tmp_path: Path) -> None:
    """An anchor, an alias in the place of a value: one finding, not one for the value that is missing now."""
    rules = "rules:\n  - name: &x a\n    when: always\n    to: *x\n"
    assert [one.split(" ")[1] for one in said(tmp_path, SETTINGS, rules)] == ["Y003", "Y003"]


def test_circles_are_said_once(tmp_path: Path) -> None:
    """Of fallbacks and of inhibitions, wherever one enters them; what only leads there is no part of them."""
    channels = {"a": "b", "b": "c", "c": "b", "d": "e", "e": "d"}
    written = ", ".join(f"{name}: {{url: 'json://h/', fallback: {to}}}" for name, to in channels.items())
    found = said(tmp_path, f"channels: {{{written}}}\nrules: [r.yaml]\n")
    assert [one.partition("circle: ")[2] for one in found] == ["b → c → b", "d → e → d"]
    rules = "rules:\n" + "".join(
        f"  - {{name: {name}, when: always, mode: off, inhibited_by: [{{rule: {to}}}, {{rule: e}}]}}\n"
        for name, to in {"a": "b", "b": "c", "c": "a", "e": "z"}.items()
    )
    found = [one.partition("circle: ")[2] for one in said(tmp_path, SETTINGS, rules)]
    assert sorted(filter(None, found)) == ["a → b → c → a", "e → e"]


def test_files_stand_in_the_order_of_the_patterns_then_of_their_paths(tmp_path: Path) -> None:
    """Each file once, in byte order; a folder's name is no pattern, whatever letters it has."""
    folder = tmp_path / "[a]*"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.yaml", "B.yaml", "sub/c.yaml", "last.yaml", ".hidden.yaml"):
        rule_name = name.replace("/", "-").replace(".yaml", "").replace("B", "b2").strip(".")
        (folder / name).write_text(f"rules: [{{name: {rule_name}, when: always, mode: off}}]")
    (folder / "router.yaml").write_text("rules: [last.yaml, '**/*.yaml']")
    with pytest.raises(ConfigError, match="expected keys with values"):
        load(folder / "router.yaml")
    (folder / "settings").write_text("rules: [last.yaml, '**/*.yaml']")
    os.remove(folder / "router.yaml")
    config = load(folder / "settings")
    assert [one.name for one in config.policy.rules] == ["last", "b2", "b", "sub-c"]
    assert config.files[1] == folder / "last.yaml"


def test_on_and_off_may_come_as_true_and_false() -> None:
    """What people write who know YAML 1.1."""
    from router.config.rule_file import read_rules

    rules = read_rules(parse(Document("f", "rules: [{name: a, when: always, mode: true, to: [x]}]")))
    assert [one.rule.mode for one in rules if one.rule] == ["on"]
