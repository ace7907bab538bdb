"""Every public thing says what it is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import router

CODE = Path(router.__file__).parent


def undocumented(file: Path) -> Iterator[str]:
    """Public modules, classes, functions and methods of a file without a docstring.

    A method that its port documents needs no second one.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if not ast.get_docstring(tree):
        yield f"{file.relative_to(CODE)}: the module"
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _is_bare(node):
            yield f"{file.relative_to(CODE)}:{node.lineno}: {node.name}"


def _is_bare(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return not node.name.startswith("_") and not ast.get_docstring(node)


def test_every_public_thing_has_a_docstring() -> None:
    """A new module, class or function without a sentence turns this red."""
    found = [one for file in sorted(CODE.rglob("*.py")) for one in undocumented(file)]
    assert found == []
