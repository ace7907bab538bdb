"""alertmanager.yml to the text of two files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.config.alertmanager.emitted import comment, flow, scalar
from router.config.alertmanager.inhibition import Inhibited, read_inhibition
from router.config.alertmanager.intervals import read_intervals
from router.config.alertmanager.receivers import Channel, kebab, read_receivers
from router.config.alertmanager.routes import Route, read_routes
from router.config.alertmanager.source import Source
from router.errors import ConfigError, Finding

#: Where the rules are written, seen from router.yaml.
RULES = "rules/alertmanager.yaml"
_SOURCE = (
    "In prometheus.yml: alerting: {alertmanagers: [{path_prefix: /v1/events/prometheus,",
    "static_configs: [{targets: ['HOST:8080']}]}]}. Each alert is an event:",
    "{status, labels, annotations, startsAt, endsAt, generatorURL, fingerprint}.",
)


@dataclass(frozen=True)
class Imported:
    """What came of a file.

    Args:
        settings: the text of router.yaml.
        rules: the text of ``rules/alertmanager.yaml``.
        variables: what to set, and to what.
        findings: what was not carried over, in the order of the file.
    """

    settings: str
    rules: str
    variables: dict[str, str]
    findings: tuple[Finding, ...]


def import_file(path: Path) -> Imported:
    """Reads an alertmanager.yml.

    Raises:
        ConfigError: it is not YAML as this project reads it (an alias, a tag), or has no ``route`` with a
            receiver.
    """
    source = Source(path)
    channels = read_receivers(source)
    silent = {name for name, channel in channels.items() if not channel.addresses}
    routes = _named(read_routes(source, silent), channels, source)
    names, intervals = read_intervals(source)
    # The root, where the routes below it take every alert, has none left.
    reached = [route for route in routes if not route.is_passed]
    inhibited = read_inhibition(source, reached)
    rules = [line for route in reached for line in _rule(source, route, channels, inhibited, names)]
    source.lose_the_rest()
    place = {(one.place.line, one.place.column, one.message): one for one in source.findings}
    findings = tuple(place[key] for key in sorted(place))
    told = [channel for channel in channels.values() if channel.addresses]
    variables = {one.variable: one.form for channel in told for one in channel.addresses if one.variable}
    return Imported(
        "\n".join([*_settings(source, told, intervals), *_lost(findings)]) + "\n",
        "\n".join([*_head(source, routes[-1]), *(rules or ["  []"])]) + "\n",
        variables,
        findings,
    )


def _named(routes: list[Route], channels: dict[str, Channel], source: Source) -> list[Route]:
    """Those that can take an alert and whose receiver is there, with names."""
    taken: set[str] = set()
    kept: list[Route] = []
    for route in routes:
        if route.receiver not in channels:
            source.lose(route.way, "is not carried over: there is no such receiver")
            if route.parent is None:
                raise ConfigError(source.findings)
        elif not route.is_reached:
            source.lose(route.way, "is not carried over: no alert comes to it, in Alertmanager neither")
        elif route.parent is None or not route.is_passed:
            values = [one.value for one in route.own if one.operator == "="]
            words = [route.receiver, *values] if route.parent else ["everything-else"]
            route.name = kebab("-".join(words), taken, "route")
            kept.append(route)
    return kept


def _settings(source: Source, channels: list[Channel], intervals: dict[str, list[Any]]) -> list[str]:
    lines = [comment(f"Made from {source.name} by alert-router import alertmanager."), "", "sources:"]
    lines += [f"  {comment(line)}" for line in _SOURCE]
    lines += ["  prometheus: {kind: alertmanager}"]
    if channels:
        lines += ["", "channels:"]
    for channel in channels:
        lines += [f"  {scalar(channel.name)}:  {comment(f'{channel.receiver}, {channel.line}')}"]
        lines += [
            f"    {comment(f'{one.variable}: {one.form}')}" for one in channel.addresses if one.variable
        ]
        urls = [one.reference for one in channel.addresses]
        lines += [f"    url: {scalar(urls[0])}" if len(urls) == 1 else f"    urls: {flow(urls)}"]
    if intervals:
        lines += ["", "time_intervals:"]
    for name, parts in intervals.items():
        lines += [f"  {scalar(name)}:", *(f"    - {flow(part)}" for part in parts)]
    return [*lines, "", f'rules: ["{RULES}"]']


def _lost(findings: tuple[Finding, ...]) -> list[str]:
    if not findings:
        return []
    shown = [comment(f"{Path(one.place.file).name}:{one.place.line}: {one.message}") for one in findings]
    return ["", comment("Not carried over:"), *shown]


def _head(source: Source, root: Route) -> list[str]:
    times = [f"  {name}: {value}" for name, value in root.times.items()]
    return [
        comment(f"Made from {source.name} by alert-router import alertmanager. Rules hold in this order."),
        "defaults:",
        "  from: [prometheus]",
        "  key: [fingerprint]",
        "  resolve_when: status == 'resolved'",
        f"  group_by: {flow(root.group_filters())}",
        *times,
        "",
        "rules:",
    ]


def _rule(
    source: Source,
    route: Route,
    channels: dict[str, Channel],
    inhibited: Inhibited,
    intervals: dict[str, str],
) -> list[str]:
    channel = channels[route.receiver]
    lines = [f"  - name: {scalar(route.name)}  {comment(source.line(*route.way))}", *_when(route)]
    said: dict[str, Any] = {"severity": route.severity()}
    said |= {"mode": "shadow"} if route.silent else {"to": [channel.name]}
    said |= {"stop": True} if route.stops and route.parent else {}
    said |= {} if channel.send_resolved else {"send_resolved": False}
    said |= _differences(route)
    for key, names in route.mutes.items():
        if known := [intervals[name] for name in names if name in intervals]:
            said[key] = known
        if len(known) < len(names):
            source.lose((*route.way, key), "is not carried over whole: an interval is not there")
    if by := inhibited[route.name]:
        said["inhibited_by"] = [{"rule": rule} | ({"equal": equal} if equal else {}) for rule, equal in by]
    return [*lines, *(f"    {key}: {flow(value)}" for key, value in said.items()), ""]


def _differences(route: Route) -> dict[str, Any]:
    """What it says otherwise than the root."""
    root = route
    while root.parent:
        root = root.parent
    said: dict[str, Any] = {}
    if route.group_filters() != root.group_filters():
        said["group_by"] = route.group_filters()
    return said | {name: value for name, value in route.times.items() if value != root.times[name]}


def _when(route: Route) -> list[str]:
    filters = route.filters()
    if not filters:
        return ["    when: always"]
    return ["    when: >-", *(f"      {one}" for one in " &&\n".join(filters).split("\n"))]
