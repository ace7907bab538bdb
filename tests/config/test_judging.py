"""Rules judged against what their sources can bring, and against one another."""

import json
from pathlib import Path

import pytest

from router.config import load
from router.config.judging import MOST
from router.errors import ConfigError, Finding

SOURCES = "{batch: {kind: mns-push}, hook: {kind: webhook}, shop: {kind: webhook, schema: order.json}}"
ORDER = {
    "type": "object",
    "properties": {"type": {"enum": ["order.paid", "order.failed"]}, "amount": {"type": "number"}},
    "required": ["type", "amount"],
    "additionalProperties": False,
}


STOP, LATER = "name: a, stop: true", "name: b"
FAILED, JOB = "when: \"State == 'Failed'\"", "when: \"Event == 'OnJobFailed'\""


def findings(folder: Path, *rules: str, sources: str = SOURCES) -> list[Finding]:
    """All that is said of these rules."""
    (folder / "order.json").write_text(json.dumps(ORDER))
    (folder / "router.yaml").write_text(
        f"sources: {sources}\nchannels: {{oncall: {{url: 'json://h/'}}}}\nrules: [r.yaml]\n"
    )
    body = "".join(f"  - {{{rule}, to: [oncall]}}\n" for rule in rules)
    (folder / "r.yaml").write_text(f"rules:\n{body}")
    try:
        return list(load(folder / "router.yaml", environ={}).findings)
    except ConfigError as error:
        return list(error.findings)


def codes(folder: Path, *rules: str) -> list[str]:
    """The codes alone."""
    return [finding.code for finding in findings(folder, *rules)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("name: a, from: [batch], when: \"type == 'x'\"", ["F102"]),
        ("name: a, from: [hook], when: \"type == 'x'\"", []),
        ("name: a, when: \"type == 'x'\"", []),
        ("name: a, from: [shop], when: \"type == 'order.failed' && amount > `10`\"", []),
        ("name: a, from: [batch, shop], when: \"Event == 'OnJobFailed' || type == 'order.failed'\"", []),
        ("name: a, when: \"State == 'Failed' && Category == 'Job' || type == 'order.failed'\"", []),
        ("name: a, from: [batch, shop], when: \"Event == 'OnJobFailed' || typ == 'order.failed'\"", ["F102"]),
        ("name: a, from: [shop], when: \"type == 'order.faild'\"", ["F103"]),
        ('name: a, from: [shop], when: "amout > `10`"', ["F102"]),
        ("name: a, from: [shop], when: \"amount == '10'\"", ["F104"]),
        ("name: a, from: [hook], when: \"Event == 'OnJobFaild'\"", ["F103"]),
        ("name: a, when: \"Event == 'OnJobFailed' && ExitCode == `1`\"", ["F105"]),
    ],
)
def test_a_filter_is_judged_by_what_its_sources_bring(tmp_path: Path, rule: str, expected: list[str]) -> None:
    """The catalogue for MNS, a schema where there is one, and nothing where nobody can know."""
    assert codes(tmp_path, rule) == expected


@pytest.mark.parametrize(
    ("first", "second", "is_found"),
    [
        (f"{STOP}, {FAILED}", f"{LATER}, when: \"Event == 'OnJobFailed' && State == 'Failed'\"", True),
        (f"{STOP}, when: always", f"{LATER}, {JOB}", True),
        (f"{STOP}, {JOB}", f"{LATER}, when: always", False),
        (f"{STOP}, from: [batch], when: always", f"{LATER}, {JOB}", False),
        (f"{STOP}, from: [batch], when: always", f"{LATER}, from: [batch], {JOB}", True),
        (f"{STOP}, mode: shadow, when: always", f"{LATER}, {JOB}", False),
        (f"{STOP}, mode: off, when: always", f"{LATER}, {JOB}", False),
        (f"{STOP}, catch_all: true, when: always", f"{LATER}, {JOB}", False),
        ("name: a, when: always", f"{LATER}, {JOB}", False),
        (f"{STOP}, from: [hook], when: type", f"{LATER}, from: [hook], when: type", True),
        (f"{STOP}, from: [hook], when: type", f"{LATER}, from: [hook], when: kind", False),
        (f"{STOP}, from: [hook], when: type", f"{LATER}, from: [hook], when: type && kind", True),
        (f"{STOP}, from: [hook], when: type || kind", f"{LATER}, from: [hook], when: kind", True),
        (f"{STOP}, from: [hook], when: length(type) || kind", f"{LATER}, from: [hook], when: kind", False),
        (f'{STOP}, when: "n > `3`"', f'{LATER}, when: "n > `5`"', True),
        (f'{STOP}, when: "n > `5`"', f'{LATER}, when: "n > `3`"', False),
        (f"{STOP}, {JOB}", f"{LATER}, {JOB}, absent: {{every: '0 3 * * *'}}", False),
    ],
)
def test_a_rule_that_another_hides_is_never_reached(
    tmp_path: Path, first: str, second: str, is_found: bool
) -> None:
    """Only where the earlier one surely takes all of it; never for shadow, off, or other sources."""
    assert ("R201" in codes(tmp_path, first, second)) is is_found


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("when: \"Event == 'OnInstanceFailed'\", resolve_when: \"Event == 'OnJobFinished'\"", []),
        ("when: \"Event == 'OnClusterDeleted'\", resolve_when: \"Event == 'OnJobFinished'\"", ["R202"]),
        (
            "when: \"Event == 'OnJobRunning'\", expect: {event: \"Event == 'OnClusterDeleted'\", within: 1h}",
            ["R202"],
        ),
        ("when: \"Event == 'OnJobFailed'\", key: [Task]", ["R202"]),
        ("when: \"Event == 'OnJobFailed'\", key: [JobId]", []),
        ("when: \"Event == 'OnJobFailed'\", inhibited_by: [{rule: z, equal: [ClusterId]}]", ["R202"]),
        ("when: \"Event == 'OnJobFailed'\", inhibited_by: [{rule: z, equal: [JobId]}]", []),
        ("when: \"Event == 'OnInstanceFailed'\", inhibited_by: [{rule: z, equal: [InstanceId]}]", ["R202"]),
        ("when: \"Event == 'OnInstanceFailed'\", inhibited_by: [{rule: z, equal: [Task]}]", []),
        (
            "when: \"Event == 'OnJobFailed'\", inhibited_by: [{rule: z, equal: ['JobName || Job.JobName']}]",
            [],
        ),
        ("when: \"State == 'Failed' && Category == 'Job'\", key: ['JobName || Job.JobName']", []),
        ("when: \"Event == 'OnJobFailed'\", key: [JobId, \"not_null(Task, '-')\"]", []),
        ("when: \"Event == 'OnJobFailed'\", key: ['Task || Job.JobName']", ["R202"]),
        ("when: \"Event == 'OnTaskFailed'\", key: [Job.JobNam]", ["R202"]),
        ("when: \"Event == 'OnTaskFailed'\", key: [Jobid]", ["R202"]),
        ("when: \"Event == 'OnTaskFailed'\", key: ['lower(JobName)']", ["R202"]),
    ],
)
def test_what_ends_an_alert_meets_its_key(tmp_path: Path, keys: str, expected: list[str]) -> None:
    """At least one part of the key is carried by both."""
    other = "name: z, when: \"Event == 'OnTaskFailed'\""
    assert codes(tmp_path, f"name: a, {keys}", other) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ Job.JobName or JobName }} {{ Job.get('x') }} {{ Job.JobName.upper() }}", []),
        ("{{ Job.JobNam }}", ["did you mean JobName?"]),
        ("{{ event.Job.JobNam }}", ["did you mean JobName?"]),
        ("{{ ExitCode.foo }}{{ event['Job'].JobName }}", []),
    ],
)
def test_a_template_names_what_a_job_has(tmp_path: Path, template: str, expected: list[str]) -> None:
    """What stands below another name is looked for, too, where any event that gets there has it."""
    said = findings(
        tmp_path, f"name: a, when: \"State == 'Failed' && Category == 'Job'\", title: {json.dumps(template)}"
    )
    assert [one.fix for one in said if one.code == "T301"] == expected


@pytest.mark.parametrize(
    "keys",
    [
        "count: {at_least: 2, within: 1m}",
        "hold: 1m",
        "expect: {event: \"type == 'y'\", within: 1h}",
        "resolve_when: \"type == 'y'\"",
    ],
)
def test_what_waits_or_ends_needs_a_key_where_the_catalogue_has_none(tmp_path: Path, keys: str) -> None:
    """Each event would be a trouble of its own, that nothing ends; Batch Compute's events have a default."""
    hook = "name: a, from: [hook], when: \"type == 'x'\""
    said = findings(tmp_path, f"{hook}, {keys}")
    assert [(one.code, one.level) for one in said] == [("C401", "error")]
    assert "it needs a key" in said[0].message
    assert codes(tmp_path, f"{hook}, {keys}, key: [data.order]") == []
    assert codes(tmp_path, hook) == []
    assert "C401" not in codes(tmp_path, f"name: a, from: [batch], {JOB}, {keys}")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("title: \"{{ JobName }} {{ event.id }} {{ group.count }} {{ labels.team }}\"", []),
        ('title: "{{ ExitCode }}"', ["T301"]),
        ("title: \"{{ event.JobName.upper() }} {{ event.time }} {{ JobId.split('-')[0] }}\"", []),
        ("title: \"{{ event.get('x') }} {{ group.key[0] }} {{ links.ack }} {{ event['a.b'] }}\"", []),
        ("body: \"{{ event.JobNam }}\"", ["T301"]),
        ("body: \"{% if links.ak %}{{ group.cnt }}{% endif %}\"", ["T301", "T301"]),
        ("body: \"{{ Job.JobName }}\"", ["T301"]),
        ("formats: {sms: {body: \"{{ JobNam }}\"}}", ["T301"]),
    ],
)  # fmt: skip
def test_a_template_names_what_its_events_have(tmp_path: Path, keys: str, expected: list[str]) -> None:
    """Fields of the events for which the filter can hold, and our own names."""
    assert codes(tmp_path, f"name: a, when: \"Event == 'OnJobFailed'\", {keys}") == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("title: \"{{ type }} {{ message }} {{ expected }} {{ tick|ago }} {{ last }} {{ rule }}\"", []),
        ('title: "{{ JobName }}"', ["T301"]),
        ("formats: {sms: {body: \"{{ missed }}\"}}", ["T301"]),
        ("inhibited_by: [{rule: z, equal: [JobId]}]", ["R202"]),
    ],
)  # fmt: skip
def test_a_rule_with_absent_tells_of_an_event_of_our_own(
    tmp_path: Path, keys: str, expected: list[str]
) -> None:
    """Its templates name what the router says, not what its filter picks."""
    rule = f"name: a, when: \"Event == 'OnJobFinished'\", absent: {{every: '0 3 * * *'}}, {keys}"
    assert codes(tmp_path, rule, "name: z, when: \"Event == 'OnTaskFailed'\"") == expected


def test_a_rule_that_takes_everything_of_a_source_leaves_nothing_unheard(tmp_path: Path) -> None:
    """Also when it names its sources."""
    findings(tmp_path, "name: a, from: [batch, shop], when: always")
    assert load(tmp_path / "router.yaml", environ={}).unheard() == []


def test_what_reaches_nobody_is_one_remark(tmp_path: Path) -> None:
    """For sources of Batch Compute; said by check, with the list."""
    findings(tmp_path, "name: a, when: \"Event != 'OnJobRunning' && Event != 'OnJobWaiting'\"")
    [remark] = load(tmp_path / "router.yaml", environ={}).unheard()
    assert (remark.code, remark.level) == ("R203", "info")
    assert remark.message.startswith("2 of the events")
    assert "OnJobWaiting, OnJobRunning" in remark.message
    findings(tmp_path, "name: a, when: always")
    assert load(tmp_path / "router.yaml", environ={}).unheard() == []


@pytest.mark.parametrize(
    ("rule", "fix"),
    [
        ("title: '{{ JobNam }}'", "did you mean JobName?"),
        (
            "title: '{{ Colour }}'",
            "there is Category, CreationTime, EndTime, Event, JobId, JobName, Message, StartTime, State",
        ),
        (
            "absent: {every: '0 3 * * *'}, title: '{{ JobName }}'",
            "there is expected, last, message, rule, tick, type",
        ),
    ],
)
def test_a_template_is_told_what_was_meant(tmp_path: Path, rule: str, fix: str) -> None:
    """The field that is near, or all that there are."""
    [finding] = findings(tmp_path, f"name: a, when: \"Event == 'OnJobFailed'\", {rule}")
    assert (finding.code, finding.fix) == ("T301", fix)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (['name: a, when: "ExitCode == `3`"', "name: b, when: amount, from: [shop]"], ""),
        (["name: a, when: always, from: [batch]"], "events of shop"),
        (["name: a, when: amount, from: [shop]", "name: b, when: Event, from: [batch]"], ""),
        (["name: a, when: amount, from: [shop]", "name: b, when: Retry, resolve_when: Event"], ""),
    ],
)
def test_what_a_schema_adds_is_heard(tmp_path: Path, rules: list[str], said: str) -> None:
    """A field that a schema adds counts, and what only ends something, whatever ``from`` says."""
    fields = {"ExitCode": {"type": "number"}, "Retry": {"type": "boolean"}}
    added = {"type": "object", "properties": fields}
    (tmp_path / "more.json").write_text(json.dumps(added))
    sources = "{batch: {kind: mns-push, schema: more.json}, shop: {kind: webhook, schema: order.json}}"
    findings(tmp_path, *rules, sources=sources)
    found = load(tmp_path / "router.yaml", environ={}).unheard()
    assert "".join(one.message.partition(": ")[2] for one in found) == said


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is no JSON"), ("[]", "expected an object"), (None, "cannot read")]
)
def test_a_schema_that_cannot_be_read_is_said(tmp_path: Path, text: str | None, said: str) -> None:
    """With its place."""
    sources = "{shop: {kind: webhook, schema: other.json}}"
    if text is not None:
        (tmp_path / "other.json").write_text(text)
    [finding] = findings(tmp_path, "name: a, when: always", sources=sources)
    assert (finding.code, finding.place.line) == ("Y016", 1)
    assert said in finding.message


def test_a_thousand_faulty_rules_are_not_judged_for_ever(tmp_path: Path) -> None:
    """After so many findings the rest is said to be unjudged; a rule file stays quick to check."""
    rules = [f"name: r-{n}, when: \"Event == 'OnJobFailed' && Exitcod == `{n}`\"" for n in range(MOST + 9)]
    found = findings(tmp_path, *rules)
    assert [finding.code for finding in found].count("F102") == MOST
    [last] = [finding for finding in found if finding.code == "Y017"]
    assert last.message.startswith(f"rule r-{MOST}: more than {MOST} findings")
