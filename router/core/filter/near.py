"""Whether two texts are nearly the same: the slip behind a comparison that does not hold.

Both may come from a hostile event: only short ones are compared, and in time that grows with their length.
"""

from collections.abc import Iterable

#: The longest text that is compared, in characters; a longer one is no slip of the finger.
LONGEST = 256
#: Letters that may be off, and how long the text must at least be for as many.
_SHORTEST = {1: 4, 2: 7}
SPACES = "only the spaces differ"
CASE = "only upper and lower case differ"
_COUNTED = {1: "one letter off", 2: "two letters off"}


def slip(wanted: str, found: str) -> str:
    """How the two differ where it is only a slip, in words that follow a comma; else nothing.

    Texts that differ in digits alone name different things: ``job-1`` and ``job-2`` are no slip.
    """
    if wanted == found or max(len(wanted), len(found)) > LONGEST:
        return ""
    if _without_space(wanted) == _without_space(found):
        return SPACES
    if wanted.casefold() == found.casefold():
        return CASE
    if _without_digits(wanted) == _without_digits(found):
        return ""
    off = letters_off(wanted, found, max(_SHORTEST))
    return _COUNTED[off] if off in _COUNTED and min(len(wanted), len(found)) >= _SHORTEST[off] else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that differs from this one by the smallest slip, or nothing."""
    order = (SPACES, CASE, *_COUNTED.values())
    slips = [(order.index(how), one) for one in names if (how := slip(name, one))]
    return min(slips, default=(0, ""))[1]


def letters_off(one: str, other: str, most: int) -> int:
    """How many letters are to be put in, taken out or changed, or ``most + 1`` if it is more than ``most``.

    Only the cells near the diagonal are worked out: ``2 * most + 1`` for each letter.
    """
    far = most + 1
    if abs(len(one) - len(other)) > most:
        return far
    row = {at: at for at in range(far)}
    for down, letter in enumerate(one, 1):
        above, row = row, dict[int, int]()
        for at in range(max(0, down - most), min(len(other), down + most) + 1):
            changed = 0 if at and other[at - 1] == letter else 1
            beside = min(row.get(at - 1, far), above.get(at, far)) + 1
            row[at] = min(beside, above.get(at - 1, far) + changed, far)
        if min(row.values()) == far:
            break
    return row.get(len(other), far)


def _without_space(text: str) -> str:
    return "".join(text.split())


def _without_digits(text: str) -> str:
    return "".join(letter for letter in text if not letter.isdigit())
