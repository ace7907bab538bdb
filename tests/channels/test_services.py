"""The tables of services agree with the Apprise that is installed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import apprise
import pytest
import requests

from router.channels.plugins import module_of, open_plugin, schema_of
from router.channels.providers import PROVIDERS
from router.channels.services import MODULES, NATIVE, OWN, UNREAD
from router.channels.shim import SHIM
from tests.channels.services import SERVICES

PLUGINS = Path(apprise.__file__).parent / "plugins"

#: What Apprise itself says, asked in a process of its own: it loads everything.
_ASK = """
import json
from apprise import NotificationManager
manager = NotificationManager()
manager.load_modules()
print(json.dumps({
    "schemas": {schema: manager[schema].__module__ for schema in manager.schemas()},
    "native": sorted({p.__module__ for p in manager.plugins() if "parse_native_url" in vars(p)}),
}))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, str]]:
    output = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, check=True, text=True).stdout
    return json.loads(output)


def test_every_schema_has_its_module(told: dict[str, dict[str, str]]) -> None:
    """Every URL that this Apprise knows can be used, and those of our own plugins, which it lacks."""
    theirs = {schema: f"apprise.plugins.{name}" for schema, name in MODULES.items() if name not in OWN}
    assert theirs == told["schemas"]
    assert set(MODULES) - set(theirs) == OWN


def test_every_provider_with_urls_of_its_own_is_asked(told: dict[str, dict[str, str]]) -> None:
    """A provider's own https URL reaches the plugin that reads it."""
    without = {"wechat"}  # its method returns nothing
    assert {f"apprise.plugins.{module}" for module, _ in NATIVE} == set(told["native"]) - {
        f"apprise.plugins.{module}" for module in without
    }


@pytest.mark.parametrize(
    ("url", "schema"),
    [
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack"),
        (f"https://discord.com/api/webhooks/{'1' * 18}/{'b' * 68}", "discord"),
        (f"https://discordapp.com/api/webhooks/{'1' * 18}/{'b' * 68}", "discord"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abcdef-123", "wecombot"),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/abc-def", "lark"),
        ("https://ntfy.sh/topic", "ntfys"),
        ("https://chat.googleapis.com/v1/spaces/ws/messages?key=k&token=t", "gchat"),
        (
            f"https://prod-1.logic.azure.com:443/workflows/{'e' * 32}/triggers/manual/paths/invoke"
            f"?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={'f' * 43}",
            "workflow",
        ),
    ],
)
def test_a_providers_own_url(url: str, schema: str) -> None:
    """What a provider shows for copying can be pasted."""
    assert schema_of(url) == schema


def test_plugins_use_nothing_of_requests_that_the_shim_lacks() -> None:
    """Every call that a plugin makes on requests is on record; the rest are names without a request."""
    sources = [file.read_text("utf-8") for file in PLUGINS.rglob("*.py")]
    written = {name for source in sources for name in re.findall(r"\brequests\.(\w+)", source)}
    used = {name for name in written if hasattr(requests, name)}
    calls = {name for name in used if callable(getattr(requests, name)) and name[0].islower()}
    assert calls == {"request", "get", "post", "put", "delete"}
    assert calls <= set(vars(type(SHIM)))
    assert used - calls <= {"RequestException", "TooManyRedirects", "auth", "codes"}


def test_a_plugin_has_the_shim() -> None:
    """Wherever a loaded plugin says requests, it has the shim, also in its package and its bases."""
    for url in (
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        f"guilded://{'1' * 18}/{'b' * 68}",
        "matrixs://u:p@h/#r",
    ):
        open_plugin(url)
    names = ("slack", "discord", "matrix.base")
    assert all(sys.modules[f"apprise.plugins.{name}"].requests is SHIM for name in names)


def test_the_tables_name_plugins_that_exist() -> None:
    """No row stands for a plugin that is gone."""
    assert set(PROVIDERS) | UNREAD <= set(MODULES.values())
    assert not set(PROVIDERS) & UNREAD


def test_every_sender_of_ours_is_in_the_contract() -> None:
    """Each service with care of its own has a row in the contract suite; mail has a suite of its own."""
    rows = {module_of(open_plugin(service.url)) for service in SERVICES}
    assert set(PROVIDERS) - rows == {"email.base"}


def test_only_the_plugins_in_use_are_loaded() -> None:
    """Four channels load four plugins, not one hundred and eighty."""
    code = """
import sys
from router.channels import inspect_url
for url in ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "json://h/p", "dingtalk://" + "a" * 64, "mailto://a:b@example.com"):
    inspect_url(url)
loaded = {name.split(".")[2] for name in sys.modules if name.startswith("apprise.plugins.")}
print(*sorted(loaded - {"base"}))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.split() == ["custom_json", "dingtalk", "email", "slack"]
