"""What the URLs of Aliyun's short messages and calls share: keys, numbers, and a template's variables.

``:name=field`` fills the template's variable ``name`` with a field of the notification.
"""

import re
from typing import Any

from apprise.plugins import base

from router.channels.fields import is_field

# Apprise's classes carry no types.
Base: Any = base.NotifyBase

_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,24}")
_PUNCTUATION = re.compile(r"[\s()+.-]")
_NUMBER = re.compile(r"[0-9]{5,15}")
_CHINESE = re.compile(r"(?:00)?86(1[0-9]{10})")


class Aliyun(Base):
    """Keys, numbers, variables.

    Args:
        key_id: of an access key; ``key_secret`` is its secret.
        variables: the template's variables, each with the field that fills it.
    """

    title_maxlen = 0

    def __init__(
        self, key_id: str, key_secret: str, targets: list[str], variables: dict[str, str], **parts: Any
    ) -> None:
        Base.__init__(self, **parts)
        self.targets = [digits(each) for each in targets]
        named = all(_VARIABLE.fullmatch(name) and is_field(field) for name, field in variables.items())
        if not (key_id and key_secret and targets and named):
            raise TypeError("something is missing, or a variable or its field has no valid name")
        self.key_id, self.key_secret, self.variables = key_id, key_secret, variables

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def open_parts(self) -> list[str]:
        """What of the URL may be shown: Aliyun's words are about these."""
        return [*self.variables, *self.variables.values()]

    def written(self, path: list[str], **parameters: str) -> str:
        """The URL, with what stands before the numbers; the first of it is the host."""
        keys = ":".join(Base.quote(key, safe="") for key in (self.key_id, self.key_secret))
        place = "/".join(Base.quote(part, safe="") for part in [*path, *self.targets])
        variables = {f":{name}": field for name, field in self.variables.items()}
        query = Base.urlencode({**self.url_parameters(), **variables, **parameters})
        return f"{self.secure_protocol}://{keys}@{place}/?{query}"


def parts_of(url: str) -> dict[str, Any]:
    """The parts of a URL as Apprise names them, with keys, variables and the path's ``targets``.

    Raises:
        TypeError: it is no URL.
    """
    found = Base.parse_url(url, verify_host=False)
    if not found:
        raise TypeError("no URL")
    written = {"key_id": found["user"], "key_secret": found["password"]}
    keys = {name: Base.unquote(value or "") for name, value in written.items()}
    return {
        **found,
        **keys,
        "host": Base.unquote(found["host"]),
        "targets": Base.split_path(found["fullpath"]),
        "variables": dict(found["qsd:"]),
    }


def digits(number: str) -> str:
    """A telephone number as Aliyun wants it: country and number; a Chinese mobile without its country.

    Raises:
        TypeError: it is none.
    """
    bare = _PUNCTUATION.sub("", number)
    if not _NUMBER.fullmatch(bare):
        raise TypeError("not a telephone number")
    chinese = _CHINESE.fullmatch(bare)
    return chinese[1] if chinese else bare
