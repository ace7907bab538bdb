"""Rendered texts: templates, escaping and fitting for each channel kind, and the built-in texts."""

from router.core.text.kinds import KINDS, kind_of
from router.core.text.render import render
from router.core.text.template import compile_template

__all__ = ["KINDS", "compile_template", "kind_of", "render"]
