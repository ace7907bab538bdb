"""The built-in texts: worth reading at three in the morning."""

from router.core.text.builtin.chinese import CHINESE
from router.core.text.builtin.english import ENGLISH
from router.core.text.builtin.words import Words

_LANGUAGES = {"en": ENGLISH, "zh": CHINESE}


def words_of(language: str) -> Words:
    """The words of a language: ``en``, ``zh``; English for any other."""
    return _LANGUAGES.get(language, ENGLISH)
