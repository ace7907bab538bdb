"""Rendered texts: templates, escaping and fitting for each channel kind, and the built-in texts."""
