"""Rendered texts: templates, escaping and fitting for each channel kind, and the built-in texts.

Importing this room loads neither Jinja2 nor the built-in texts' words before they are needed.
"""

from router.core.text.kinds import KINDS, kind_of
from router.core.text.render import render
from router.core.text.template import compile_template, names

__all__ = ["KINDS", "compile_template", "kind_of", "names", "render"]
