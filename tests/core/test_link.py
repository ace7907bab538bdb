"""Tokens of links: what they name, and that nobody can make or bend one."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from router.core.event import digest_id
from router.core.link import TOKEN_LENGTH, LinkKeys, ack_token, group_of

GROUP = digest_id("g", "a group")
KEYS = LinkKeys(b"n" * 32, b"e" * 32)

groups = st.text().map(lambda text: digest_id("g", text))
keys = st.builds(LinkKeys, st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))


@given(groups, keys)
def test_a_token_names_its_group_until_the_second_change_of_keys(group: str, made: LinkKeys) -> None:
    """It opens with the key that signed it, also as the earlier one; not after a revocation."""
    token = ack_token(group, made)
    assert len(token) == TOKEN_LENGTH
    assert group_of(token, made) == group
    fresh = bytes(byte ^ 0x55 for byte in made.newest)
    assert group_of(token, made.rotated(fresh)) == group
    assert group_of(token, made.rotated(fresh).rotated(b"f" * 32)) is None
    assert group_of(token, made.rotated(fresh, revoke=True)) is None


@given(st.integers(0, TOKEN_LENGTH - 1), st.characters())
def test_a_token_with_another_character_opens_nothing(at: int, character: str) -> None:
    """Whatever stands in whichever place."""
    token = ack_token(GROUP, KEYS)
    bent = token[:at] + character + token[at + 1 :]
    assert (group_of(bent, KEYS) is not None) == (bent == token)


@given(st.integers(0, 30 * 8 - 1))
def test_a_token_with_another_bit_opens_nothing(bit: int) -> None:
    """Neither version, nor group, nor signature may differ."""
    raw = bytearray(base64.urlsafe_b64decode(ack_token(GROUP, KEYS)))
    raw[bit // 8] ^= 1 << bit % 8
    assert group_of(base64.urlsafe_b64encode(raw).decode(), KEYS) is None


@given(st.text() | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_no_token_opens_nothing(text: str) -> None:
    """Any text is judged without an error."""
    assert group_of(text, KEYS) is None


def test_what_reads_otherwise_is_another_token() -> None:
    """What a lenient decoder leaves out, or reads alike, is not left out here."""
    token = ack_token(GROUP, KEYS)
    for bent in (token + "=", token[:-1], token[:20] + "\n" + token[20:], token + "!", " " + token[1:]):
        assert group_of(bent, KEYS) is None
    assert group_of("", LinkKeys(b"n" * 32)) is None


def test_a_key_is_never_shown() -> None:
    """Neither key stands in what a log or an error would print of them."""
    assert "nnn" not in repr(KEYS)
    assert "eee" not in repr(KEYS)
