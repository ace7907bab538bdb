"""The one place that wires: configuration, store, pipeline, channels, sources, listener."""
