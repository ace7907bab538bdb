"""Which kind a URL's texts have."""

import subprocess
import sys
from dataclasses import replace

import pytest

from router.channels.services import MODULES
from router.core.message import Message
from router.core.rule import Texts
from router.core.text import KINDS, kind_of
from router.core.text.dialects import DIALECTS
from router.core.text.kinds import _SCHEMAS  # pyright: ignore[reportPrivateUsage]
from tests.core.text.making import a_rule, notified, rendered, sample

#: Other words for a service.
_OURS = {"telegram"}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("slack", "slack"),
        ("MAILTOS", "email"),
        ("twilio", "sms"),
        ("aliyunsms", "template"),
        ("dingtalk", "dingtalk"),
        ("lark", "feishu"),
        ("wecombot", "wecom"),
        ("tgram", "telegram"),
        ("discord", "discord"),
        ("workflows", "teams"),
        ("pagerduty", "pagerduty"),
        ("jsons", "webhook"),
        ("ntfy", "plain"),
        ("no-such-service", "plain"),
    ],
)
def test_a_schema_has_a_kind(schema: str, kind: str) -> None:
    """A service that texts know has its own kind, any other is plain; case does not matter."""
    assert kind_of(schema) == kind


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("dingtalk://token?format=card", "dingtalk-card"),
        ("dingtalk://token?a=b&FORMAT=Text#x", "dingtalk-text"),
        ("dingtalk://token?format=markdown", "dingtalk"),
        ("feishu://token?format=card", "feishu-card"),
        ("wecombot://key?format=text", "wecom-text"),
        ("wechat://id:secret@1/to", "wechat"),
        ("slack://a/b/c?format=card", "slack"),
    ],
)
def test_a_url_may_ask_for_another_form(url: str, kind: str) -> None:
    """``format=`` names a form that the kind has; any other leaves the usual one."""
    assert kind_of(url.partition("://")[0], url) == kind


def test_texts_for_a_kind_hold_for_its_forms() -> None:
    """Under ``formats`` the form's own name is nearer than the kind's."""
    data = sample("OnInstanceFailed")
    formats = {"dingtalk": Texts(title="usual"), "dingtalk-text": Texts(title="text")}
    rule = replace(a_rule(), formats=formats)
    titles = [rendered(notified(data, rule), kind, rule).title for kind in ("dingtalk-card", "dingtalk-text")]
    assert titles == ["usual", "text"]


def test_links_are_buttons_or_lines() -> None:
    """A kind with buttons has its links beside the text, any other in it; none is lost."""
    for kind in ("dingtalk", "dingtalk-card", "teams", "slack"):
        message = rendered(notified(sample("OnInstanceFailed")), kind)
        assert bool(message.links) == KINDS[kind].buttons
        assert ("https://alerts.example.com/a" in message.body) != KINDS[kind].buttons
        assert Message.from_json(message.to_json()) == message


def test_every_schema_is_one_of_apprise() -> None:
    """The table names no schema that does not exist, and none twice."""
    schemas = [schema for row in _SCHEMAS.values() for schema in row.split()]
    assert set(schemas) - set(MODULES) == _OURS
    assert len(schemas) == len(set(schemas))
    assert set(_SCHEMAS) <= set(KINDS)


def test_every_kind_has_a_dialect() -> None:
    """A kind is rendered in a markup that there is."""
    assert {kind.dialect for kind in KINDS.values()} <= set(DIALECTS)


def test_texts_cost_nothing_before_a_template_is_used() -> None:
    """Importing texts and rendering a built-in one loads no Jinja2."""
    code = (
        "import sys; from tests.core.text.making import notified, rendered, sample\n"
        "rendered(notified(sample('OnJobFailed')), 'email')\n"
        "print('jinja2' in sys.modules, 'markupsafe' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
