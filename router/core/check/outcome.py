"""What a part of a filter may find, and what is known of the event when it holds and when it does not."""

from typing import NamedTuple

from router.core.check.values import EMPTY, Values


class Outcome(NamedTuple):
    """What a part of a filter comes to, over all that its scope may be.

    Args:
        values: what it may find.
        fails: whether it may raise an error; it always does when there are no values.
        yes: its scope where it is true-like; empty when it never is.
        no: its scope where it is false-like; empty when it never is.
    """

    values: Values
    fails: bool
    yes: Values
    no: Values

    @property
    def always(self) -> bool:
        """Whether it holds for all that gets there."""
        return not self.fails and bool(self.values) and not self.values.may_not_hold

    @property
    def never(self) -> bool:
        """Whether it holds for nothing that gets there."""
        return not self.yes


UNREACHED = Outcome(EMPTY, False, EMPTY, EMPTY)


def found(values: Values, scope: Values, *, fails: bool = False) -> Outcome:
    """Of a part that tells nothing about its scope but whether it holds there."""
    return Outcome(
        values, fails, scope if values.may_hold else EMPTY, scope if values.may_not_hold else EMPTY
    )


def truth(yes: Values, no: Values, *, fails: bool = False) -> Outcome:
    """Of a part that is true, or false."""
    return Outcome(Values(true=bool(yes), false=bool(no)), fails, yes, no)
