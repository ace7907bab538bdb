"""Plugins that Apprise lacks: how the URLs of these services are written. Our own senders send them."""
