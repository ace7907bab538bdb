"""Jinja2's sandbox, with the bounds that it lacks and an escape for each channel.

What it adds, and why:

- Only the parts of Jinja2 that a text needs; no function, no macro, no other template, nothing that a
  rendering could change or reach into.
- Nothing runs when a template is compiled (Jinja2 works out constants then, however large).
- Operators work on numbers within bounds and join texts within bounds; loops, filters, tests and
  comparisons are counted in steps, what is printed in characters.
- Each printed value is escaped for the channel, text joined with escaped text too. Escaped text is
  Jinja2's ``Markup``: a filter takes it as plain text, and what the filter returns is escaped again.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

from jinja2 import TemplateError, Undefined, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from router.core.text.clip import clip
from router.core.text.filters import all_filters, all_tests, bounded, flat, plain
from router.core.text.run import MOST_MADE, RUN, Run, TooMuchError, weight
from router.core.text.template import BadTemplateError
from router.core.text.values import Link
from router.errors import RouterError

MOST_SOURCE = 16_384
_DEEPEST = 60
_LARGEST = 10**15

#: Methods that may be called.
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset({"startswith", "endswith", "lower", "upper", "strip", "lstrip", "rstrip", "split"})
    | frozenset({"splitlines", "removeprefix", "removesuffix"}),
    dict: frozenset({"get", "items", "keys", "values"}),
}
_ALL_METHODS = frozenset[str]().union(*_METHODS.values())
_LOOP = frozenset(
    ["index", "index0", "first", "last", "length", "revindex", "revindex0", "previtem", "nextitem", "depth"]
)

#: What a template may be made of.
_PARTS = (
    nodes.Template | nodes.Output | nodes.TemplateData | nodes.If | nodes.For | nodes.Assign
    | nodes.AssignBlock | nodes.Name | nodes.Const | nodes.List | nodes.Tuple | nodes.Dict | nodes.Pair
    | nodes.Keyword | nodes.Slice | nodes.CondExpr | nodes.Filter | nodes.Test | nodes.Call
    | nodes.Getattr | nodes.Getitem | nodes.Concat | nodes.Compare | nodes.Operand | nodes.And | nodes.Or
    | nodes.Not | nodes.Neg | nodes.Pos | nodes.Add | nodes.Sub | nodes.Mul | nodes.Div | nodes.FloorDiv
    | nodes.Mod
)  # fmt: skip
#: Names that no template can write.
_BOUNDED, _FLAT = "!bounded", "!flat"


class Missing(Undefined):
    """A name that is not there: false, empty, and visible where it is printed."""

    __slots__ = ()

    def __str__(self) -> str:
        name = self._undefined_name
        if name is None:  # an inline `if` without `else`
            return ""
        RUN.get().fault(f"{str(name)[:60]} is missing")
        return f"‹missing: {str(name)[:60]}›"


class Sandbox(ImmutableSandboxedEnvironment):
    """See the module."""

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "%"])

    def __init__(self) -> None:
        super().__init__(
            undefined=Missing,
            autoescape=True,
            finalize=printed,
            optimized=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.globals.clear()
        self.filters: dict[str, Any] = {**all_filters(), _BOUNDED: bounded, _FLAT: flat}
        self.tests: dict[str, Any] = dict(all_tests())

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            return joined((left, right))
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            return super().call_binop(context, operator, left, right)  # raises, and names it
        if not (_is_small(left) and _is_small(right)):
            raise SecurityError(f"{operator} is for numbers; texts are joined with ~")
        return self.binop_table[operator](left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field before a method: an event may name its fields ``items`` or ``get``."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]  # pyright: ignore[reportUnknownVariableType]
        if isinstance(obj, Undefined):
            return obj
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Of escaped text no part is taken as escaped: it could begin after its escape."""
        return obj if isinstance(obj, Undefined) else super().getitem(plain(obj), argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, LoopContext):
            return attr in _LOOP
        return not isinstance(obj, Markup) and any(
            isinstance(obj, kind) and attr in methods for kind, methods in _METHODS.items()
        )

    def wrap_str_format(self, value: Any) -> None:
        """``format`` is no method of templates: nothing to wrap."""

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        RUN.get().spend(weight(getattr(__obj, "__self__", None)))
        return super().call(__context, __obj, *map(plain, args), **kwargs)


def _is_small(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < _LARGEST


@pass_context
def printed(_context: Context, value: Any) -> Markup:
    """A value as it is printed: escaped for the channel, as long as there is room for."""
    run = RUN.get()
    if isinstance(value, Markup):
        text: str = value
    elif isinstance(value, Link):
        text = run.dialect.url(value)
    else:
        text = run.dialect.escape(clip(as_text(value), run.longest))
    return _safe(run.make(text))


def _safe(text: str) -> Markup:
    """Text that is escaped for the channel."""
    return Markup(text)  # noqa: S704


def as_text(value: Any) -> str:
    """A value in words: nothing for null, JSON for what has parts."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list | tuple):
        return _json(cast(object, value))
    return str(plain(value))


def _json(value: object) -> str:
    """No more of it than is printed."""
    text, longest = "", RUN.get().longest
    for piece in json.JSONEncoder(ensure_ascii=False, default=_not_json).iterencode(value):
        text += piece
        if len(text) > longest:
            break
    return text


def joined(parts: Iterable[Any]) -> str:
    """What ``~`` makes: with escaped text among the parts the others are escaped for the channel."""
    run = RUN.get()
    texts = [part if isinstance(part, Markup) else as_text(part) for part in parts]
    run.spend(sum(map(weight, texts)))
    if any(isinstance(text, Markup) for text in texts):
        escape = run.dialect.escape
        return _safe(_bounded("".join(text if isinstance(text, Markup) else escape(text) for text in texts)))
    return _bounded("".join(texts))


def _bounded(text: str) -> str:
    if len(text) > MOST_MADE:
        raise TooMuchError("a text inside it is too long")
    return text


def _not_json(value: Any) -> str:
    return str(plain(value))


class Compiled:
    """A compiled template: what it reads, and how it is rendered.

    Raises:
        BadTemplateError: it does not compile, or has what templates may not.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MOST_SOURCE:
            raise BadTemplateError(f"a template has at most {MOST_SOURCE:,} characters")
        environment = sandbox()
        try:
            tree = environment.parse(text)
            _check(tree)
            self.names = _names(tree)
            _bound(tree)
            self._compiled = environment.from_string(tree)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise _refused(line, error.message or "does not compile") from error
        except (RecursionError, MemoryError, SyntaxError, ValueError) as error:
            raise _refused(None, f"does not compile: {str(error)[:100]}") from error
        # Jinja2 joins texts with its own escape, which is HTML's.
        self._compiled.root_render_func.__globals__["markup_join"] = joined

    def render(self, values: Mapping[str, Any], run: Run) -> str:
        """The text.

        Raises:
            RouterError: ``template``: it failed, or made more than it may.
        """
        token = RUN.set(run)
        try:
            parts: list[str] = []
            for part in self._compiled.root_render_func(self._compiled.new_context(dict(values))):
                parts.append(part)
                run.make(part)
            return "".join(parts)
        except Exception as error:
            said = str(error)[:200] if isinstance(error, TooMuchError | TemplateError) else _in_words(error)
            raise RouterError("template", said) from error
        finally:
            RUN.reset(token)


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _refused(line: int | None, said: str) -> BadTemplateError:
    return BadTemplateError(f"line {line}: {said}" if line else said, line or 1)


def _check(tree: nodes.Template) -> None:
    """Refuses what a template may not be made of."""
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 1, 1)]
    while waiting:
        node, line, depth = waiting.pop()
        line = node.lineno or line
        fault = f"nests more than {_DEEPEST} deep" if depth > _DEEPEST else _fault(node)
        if fault:
            raise _refused(line, fault)
        waiting += [(child, line, depth + 1) for child in node.iter_child_nodes()]


def _fault(node: nodes.Node) -> str:
    if not isinstance(node, _PARTS):
        name = "autoescape" if isinstance(node, nodes.Scope) else type(node).__name__.lower()
        return f"templates have no {name}"
    if isinstance(node, nodes.For) and node.recursive:
        return "templates have no recursive loops"
    if isinstance(node, nodes.AssignBlock) and node.filter is not None:
        return "a block of text is set without a filter"
    return _fault_of_call(node.node) if isinstance(node, nodes.Call) else ""


def _fault_of_call(called: nodes.Expr) -> str:
    if isinstance(called, nodes.Getattr) and called.attr in _ALL_METHODS:
        return ""
    name = called.attr if isinstance(called, nodes.Getattr) else getattr(called, "name", "")
    return f"templates cannot call {name or 'that'}(); use a filter"


def _bound(tree: nodes.Template) -> None:
    """Has loops and comparisons counted before they are made, and lists hold no lists."""
    loops = list(tree.find_all(nodes.For))
    weights = [1 + sum(1 for _ in loop.find_all(nodes.Node)) for loop in loops]
    for loop, each in zip(loops, weights, strict=True):
        loop.iter = _counted(cast(nodes.Expr, loop.iter), each)
    for compare in list(tree.find_all(nodes.Compare)):
        for operand in compare.ops:
            operand.expr = _counted(operand.expr, 1)
    for made in list(tree.find_all((nodes.List, nodes.Tuple))):
        if getattr(made, "ctx", "load") == "load":
            made.items = [_filtered(item, _FLAT) for item in made.items]
    for pair in list(tree.find_all(nodes.Pair)):
        pair.value = _filtered(pair.value, _FLAT)
    tree.set_environment(sandbox())


def _counted(node: nodes.Expr, each: int) -> nodes.Expr:
    return _filtered(node, _BOUNDED, nodes.Const(each, lineno=node.lineno))


def _filtered(node: nodes.Expr, name: str, *arguments: nodes.Expr) -> nodes.Expr:
    if isinstance(node, nodes.Const):
        return node
    return nodes.Filter(node, name, list(arguments), [], None, None, lineno=node.lineno)


def _names(tree: nodes.Template) -> frozenset[str]:
    """What it reads, those below another with dots: ``ExitCode``, ``group.count``, ``data.order.id``."""
    variables = meta.find_undeclared_variables(tree)
    found: set[str] = set()
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        path = _path(node)
        if path and path[0] in variables:
            found.add(".".join(path))
        else:
            waiting += node.iter_child_nodes()
    return frozenset(found)


def _path(node: nodes.Node) -> list[str]:
    """The names of ``a.b['c']``; nothing for any other expression."""
    below: list[str] = []
    while True:
        if isinstance(node, nodes.Getattr):
            below.append(node.attr)
            node = node.node
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            below = [*below, node.arg.value] if isinstance(node.arg.value, str) else []
            node = node.node
        elif isinstance(node, nodes.Name):
            return [node.name, *reversed(below)]
        else:
            return []


@lru_cache(maxsize=1)
def sandbox() -> Sandbox:
    """The one environment; nothing in it changes."""
    return Sandbox()
