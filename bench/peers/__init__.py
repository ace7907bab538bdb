"""Ours beside Debian's Alertmanager: the same work, the same load generator and sink, in turn."""
