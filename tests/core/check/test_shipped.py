"""Filters that people copy: of the rules that are shipped, of the documentation, ten thousand at once."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.config import load_rules, rule_files
from router.core.catalogue import EVENTS
from router.core.check import about_catalogue, catalogue_kinds, judge, verdict
from router.core.filter import Filter

ROOT = Path(__file__).parents[3]
#: The page of rules shows wrong ones too: tests/test_rules_page.py is about it.
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "rules.md"})]


def test_the_shipped_rules_are_faultless() -> None:
    """Every filter in rules/ is judged without a remark, and some event meets it."""
    rules, findings = load_rules(rule_files(ROOT / "rules"))
    assert not findings
    assert len(rules) >= 6
    for rule in rules:
        assert rule.when
        assert judge(rule.when, catalogue_kinds()) == [], rule.name
        assert {verdict(rule.when, kind) for kind in catalogue_kinds()} > {"never"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_documented_rules_are_faultless(page: Path) -> None:
    """Every filter of a rule in README.md and docs/ is judged without a remark."""
    for text in filters_in(page.read_text(encoding="utf-8")):
        kinds = catalogue_kinds() if about_catalogue(Filter(text)) else ()
        assert judge(Filter(text), kinds) == [], text


def filters_in(markdown: str) -> Iterator[str]:
    """The filters of all rules in a page's YAML."""
    for block in re.findall(r"```yaml\n(.*?)```", markdown, re.S):
        if re.search(r"^rules:\n", block, re.M):
            given: dict[str, Any] = yaml.safe_load(block)
            for rule in given["rules"]:
                yield from (
                    text
                    for text in (rule.get("when"), rule.get("resolve_when"))
                    if text not in (None, "always")
                )


def test_the_pages_show_rules() -> None:
    """The test above looks at something."""
    assert sum(len(list(filters_in(page.read_text(encoding="utf-8")))) for page in PAGES) >= 4


@pytest.mark.parametrize("name", EVENTS)
def test_a_test_for_an_event_is_faultless(name: str) -> None:
    """``Event == NAME`` is met by all events of that name and by no others."""
    expression = Filter(f"Event == '{name}'")
    assert judge(expression, catalogue_kinds()) == []
    assert {kind.name: verdict(expression, kind) for kind in catalogue_kinds()} == {
        other: "always" if other == name else "never" for other in EVENTS
    }


SHAPES = [
    "Event == 'OnInstanceFailed' && Task == 'task-{}' && ExitCode != `0`",
    "Event == 'OnJobFailed' && (JobName == 'job-{}' || starts_with(JobName, 'nightly-{}-'))",
    "contains(['OnJobFailed', 'OnJobStopped'], Event) && contains(JobId, 'job-{}')",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_thousand_rules_are_judged_in_little_time(shape: str) -> None:
    """Rules that differ in names alone: 1.5 s would be slow, 0.1 s is usual."""
    filters = [Filter(shape.replace("{}", str(number))) for number in range(10_000)]
    begun = time.thread_time()
    assert not any(judge(one, catalogue_kinds()) for one in filters)
    assert time.thread_time() - begun < 1.5
