"""The house stands."""

from router import Filter


def test_a_filter_finds_what_jmespath_finds() -> None:
    """The first brick of the public face works."""
    assert Filter("ExitCode != `0`").holds({"ExitCode": 137})
