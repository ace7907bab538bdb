"""The commands."""


def main() -> None:
    """Runs the command line."""
