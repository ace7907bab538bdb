"""``test``: the tests that stand in rules."""
