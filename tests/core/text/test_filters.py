"""The filters of templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.text.making import AT, MINUTE, a_rule, notified, rendered, told

DATA = {
    "T": "2016-11-01T15:45:02.837728Z",
    "Local": "2016-11-01T23:45:02+08:00",
    "Naive": "2016-11-01 15:35:02",
    "Later": "2016-11-01T18:50:02Z",
    "Path": "oss://my-bucket/logs/run_1/stderr.0",
    "Null": None,
    "Empty": "",
    "Word": "soon",
    "Text": "内存不足 now",
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ event.time|ago }}", "3 min ago"),
        ("{{ Naive|ago }}", "13 min ago"),
        ("{{ Later|ago }}", "in 3 h 1 min"),
        ("{{ Null|ago }}|{{ Empty|ago }}", "|"),
        ("{{ T|local }}", "2016-11-01 23:45:02 +08:00"),
        ("{{ T|local('UTC') }}", "2016-11-01 15:45:02 UTC"),
        ("{{ Local|local('America/New_York') }}", "2016-11-01 11:45:02 -04:00"),
        ("{{ Null|local }}", ""),
        (
            "{{ 45|duration }} {{ 599|duration }} {{ 7500|duration }} {{ 273600|duration }}",
            "45 s 9 min 59 s 2 h 5 min 3 d 4 h",
        ),
        (
            "{{ 0|duration }} {{ '60'|duration }} {{ 3600|duration }} {{ 86460|duration }}",
            "0 s 1 min 1 h 1 d",
        ),
        ("{{ Naive|duration(T) }}", "10 min"),
        (
            "{{ Text|truncate_bytes(9) }}|{{ Text|truncate_bytes(2) }}|{{ Text|truncate_bytes(99) }}",
            "内存…||内存不足 now",
        ),
        ("{{ Path|oss_url }}", "oss://my-bucket/logs/run_1/stderr.0"),
        (
            "{{ Path|oss_url('cn-beijing') }}",
            "https://oss.console.aliyun.com/bucket/oss-cn-beijing/my-bucket/object?path=logs/run%5F1/",
        ),
        ("{{ Null|oss_url }}|{{ Empty|oss_url('cn-beijing') }}", "|"),
    ],
)
def test_a_filter_says_it_for_people(template: str, text: str) -> None:
    """Times, spans, bytes and paths; nothing comes of null and of an empty text."""
    message = told("webhook", template, DATA)
    assert message.faults == ()
    assert message.body == text


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/x",
        "oss://",
        "oss://bucket",
        "oss://UPPER/key",
        "oss://b/../../etc",
        "oss://bucket/../x",
        "oss://bucket@evil.example/x",
        "oss://evil.example:80/x",
        "oss://bucket/a\nb",
        "javascript:alert(1)//oss://bucket/x",
        "ftp://bucket/key",
    ],
)
def test_only_a_path_of_oss_becomes_a_link(path: str) -> None:
    """Any other value stays text, and is a fault."""
    message = told("webhook", "{{ P|oss_url('cn-beijing') }}", {"P": path})
    assert "console.aliyun.com" not in message.body
    assert "is not a path of OSS" in message.faults[0]


def test_a_region_is_a_region() -> None:
    """What is no region makes no link."""
    message = told("webhook", "{{ Path|oss_url('x.evil.example/') }}", DATA)
    assert message.body == "x.evil.example/"
    assert "is not a region" in message.faults[0]


@given(st.from_regex(r"oss://[a-z0-9-]{3,20}/.{1,40}", fullmatch=True))
def test_a_link_of_oss_is_the_same_in_every_markup(path: str) -> None:
    """Its characters mean nothing in any markup, so it stands whole in a link of the template's."""
    for kind in ("slack", "discord", "dingtalk", "email"):
        message = told(kind, "{{ P|oss_url('cn-beijing') }}", {"P": path})
        if not message.faults and message.body:
            assert set(message.body) <= set(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/?=.-%"
            )


def test_links_of_ours_are_whole_in_every_markup() -> None:
    """A link in a template's markup is escaped as a link, not as words."""
    url = "https://alerts.example.com/ack/Zm9v_YmFy-1?x=1&y=2"
    assert told("slack", "<{{ links.ack }}|ack>", DATA).body == f"<{url.replace('&', '&amp;')}|ack>"
    assert told("dingtalk", "[ack]({{ links.ack }})", DATA).body == f"[ack]({url})"


def test_spans_speak_the_language() -> None:
    """``ago`` and ``duration`` use the words of the built-in texts."""
    rule = a_rule(body="{{ event.time|ago }} {{ 7500|duration }}")
    message = rendered(notified(DATA, rule), "slack", rule, language="zh", now=AT + 2 * MINUTE)
    assert message.body == "2 分前 2 小时 5 分"
