"""``rotate-keys``: a fresh key for the links in messages."""

import typer

from router.cli.output import CONFIG, say, user


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(name="rotate-keys")(rotate_keys)


def rotate_keys(
    revoke: bool = typer.Option(False, "--revoke", help="End every link that was sent before, at once."),
    config: str = CONFIG,
) -> None:
    """Sign the links in messages with a fresh key; those that were sent work until the next change."""
    from router import telemetry
    from router.app import SystemClock
    from router.cli.files import store_of
    from router.pipeline import links, people
    from router.ports import Unit

    by, now = user(), SystemClock().now()

    def rotate(unit: Unit) -> None:
        links.rotate_keys(unit, revoke=revoke)
        people.note(unit, now, by, "rotate keys", "and end links that were sent" if revoke else "of links")

    with store_of(config) as (_, store):
        store.write(rotate)
    telemetry.set_up_logs()
    telemetry.log("links.keys_rotated", revoked=revoke)
    old = "end now" if revoke else "work until the next change"
    say(f"New links are signed with a fresh key. Links that were sent {old}.")
