"""The alert rules and the dashboard, judged by promtool of Prometheus; each metric in them is one of ours."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.telemetry import Metrics
from tests.acceptance.harness import ROOT

RULES = ROOT / "deploy" / "prometheus" / "alert-router.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "alert-router.json"
CASES = Path(__file__).parent / "alert-router.test.yml"

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None and "CI" not in os.environ,
    reason="promtool is not here (Debian: prometheus); CI has it",
)


def promtool(folder: Path, *words: str) -> str:
    """What it says; a fault it finds is a failure."""
    done = subprocess.run(
        ["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels."""
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]


def expressions() -> list[str]:
    """Every expression of rules and dashboard, with a time where Grafana puts its own."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    drawn = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in rules] + [one.replace("$__rate_interval", "5m") for one in drawn]


def names() -> set[str]:
    """Every name under which Prometheus may keep one of our metrics."""
    kinds = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
    return {one.name + end for one in Metrics().registry.collect() for end in kinds[one.type]}


@needs_promtool
def test_each_alert_fires_when_it_should(tmp_path: Path) -> None:
    """By promtool's own tests: after its time, not before, and not while all is well."""
    for file in (RULES, CASES):
        shutil.copy(file, tmp_path)
    assert "SUCCESS" in promtool(tmp_path, "check", "rules", RULES.name)
    assert "SUCCESS" in promtool(tmp_path, "test", "rules", CASES.name)


@needs_promtool
def test_every_expression_of_the_dashboard_can_be_read(tmp_path: Path) -> None:
    """As recording rules, which promtool parses."""
    rules = [{"record": f"drawn:number{n}", "expr": one} for n, one in enumerate(expressions())]
    written = {"groups": [{"name": "drawn", "rules": rules}]}
    (tmp_path / "drawn.yml").write_text(yaml.safe_dump(written), encoding="utf-8")
    promtool(tmp_path, "check", "rules", "drawn.yml")


def test_every_metric_is_one_of_ours() -> None:
    """No rule and no panel waits for a name that never comes."""
    used = set(re.findall(r"alert_router_\w+", " ".join(expressions())))
    assert used <= names()
    assert len(used) > 15


def test_every_alert_is_tried() -> None:
    """A rule without a test would be one that nobody has seen."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    tried = CASES.read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules if rule["alert"] not in tried] == []


def test_the_panels_lie_side_by_side() -> None:
    """Ids of their own, none over another, none over the edge."""
    assert len({panel["id"] for panel in panels()}) == len(panels())
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
