"""docs/texts.md shows what is sent, docs/templates.md what can be written."""

from pathlib import Path

import yaml

from router.core.text import KINDS
from router.core.text.filters import all_filters
from tests.core.text.gallery import page
from tests.core.text.making import CAUSES, a_rule, notified, rendered, sample

DOCS = Path(__file__).parents[3] / "docs"


def test_the_gallery_is_current() -> None:
    """The page is what the texts make now; renew it as its head says, and read it."""
    assert (DOCS / "texts.md").read_text(encoding="utf-8") == page()


def test_the_page_on_templates_knows_every_kind_and_filter() -> None:
    """Each kind with its limit and each filter stands in docs/templates.md."""
    said = (DOCS / "templates.md").read_text(encoding="utf-8")
    for kind in KINDS.values():
        row = next(line for line in said.splitlines() if line.startswith(f"| `{kind.name}` |"))
        assert f"{kind.limit:,}" in row
        assert ("no title" in row) == (kind.title == 0)
    for name in all_filters():
        assert f"`{name}`" in said or f"`{name}(" in said, name


def test_the_example_of_a_rule_renders() -> None:
    """The template that the page shows has no fault."""
    said = (DOCS / "templates.md").read_text(encoding="utf-8")
    written = yaml.safe_load(said.split("```yaml\n")[1].split("```")[0])["rules"][0]
    rule = a_rule(title=written["title"], body=written["body"])
    data = sample("OnInstanceFailed", ExitCode=137, Job={"JobName": "nightly"})
    message = rendered(notified(data, rule, causes=CAUSES[:1]), "telegram", rule)
    assert message.faults == ()
    assert message.title == "nightly: exit code 137"
    assert message.body.splitlines() == [
        "Echo / 0: no message",
        "9870 × exit code 137",
        "2016-11-01 23:45:02 +08:00 (3 min ago)",
    ]
