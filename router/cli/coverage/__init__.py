"""``coverage``: the table of event, rule and channel."""
