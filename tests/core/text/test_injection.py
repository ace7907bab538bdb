"""Hostile words in any field of any event do nothing in any channel."""

import re
from typing import Any

import pytest

from router.core.catalogue import EVENTS
from router.core.notification import Cause
from router.core.text import KINDS
from tests.core.text.corpus import CORPUS, LINKS, MORE_PINGS, PINGS
from tests.core.text.making import a_rule, notified, rendered, sample
from tests.core.text.test_dialects import faults_of

#: Words of ours that the built-in texts put around an event's: markup, links and labels.
_CODE = r"```\n[^`]*\n```|`[^`\n]*`"
_OURS = {
    "slack": re.compile(rf"{_CODE}|<https://alerts\.example\.com/[^|>]*\|[^>]*>|\*[^*\n]{{1,60}}:\*"),
    "discord": re.compile(
        rf"{_CODE}|\[[^\[\]]*\]\(<https://alerts\.example\.com/[^>]*>\)|\*\*[^*\n]{{1,60}}:\*\*"
    ),
    "dingtalk": re.compile(
        r"\[[^\[\]]*\]\(https://alerts\.example\.com/[^)]*\)|\*\*[^*\n]{1,60}:\*\*|(?m:^- )"
    ),
}
#: One kind of each dialect, and the mail for its HTML.
_KINDS = ("slack", "discord", "dingtalk", "telegram", "sms", "email")


def acting(kind: str, text: str) -> list[str]:
    """What acts in a rendered text, when our own markup is taken away."""
    ours = _OURS.get(kind)
    return faults_of(KINDS[kind].dialect, ours.sub(" ", text) if ours else text)


def every_event() -> dict[str, dict[str, Any]]:
    """Every kind of event."""
    known = {name: sample(name) for name in EVENTS}
    known["OnInstanceFailed"]["ExitCode"] = 137
    cloud_event = {"type": "x", "data": {"a": "b"}, "id": "1"}
    return {**known, "CloudEvent": cloud_event, "JSON": {"title": "t", "x": {"y": "z"}}}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("data", every_event().values(), ids=every_event())
def test_no_field_of_an_event_acts_in_the_built_in_text(data: dict[str, Any], kind: str) -> None:
    """In title and body: no ping, no forged link, no markup, no control; in HTML no tag of theirs."""
    for place, hostile in enumerate(CORPUS):
        fields = [field for field in data if field not in ("Event", "State")]
        changed = {**data, **{field: f"{hostile}{field}" for field in fields[place % 2 :: 2]}}
        message = rendered(notified(changed, causes=(Cause(hostile, 2),), keys=("a/b", hostile)), kind)
        assert acting(kind, message.title) == []
        assert acting(kind, message.body) == []
        assert message.faults == ()
        _has_only_our_tags(message.html)


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("hostile", CORPUS)
def test_no_value_acts_in_a_rule_s_own_text(hostile: str, kind: str) -> None:
    """Printed alone, beside others, from a list, in a block or from a filter."""
    template = (
        "A {{ E }} {{ E ~ E }} {{ L|join(' ') }} {% set x %}{{ E }}{% endset %}{{ x }} "
        "{{ E|upper }} {{ O }} {{ O.k }} "
        "{% for k, v in O.items() %}{{ k }} {{ v }}{% endfor %} "
        "{{ E|truncate(40) }} {{ E|truncate_bytes(40) }} {{ E|oss_url }}"
    )
    rule = a_rule(title="T {{ E }}", body=template)
    data = {"Event": "x", "E": hostile, "L": [hostile, "b"], "O": {"k": hostile, hostile: "v"}}
    message = rendered(notified(data, rule), kind, rule)
    if "built-in" not in "".join(message.faults):
        text = message.body.replace('{"', " ").replace('"}', " ")
        assert faults_of(KINDS[kind].dialect, text) == []
        assert faults_of(KINDS[kind].dialect, message.title) == []
    assert "\n" not in message.title
    _has_only_our_tags(message.html)


@pytest.mark.parametrize("hostile", [*PINGS, *MORE_PINGS, *LINKS])
def test_a_rule_s_own_markup_is_kept_and_the_event_s_is_not(hostile: str) -> None:
    """The author may ping and link; the event may not."""
    rule = a_rule(body="<!here> *{{ E }}* <https://wiki.example/x|runbook>")
    body = rendered(notified({"E": hostile}, rule), "slack", rule).body
    assert body.startswith("<!here> *")
    assert body.endswith("* <https://wiki.example/x|runbook>")
    assert body.count("<") == 2


_TAGS = re.compile(r"<(/?)([a-zA-Z0-9!]+)([^<>]*)>")
_OUR_TAGS = frozenset("!doctype html head meta title body div h1 table tr td span p b a".split())  # noqa: SIM905


def _has_only_our_tags(html: str) -> None:
    for found in _TAGS.finditer(html):
        assert found[2] in _OUR_TAGS
        assert not re.search(r"\bon\w+\s*=|javascript:|\bsrc\s*=", re.sub(r'"[^"]*"', "", found[3]))
    assert "<" not in _TAGS.sub("", html)
