"""All that is to be said about one filter, each mistake once."""

from collections.abc import Sequence
from typing import Literal

from router.core.check.failing import about_functions, about_missing
from router.core.check.kinds import ANY_EVENT, Kind
from router.core.check.likeness import Memory, likeness_of
from router.core.check.numbers import about_numbers
from router.core.check.reading import read
from router.core.check.remark import Remark
from router.core.check.settled import about_always, about_never, about_undocumented
from router.core.check.study import Study
from router.core.check.unlike import about_types
from router.core.check.words import about_fields, about_words, is_foreign
from router.core.filter import Filter
from router.core.filter.unparse import quoted_names

Verdict = Literal["never", "sometimes", "always"]

_VERDICTS: Memory[Verdict] = Memory()
#: Remarks speak of a filter's own words: only that there are none is true of all that are alike.
_FAULTLESS: Memory[bool] = Memory()


def judge(expression: Filter, kinds: Sequence[Kind]) -> list[Remark]:
    """Remarks about a filter that looks at events of these kinds, in the order of its text.

    Without kinds, because nobody knows what the events hold, only what is wrong for any event is said.
    """
    kinds = tuple(kinds) or (ANY_EVENT,)
    # That a name stands in double quotes is a matter of its text alone.
    likeness = likeness_of(expression, kinds), quoted_names(expression.text)
    if _FAULTLESS.find(likeness):
        return []
    remarks = judged(expression, kinds)
    if not remarks:
        _FAULTLESS.keep(likeness, True)
    return remarks


def judged(expression: Filter, kinds: Sequence[Kind]) -> list[Remark]:
    """The same without the memory of filters that were judged before."""
    study = Study(expression, kinds)
    words = list(about_words(study))
    if is_foreign(study, words):
        return words
    wrong = [*about_fields(study), *words, *about_types(study), *about_functions(study)]
    alone = list(about_numbers(study))
    settled = [] if wrong else list(about_never(study)) or list(about_undocumented(study))
    idle = [] if wrong or settled else list(about_always(study))
    missing = [] if settled or study.is_about_any else list(about_missing(study))
    return _each_once([*wrong, *settled, *alone, *missing, *idle])


def _each_once(remarks: Sequence[Remark]) -> list[Remark]:
    """Of those that overlap the first alone: the others follow from it."""
    kept: list[Remark] = []
    for remark in remarks:
        if not any(remark.start < other.end and other.start < remark.end for other in kept):
            kept.append(remark)
    return sorted(kept, key=lambda remark: remark.start)


def verdict(expression: Filter, kind: Kind) -> Verdict:
    """For how many events of the kind the filter holds; one that fails on an event does not hold."""
    likeness = likeness_of(expression, (kind,))
    return _VERDICTS.find(likeness) or _VERDICTS.keep(likeness, found_verdict(expression, kind))


def found_verdict(expression: Filter, kind: Kind) -> Verdict:
    """The same without the memory."""
    outcome = read(expression.ast, kind.root)
    return "never" if outcome.never else "always" if outcome.always else "sometimes"
