"""docs/rules.md: what it says of recipes and findings is what the program does."""

import json
import re
from pathlib import Path

import jmespath.functions
import pytest

from router import Filter, decode
from router.config import load_rules
from router.core.catalogue.tables import events_table
from router.core.check import catalogue_kinds, judge
from router.core.filter.functions import Functions
from router.errors import Finding

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def between(name: str) -> str:
    """The part of the page that a comment names."""
    return PAGE.partition(f"<!-- {name}")[2].partition("-->")[2].partition(f"<!-- end of {name}")[0]


RECIPES = re.findall(
    r"### \d+\. (.+?)\n.*?```jmespath\n(.+?)\n```\n\ncatches `(\{.+?\})`,\s+not\s+`(\{.+?\})`",
    between("recipes"),
    re.S,
)
EXAMPLES = re.findall(
    r"### ([FRTC]\d+)\n(?:(?!###).)*?```yaml\n(.+?)```\n\n```yaml\n(.+?)```", between("examples"), re.S
)


def checked(folder: Path, text: str) -> list[Finding]:
    """What check says of a rule file."""
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    return load_rules([folder / "rules.yaml"])[1]


def test_there_are_ten_recipes() -> None:
    """None was left out because its form is not understood."""
    assert len(RECIPES) == between("recipes").count("### ") == 10


@pytest.mark.parametrize(("name", "text", "caught", "left"), RECIPES, ids=[recipe[0] for recipe in RECIPES])
def test_a_recipe_catches_what_it_says(name: str, text: str, caught: str, left: str) -> None:
    """Its first event and not its second, and check has nothing to say of it."""
    expression = Filter(text)
    given = {"Category": "Job"}
    for body, holds in ((caught, True), (left, False)):
        assert expression.holds(decode(json.dumps(given | json.loads(body)).encode()).data) is holds, body
    assert judge(expression, catalogue_kinds()) == []


@pytest.mark.parametrize(("code", "wrong", "right"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_a_finding_is_shown_by_its_examples(tmp_path: Path, code: str, wrong: str, right: str) -> None:
    """The wrong one has exactly this finding, the right one none."""
    assert [finding.code for finding in checked(tmp_path, wrong)] == [code]
    assert checked(tmp_path, right) == []


def test_every_code_has_a_row_and_an_example() -> None:
    """R203 is about a router.yaml: it has words instead."""
    rows = re.findall(r"^\| `([FRTC]\d+)` \|", PAGE, re.M)
    codes = [f"F10{n}" for n in range(1, 10)] + ["R201", "R202", "R203", "T301", "C401"]
    assert rows == codes
    assert [example[0] for example in EXAMPLES] == [code for code in codes if code != "R203"]


def test_the_page_has_the_catalogue() -> None:
    """``make docs`` renews it."""
    assert between("catalogue").strip() == events_table().strip()


def test_every_function_of_ours_is_there() -> None:
    """By its name."""
    theirs = jmespath.functions.Functions.FUNCTION_TABLE
    ours = set(Functions.FUNCTION_TABLE) - set(theirs)
    assert ours
    for name in ours:
        assert f"`{name}(" in PAGE, name


FILTERS = [
    (path.relative_to(ROOT).as_posix(), block)
    for path in sorted((ROOT / "docs").glob("*.md"))
    for block in re.findall(r"```yaml\n(.+?)```", path.read_text(encoding="utf-8"), re.S)
    if re.search(r"^rules:\n\s+-", block, re.M) and path.name != "rules.md"
]


@pytest.mark.parametrize(("page", "block"), FILTERS)
def test_the_rules_of_the_docs_have_no_finding(tmp_path: Path, page: str, block: str) -> None:
    """What people copy is judged as their own files are."""
    own = block[block.index("rules:\n") :] if "\nrules:\n" in block or block.startswith("rules:") else block
    assert [str(finding) for finding in checked(tmp_path, own)] == [], page


@pytest.mark.parametrize("path", sorted((ROOT / "rules").rglob("*.yaml")), ids=str)
def test_the_shipped_rules_have_no_finding(path: Path) -> None:
    """Neither an error nor a remark."""
    assert load_rules([path])[1] == []
