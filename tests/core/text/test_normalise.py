"""Messages that differ only in what varies are counted as one cause."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.text.normalise import normalise


@pytest.mark.parametrize(
    ("message", "normal"),
    [
        ("Instance 17 of job-0000000058524720000077E900007257 failed", "Instance <n> of <id> failed"),
        ("read /data/run/17/part-3.csv: no space left on device", "read <path>: no space left on device"),
        ("open 'C:\\jobs\\17\\in.txt' failed", "open '<path>' failed"),
        ("2016-11-01T15:45:02.837Z worker3 timed out after 30s", "<time> worker<n> timed out after <n>s"),
        ("at 15:45:02 code 137", "at <time> code <n>"),
        ("GET https://h.example/x?id=7: 503", "GET <url> <n>"),
        ("oss://bucket/a/b missing", "<url> missing"),
        ("connect 10.0.0.7:8080 refused", "connect <address> refused"),
        ("lease a44c0ad8-a003-11e6-8f8e-fefec0a80e06 lost", "lease <id> lost"),
        ("bad pointer 0x7ffd", "bad pointer <id>"),
        ("  Killed\n\tby  the platform ", "Killed by the platform"),
        ("内存不足：实例 17", "内存不足：实例 <n>"),
        ("Unrecognised\x1b[31m", "Unrecognised␛[<n>m"),
        ("", ""),
    ],
)
def test_what_varies_is_replaced(message: str, normal: str) -> None:
    """Numbers, ids, paths, times, addresses and URLs give way to their kind; words stay."""
    assert normalise(message) == normal


@given(st.text() | st.text(alphabet="ab09/:.- \\<>T+oxZ", max_size=200))
def test_a_normal_form_stays_as_it_is(message: str) -> None:
    """Normalising twice is normalising once, and the form is short."""
    once = normalise(message)
    assert normalise(once) == once
    assert len(once) <= 160


@pytest.mark.parametrize(
    "piece", ["/a", "a", "1", "-", "0-", "://", "a://", "1.", "1:", "C:\\", "/", "2016-11-01"]
)
def test_a_hostile_message_takes_no_time(piece: str) -> None:
    """A million characters of what patterns dislike are read within a second, on a slow machine too."""
    message = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    normalise(message)
    assert time.process_time() - begun < 1
