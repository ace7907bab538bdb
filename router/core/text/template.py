"""Users' templates: compiled once, rendered for a channel kind. Jinja2 is loaded with the first of them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from router.errors import RouterError

if TYPE_CHECKING:
    from router.core.text.run import Run
    from router.core.text.sandbox import Compiled

#: Compiled templates that are kept: two for each of some thousand rules, 20 KB each.
_KEPT = 2_048


class BadTemplateError(RouterError):
    """A template that does not compile, or has what templates may not.

    Args:
        line: of the template, from 1.
    """

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__("template", message)
        self.line = line


class Template:
    """A template that compiled.

    Args:
        names: the variables and fields that it reads, those below another with dots: ``ExitCode``,
            ``group.count``, ``data.order.id``.
    """

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str, compiled: "Compiled") -> None:
        self.text = text
        self._compiled = compiled

    @property
    def names(self) -> frozenset[str]:
        return self._compiled.names

    def render(self, values: Mapping[str, Any], run: "Run") -> str:
        """The text; faults that do not stop it are in ``run.faults``.

        Raises:
            RouterError: ``template``: it failed, or went beyond its bounds.
        """
        return self._compiled.render(values, run)


@lru_cache(maxsize=_KEPT)
def compile_template(text: str) -> Template:
    """A template, compiled once.

    Raises:
        BadTemplateError: it does not compile, or has what templates may not.
    """
    from router.core.text.sandbox import Compiled

    return Template(text, Compiled(text))


def names(template: Template) -> frozenset[str]:
    """The variables and fields that a template reads; see :class:`Template`."""
    return template.names
