"""Expressions as Python code: written from their shape, once a shape, with exactly ``jmespath``'s results."""
