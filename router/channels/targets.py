"""A URL with several targets, split into URLs with one target each."""

import copy
import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from router.channels.plugins import Plugin, module_of, open_plugin, parameters, schema_of_plugin
from router.channels.signing import secrets_of
from router.core.text.kinds import forms_of, kind_of
from router.errors import RouterError

#: Plugins whose "targets" are people in one message: mentioned in a group, or asked to take one alert.
_MENTION = frozenset({"dingtalk", "jira", "opsgenie"})

_HIGHEST_PORT = 65_535

#: The usual ``format=`` of plugins whose messages have several forms.
_USUAL = {"dingtalk": "markdown", "feishu": "post", "lark": "post", "wecombot": "markdown"}


def expand(url: str) -> list[str]:
    """The URL as one URL for each of its targets, so that a retry never reaches a target that accepted.

    Raises:
        RouterError: ``bad-channel``: no service has such URLs, it lacks something, or its targets
            must be written as URLs of their own. Never holds a part of the URL.
    """
    plugin = _checked(url)
    if count(plugin) <= 1:
        return [url]
    urls = [alone.url() for alone in _singles(plugin)]
    if len(urls) != count(plugin) or any(count(open_plugin(each)) != 1 for each in urls):
        raise RouterError(
            "bad-channel",
            f"this {schema_of_plugin(plugin)}:// URL has {count(plugin)} targets",
            "write one URL for each, under urls:",
        )
    return urls


def single(url: str) -> Plugin:
    """The plugin for a URL with exactly one target.

    Raises:
        RouterError: ``bad-channel``: as :func:`expand`, or it has several.
    """
    plugin = _checked(url)
    if count(plugin) > 1:
        raise RouterError(
            "bad-channel", "this URL has several targets", "write one URL for each, under urls:"
        )
    return plugin


def _checked(url: str) -> Plugin:
    plugin = open_plugin(url)
    _check_port(plugin)
    if module_of(plugin) == "email.base":
        _check_mail(plugin)
    if module_of(plugin) == "custom_json":
        secrets_of(plugin)
    if module_of(plugin) in _USUAL:
        _check_form(plugin)
    return plugin


def _check_port(plugin: Plugin) -> None:
    port: Any = plugin.port if "port" in plugin.template_tokens else None
    if isinstance(port, int) and not 0 <= port <= _HIGHEST_PORT:
        raise RouterError(
            "bad-channel", "the port of this URL does not exist", f"ports are 1 to {_HIGHEST_PORT}"
        )


def _check_form(plugin: Plugin) -> None:
    """A form that is misspelt would be another than the one that is expected."""
    asked = parameters(plugin).get("format", "")
    schema = schema_of_plugin(plugin)
    known = (_USUAL[schema], *forms_of(kind_of(schema)))
    if asked and asked.lower() not in known:
        near = difflib.get_close_matches(asked.lower(), known, n=1)
        meant = f"; did you mean format={near[0]}?" if near else ""
        raise RouterError(
            "bad-channel", f"{schema}:// has no such format=", f"it is one of {', '.join(known)}{meant}"
        )


def _check_mail(plugin: Plugin) -> None:
    """Copies would be sent again with each retry; a mail that asks for encryption must not go without."""
    if plugin.cc or plugin.bcc:
        raise RouterError("bad-channel", "cc= and bcc= are not supported", "write each address into to=")
    if plugin.pgp_mode != "no":
        raise RouterError(
            "bad-channel", "pgp= and wkd= are not supported", "leave them out: mail is sent as it is"
        )


def count(plugin: Plugin) -> int:
    """How many messages the plugin would send for one notification."""
    return 1 if module_of(plugin) in _MENTION else len(plugin)


def _singles(plugin: Plugin) -> Iterator[Plugin]:
    """The plugin with only one of its targets, for each of them, always in the same order.

    Plugins name their lists of targets as they like. It is a list of targets when the plugin
    counts fewer without it.
    """
    attributes: dict[str, Any] = plugin.__dict__
    lists = {name: value for name, value in attributes.items() if type(value) in (list, tuple, set) and value}
    of_targets = {name: value for name, value in lists.items() if _fewer(plugin, name, type(value)())}
    nothing = {name: type(value)() for name, value in of_targets.items()}
    for name, value in of_targets.items():
        for target in _in_order(value):
            yield _with(plugin, nothing | {name: type(value)([target])})


def _in_order(value: Iterable[Any]) -> list[Any]:
    # The number of a target is its name: a set's order, which is another in each process, will not do.
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else list(value)


def _fewer(plugin: Plugin, name: str, nothing: object) -> bool:
    return count(_with(plugin, {name: nothing})) < count(plugin)


def _with(plugin: Plugin, values: dict[str, Any]) -> Plugin:
    changed = copy.copy(plugin)
    for name, value in values.items():
        setattr(changed, name, value)
    return changed
