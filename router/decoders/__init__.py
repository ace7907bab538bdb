"""Bytes to events: one file a format."""
