"""The HTTP listener: sources, health, metrics."""
