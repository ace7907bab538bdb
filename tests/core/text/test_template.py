"""What rules' own templates can do, and what becomes of those that fail."""

from typing import Any

import pytest

from router.core.group import Reason
from router.core.message import Message
from router.core.rule import Rule, Texts
from router.core.text import KINDS, compile_template, names
from router.errors import RouterError
from tests.core.text.making import CAUSES, a_rule, notified, rendered, sample, told

FAILED = sample("OnInstanceFailed", ExitCode=137, ErrorMessage="killed & <gone>", Job={"JobName": "nightly"})


def body(template: str, data: dict[str, Any] | None = None, kind: str = "webhook", **keys: Any) -> str:
    """What a template makes of an event, where nothing but controls is escaped; it has no faults."""
    message = told(kind, template, FAILED if data is None else data, **keys)
    assert message.faults == ()
    return message.body


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ Event }} {{ ExitCode }} {{ Job.JobName }}", "OnInstanceFailed 137 nightly"),
        ("{{ event.id }} {{ event.source }} {{ event.time }}", "e-1 batch 2016-11-01T15:45:02.837728Z"),
        ("{{ event.Task }} {{ event['InstanceId'] }}", "Echo 0"),
        ("{{ rule }} {{ severity }} {{ reason }} {{ labels.team }}", "job-failed critical first render"),
        (
            "{{ group.key[0][:4] }} {{ group.count }} {{ group.new }} {{ group.resolved }}",
            "job- 1 1 0",
        ),
        (
            "{{ alerts[0].rule }} {{ alerts[0].state }} {{ alerts[0].count }} {{ alerts|length }}",
            "job-failed firing 1 1",
        ),
        ("{{ links.explain }}", "https://alerts.example.com/explain/n-1"),
        ("{{ ErrorCode }}|{{ none }}|{{ true }}|{{ [1, none, 'a'] }}", '||true|[1, null, "a"]'),
        ("{% if ExitCode > 128 %}signal {{ ExitCode - 128 }}{% else %}code{% endif %}", "signal 9"),
        (
            "{% for name, x in labels|dictsort %}{{ loop.index }} {{ name }}={{ x }}{% endfor %}",
            "1 team=render",
        ),
        ("{{ 'late' if ExitCode == 0 }}done", "done"),
        ("{{ Missing|default('nothing') }} {{ Missing is defined }} {{ Missing|length }}", "nothing false 0"),
        ("{% if Missing %}x{% endif %}{% for x in Missing %}x{% endfor %}ok", "ok"),
        (
            "{{ Event|replace('On', '') }} {{ Event.startswith('O') }} {{ 'a,b'.split(',')|join('+') }}",
            "InstanceFailed true a+b",
        ),
        (
            "{% set x = labels.get('team') %}{{ x }}: {{ 7 // 2 }} {{ 7 % 2 }} {{ 1.25|round(1) }}",
            "render: 3 1 1.2",
        ),
        (
            "{{ [3, 1, 2]|sort|join(' ') }} {{ [1, 2]|sum }} {{ [1, 2]|select('gt', 1)|list }}",
            "1 2 3 3 [2]",
        ),
        ("{{ '{{ 7*7 }}' }}", "{{ 7*7 }}"),
    ],
)
def test_a_template_sees_what_the_rules_promise(template: str, text: str) -> None:
    """Fields by name, the event whole, what the router knows of it, links; null is empty."""
    assert body(template) == text


def test_causes_are_told_with_their_counts() -> None:
    """``group.causes`` has text and count, the most frequent first."""
    template = "{% for cause in group.causes %}{{ cause.count }} {{ cause.text }}; {% endfor %}"
    said = body(template, causes=CAUSES[:2])
    assert said == "9870 exit code 137; 96 exit code 1: No space left on device;"


def test_links_are_empty_without_a_public_address() -> None:
    """A template may name a link that there is not."""
    assert body("[{{ links.ack }}]", links={}) == "[]"


def test_our_names_hide_an_event_s_own() -> None:
    """An event cannot take the name of what the router says; its own field is below ``event``."""
    assert (
        body("{{ rule }} {{ event.rule }} {{ event.id }}", {"rule": "forged", "id": "forged"})
        == "job-failed forged e-1"
    )


def test_a_field_may_have_the_name_of_a_method() -> None:
    """An event's field is meant before a method of the same name."""
    assert body("{{ data.items }} {{ data.get }}", {"data": {"items": 3, "get": "x"}}) == "3 x"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("slack", "*killed &amp; &lt;gone&gt;*"),
        ("webhook", "*killed & <gone>*"),
        ("discord", "*killed & \\<gone\\>*"),
        ("dingtalk", "*killed & ＜gone>*"),
    ],
)
def test_values_are_escaped_and_template_text_is_not(kind: str, text: str) -> None:
    """What an event says is text in the channel's markup; what the rule's author wrote is markup."""
    assert body("*{{ ErrorMessage }}*", kind=kind) == text


@pytest.mark.parametrize(
    "template",
    [
        "{% set x %}*{{ E }}*{% endset %}{{ x }}",
        "{% set x %}*{% endset %}{{ x ~ E ~ x }}",
        "{% set x %}*{% endset %}{% set y = x ~ E %}{{ y ~ x }}",
        "*{{ E ~ '' }}*",
        "*{{ [E]|join }}*",
        "*{{ E|string|trim|default('') }}*",
    ],
)
def test_escaping_survives_blocks_joins_and_filters(template: str) -> None:
    """A value is escaped once, however it reaches the text."""
    assert body(template, {"E": "<!channel>"}, kind="slack") == "*&lt;!channel&gt;*"


@pytest.mark.parametrize(
    "template",
    [
        "{% set x %}{{ E }}{% endset %}{{ x[1:] }}",
        "{% set x %}{{ E }}{% endset %}{{ x|replace('&lt;', '<')|replace('&gt;', '>') }}",
        "{% set x %}{{ E }}{% endset %}{{ x|replace('amp;', '') }}",
        "{% set x %}{{ E }}{% endset %}{{ [x, E]|join(x) }}",
        "{% set x %}{{ E }}{% endset %}{{ x|upper }}{{ x|reverse }}{{ x|first }}{{ x|list }}",
        "{% set x %}{{ E }}{% endset %}{{ x + E }}",
        "{% set x %}{{ E }}{% endset %}{% for c in x %}{{ c }}{% endfor %}",
        "{% set x %}{{ E }}{% endset %}{{ 'a{}'.replace }}{{ x.replace }}{{ x.unescape }}{{ x.striptags }}",
        "{{ E|safe }}",
        "{{ E|escape }}",
        "{{ E.__html__() }}",
        "{% autoescape false %}{{ E }}{% endautoescape %}",
        "{% filter upper %}{{ E }}{% endfilter %}",
    ],
)
@pytest.mark.parametrize("hostile", ["<!channel>", "&lt;!channel&gt;", "<http://evil.example|bank>"])
def test_nothing_takes_an_escape_away(template: str, hostile: str) -> None:
    """No filter, slice, method or block makes markup of an event's words."""
    rule = a_rule(body=template)
    said = rendered(notified({"E": hostile}, rule), "slack", rule).body.partition("\n<https")[0]
    assert "<" not in said
    assert ">" not in said


def test_text_of_an_event_is_never_a_template() -> None:
    """Template signs in an event stay as they are, in the built-in text too."""
    data = dict.fromkeys(FAILED, "{{ 7*7 }}{% for x in y %}") | {"Event": "OnInstanceFailed"}
    assert "{{ 7*7 }}{% for x in y %}" in body("{{ ErrorMessage }}", data)
    assert "49" not in rendered(notified(data), "email").body


@pytest.mark.parametrize(
    ("template", "marked", "fault"),
    [
        ("a {{ Mising }} b", "a ‹missing: Mising› b", "Mising is missing"),
        ("{{ Job.Nmae }}", "‹missing: Nmae›", "Nmae is missing"),
        ("{{ Foo.Bar.Baz }}", "‹missing: Foo›", "Foo is missing"),
        ("{{ Mising|upper }}", "‹missing: Mising›", "Mising is missing"),
        ("{{ 'x' ~ Mising }}", "x‹missing: Mising›", "Mising is missing"),
        ("{{ labels.Team }}", "‹missing: Team›", "Team is missing"),
        ("{{ Event|ago }}", "OnInstanceFailed", "ago: 'OnInstanceFailed' is not a time"),
    ],
)
def test_a_missing_value_shows_and_is_a_fault(template: str, marked: str, fault: str) -> None:
    """The text is sent, with a mark where the value should be, and the fault is on record."""
    message = told("webhook", template, FAILED)
    assert message.body == marked
    assert message.faults == (f"rule job-failed, body for webhook: {fault}",)


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ ExitCode / 0 }}", "ZeroDivisionError: division by zero"),
        ("{{ ExitCode + 'x' }}", "+ is for numbers; texts are joined with ~"),
        ("{{ Event.split('') }}", "ValueError: empty separator"),
        ("{{ Missing + 1 }}", "'Missing' is undefined"),
        ("{{ event.time|local('Mars/Base') }}", "ZoneInfoNotFoundError"),
    ],
)
def test_a_template_that_fails_leaves_the_built_in_text(template: str, fault: str) -> None:
    """A page is never lost to a template; what was wrong is on record."""
    built_in = rendered(notified(FAILED), "slack")
    message = told("slack", template, FAILED)
    assert message.body == built_in.body
    assert len(message.faults) == 1
    assert fault in message.faults[0]
    assert message.faults[0].endswith("the built-in text was used")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{", "line 1: unexpected 'end of template'"),
        ("ok\n{{ a b }}", "line 2: expected token 'end of print statement', got 'b'"),
        ("\n\n{% if x %}", "line 3: Unexpected end of template"),
        ("{{ x|nosuch }}", "line 1: No filter named 'nosuch'"),
        ("{{ x is nosuch }}", "line 1: No test named 'nosuch'"),
        ("{{ range(9) }}", "line 1: templates cannot call range(); use a filter"),
        ("{{ x.format(1) }}", "line 1: templates cannot call format(); use a filter"),
        ("{{ ''.__class__() }}", "line 1: templates cannot call __class__(); use a filter"),
        ("{% macro m() %}{% endmacro %}", "line 1: templates have no macro"),
        ("a\n{% include 'x' %}", "line 2: templates have no include"),
        ("{% import 'x' as y %}", "line 1: templates have no import"),
        ("{% extends 'x' %}", "line 1: templates have no extends"),
        ("{% block x %}{% endblock %}", "line 1: templates have no block"),
        ("{% for x in y recursive %}{% endfor %}", "line 1: templates have no recursive loops"),
        ("{% autoescape false %}{% endautoescape %}", "line 1: templates have no autoescape"),
        ("{{ 2 ** 3 }}", "line 1: templates have no pow"),
        ("{% set x | upper %}a{% endset %}", "line 1: a block of text is set without a filter"),
        ("{% set ns.x = 1 %}", "line 1: templates have no nsref"),
        ("{{ x|safe }}", "line 1: No filter named 'safe'"),
        ("x" * 16_385, "a template has at most 16,384 characters"),
        ("{{ " + "(" * 400 + "1" + ")" * 400 + " }}", ""),
        ("{{ " + "-" * 400 + "1 }}", "line 1: nests more than 60 deep"),
        ("{{ " + "9" * 5_000 + " }}", ""),
    ],
)
def test_a_template_that_cannot_be_is_refused_with_its_line(text: str, said: str) -> None:
    """What does not compile, or has what templates may not, says where and what."""
    with pytest.raises(RouterError) as refused:
        compile_template(text)
    assert refused.value.code == "template"
    assert refused.value.message.startswith(said)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "{{ ExitCode }} {{ Job.JobName }} {{ group.causes[0].text }}",
            {"ExitCode", "Job.JobName", "group.causes"},
        ),
        ("{{ event['Task'] }} {{ data.order.id }}", {"event.Task", "data.order.id"}),
        ("{% for c in group.causes %}{{ c.text }}{{ loop.index }}{% endfor %}", {"group.causes"}),
        ("{% set x = A %}{{ x }}{% if B is defined %}{{ C|default(D) }}{% endif %}", {"A", "B", "C", "D"}),
        ("{{ labels.get('team') }}", {"labels.get"}),
        ("plain", set[str]()),
    ],
)
def test_a_template_names_what_it_reads(text: str, found: set[str]) -> None:
    """Variables and fields by dotted paths; its own variables are not among them."""
    assert names(compile_template(text)) == found


def test_a_template_is_compiled_once() -> None:
    """The same text is the same template, for every kind."""
    assert compile_template("{{ a }}") is compile_template("{{ a }}")


def test_the_nearest_text_is_taken() -> None:
    """A channel's text comes before its kind's, a kind's before the rule's, each part by itself."""
    rule = Rule(
        "r",
        None,
        ("oncall",),
        texts=Texts(title="rule title", body="rule body"),
        formats={"slack": Texts(body="slack body"), "oncall": Texts(title="oncall title")},
    )
    notification = notified(FAILED, rule)
    slack, mail = rendered(notification, "slack", rule), rendered(notification, "email", rule)
    assert (slack.title, slack.body) == ("oncall title", "slack body")
    assert (mail.title, mail.body) == ("oncall title", "rule body")


def test_a_title_is_one_line_within_its_limit() -> None:
    """A title's line ends are spaces, and values are shortened until it fits."""
    data = {**FAILED, "ErrorMessage": "long " * 500}
    rule = a_rule(title="{{ Event }}\n\n{{ ErrorMessage }}")
    message = rendered(notified(data, rule), "slack", rule)
    assert message.title.startswith("OnInstanceFailed long long")
    assert message.title.endswith("…")
    assert "\n" not in message.title
    assert len(message.title) <= KINDS["slack"].title


def test_a_long_text_becomes_compact_before_it_is_given_up() -> None:
    """Values are shortened, the author's words stay; what cannot be made to fit is the built-in text."""
    data = {**FAILED, "Detail": "字" * 9_000}
    compact = told("wecom-text", "Detail: {{ Detail }} end", data)
    assert compact.body.startswith("Detail: 字字")
    assert compact.body.endswith("字… end")
    assert compact.faults == ()
    hopeless = told("wecom-text", "x" * 3_000, data)
    assert hopeless.body == rendered(notified(data), "wecom-text").body
    assert "it is too long even with short values" in hopeless.faults[0]


def test_a_title_alone_stands_above_the_built_in_text() -> None:
    """A rule's title is the first line of a short message, too."""
    rule = a_rule(title="ATTENTION {{ Task }}")
    message = rendered(notified(FAILED, rule), "sms", rule)
    assert message.body.splitlines()[:2] == ["ATTENTION Echo", "Error: killed & <gone>"]
    assert message.title == ""


def test_a_text_for_short_messages_stands_alone() -> None:
    """With a body of its own a short message is that body."""
    assert told("sms", "{{ Task }} “failed” – {{ ExitCode }}", FAILED).body == "Echo “failed” – 137"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_end_is_plain_whatever_a_rule_says(kind: str, language: str) -> None:
    """Own words that are the same at each telling get the built-in words for the end, in every kind."""
    word = {"en": "Resolved: ", "zh": "已恢复："}[language]
    for rule in (a_rule(title="{{ Task }} broke"), a_rule(title="{{ Task }} broke", body="look")):
        first = rendered(notified(FAILED, rule), kind, rule, language=language)
        end = rendered(notified(FAILED, rule, Reason.RESOLVED), kind, rule, language=language)
        assert _heading(first) == "Echo broke"
        assert _heading(end).removeprefix("✅ ") == f"{word}Echo broke"
        assert end.faults == ()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not KINDS[kind].title])
def test_the_end_is_plain_in_a_body_that_stands_alone(kind: str) -> None:
    """Where there is no title, a rule's own body says that it is over."""
    assert told(kind, "{{ Task }} broke", FAILED).body == "Echo broke"
    end = told(kind, "{{ Task }} broke", FAILED, reason=Reason.RESOLVED).body
    assert end.removeprefix("✅ ") == "Resolved: Echo broke"


@pytest.mark.parametrize(
    ("title", "end"),
    [
        ("[{{ reason }}] {{ Task }}", "[resolved] Echo"),
        ("{% if reason == 'resolved' %}OK{% else %}BAD{% endif %}: {{ Task }}", "OK: Echo"),
        ("{% if reason == 'repeat' %}still {% endif %}bad: {{ Task }}", "✅ Resolved: bad: Echo"),
    ],
)
def test_own_words_for_the_end_stand_alone(title: str, end: str) -> None:
    """Nothing is put before a title that comes out otherwise at the end; to read ``reason`` is not enough."""
    rule = a_rule(title=title)
    assert rendered(notified(FAILED, rule, Reason.RESOLVED), "slack", rule).title == end


def test_a_long_own_title_still_says_the_end() -> None:
    """Its values are shortened until the words for the end fit, too."""
    rule = a_rule(title="{{ ErrorMessage }}")
    data = {**FAILED, "ErrorMessage": "long " * 500}
    title = rendered(notified(data, rule, Reason.RESOLVED), "opsgenie", rule).title
    assert title.startswith("Resolved: long long")
    assert len(title) <= KINDS["opsgenie"].title


def _heading(message: Message) -> str:
    return message.title or message.body.split("\n")[0]
