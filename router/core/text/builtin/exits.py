"""What an exit code means, and what to do about it."""

from typing import Any

from router.core.text.builtin.words import Words

#: Which step a signal calls for; any other is a crash.
_STEPS = {9: "memory", 24: "memory", 25: "program", 13: "program"} | dict.fromkeys((1, 2, 3, 15), "ended")


#: Codes whose meaning a title does not need.
_PLAIN = frozenset({0, 1, 2, 255})


def signal_of(code: int) -> int | None:
    """The signal that ended a program: ``128 + n`` as shells say it, ``-n`` as Python does."""
    if 128 < code <= 128 + 64:
        return code - 128
    return -code if -64 <= code < 0 else None


def meaning(code: Any, words: Words) -> str:
    """What a code usually means, in words; empty where nobody knows."""
    if not isinstance(code, int):
        return ""
    signal = signal_of(code)
    if signal is None:
        return words.exits.get(code, "")
    if signal not in words.signals:
        return words.signal.format(number=signal)
    name, why = words.signals[signal]
    return words.signal_known.format(name=name, meaning=why)


def in_title(code: Any, words: Words) -> str:
    """The code, and what it means where that helps."""
    if not isinstance(code, int):
        return words.unknown if code is None else str(code)[:12]
    signal = signal_of(code)
    known = words.exits.get(code, "") if signal is None else words.signals.get(signal, ("", ""))[1]
    return words.exit_meant.format(code=code, meaning=known) if known and code not in _PLAIN else str(code)


def step(code: Any) -> str:
    """The name of the step that the code calls for."""
    if code is None:
        return "unknown"
    if not isinstance(code, int):
        return "program"
    if code == 0:
        return "platform"
    if code in (126, 127):
        return "command"
    signal = signal_of(code)
    return "program" if signal is None else _STEPS.get(signal, "crash")
