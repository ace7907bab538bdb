"""Names that nobody knows: fields (F101, F102) and the words that a field may hold (F103)."""

from collections.abc import Iterator, Sequence
from itertools import chain

from router.core.catalogue import EVENTS
from router.core.check.kinds import Kind, Path
from router.core.check.paths import path_of
from router.core.check.remark import Remark
from router.core.check.study import Node, Part, Study
from router.core.filter.near import letters_off, nearest
from router.core.filter.unparse import needs_no_quotes


def about_fields(study: Study) -> Iterator[Remark]:
    """Fields that no kind of event has: mistyped, or texts in the wrong quotes."""
    for part in study.parts:
        path = path_of(part.node)
        if path and not (part.holder and path_of(part.holder) is not None):
            yield from _about_field(study, part, path)


def _about_field(study: Study, part: Part, path: Path) -> Iterator[Remark]:
    unknown = next((path[:end] for end in range(1, len(path) + 1) if _is_unknown(study, path[:end])), None)
    if _is_text_meant(study, part, path, is_unknown=unknown is not None):
        yield _wrong_quotes(study, part.node, path[0])
    elif unknown:
        owner = f"{'.'.join(unknown[:-1])} has" if unknown[:-1] else "events have"
        fix = _literal_meant(part, path)
        near = _near(study, unknown, is_holder=len(unknown) < len(path))
        advice = f"a bare word is the name of a field: write {fix}" if fix else near
        yield study.remark("F102", "error", part.node, f"{owner} no field {unknown[-1]}", fix, advice)
    elif _may_be_text(study, part, path):
        word = path[0]
        message = f'"{word}" in double quotes is the name of a field'
        advice = f"a text takes single quotes: '{word}'; a field's name needs none"
        yield study.remark("F101", "warning", part.node, message, None, advice)


def _near(study: Study, unknown: Path, *, is_holder: bool) -> str:
    """What may be meant: of what is to have fields itself also a name that is short, such as ``Job``."""
    names = _fields(study.kinds, unknown[:-1])
    near = nearest(unknown[-1], names)
    if is_holder and not near:
        holders = (name for name in names if _is_holder(study.kinds, (*unknown[:-1], name)))
        near = next((name for name in holders if letters_off(unknown[-1], name, 1) == 1), "")
    if near:
        return f"did you mean {'.'.join([*unknown[:-1], near])}?"
    return "if your events have it, give their source a schema that names it"


def _is_holder(kinds: Sequence[Kind], path: Path) -> bool:
    return any(kind.values_at(path).object for kind in kinds)


def _literal_meant(part: Part, path: Path) -> str | None:
    """What should stand there for ``Event == OnJobFailed`` and ``ExitCode == null``."""
    word = path[-1]
    if len(path) > 1 or not _is_operand(part):
        return None
    if word in ("null", "true", "false"):
        return f"`{word}`"
    return f"'{word}'" if word in _known_words() else None


def _is_unknown(study: Study, path: Path) -> bool:
    return _is_holder(study.kinds, path[:-1]) and all(kind.has(path) is False for kind in study.kinds)


def _fields(kinds: Sequence[Kind], path: Path) -> list[str]:
    held = [kind.values_at(path).object for kind in kinds]
    return list(dict.fromkeys(chain.from_iterable(one.fields for one in held if one)))


def _is_text_meant(study: Study, part: Part, path: Path, *, is_unknown: bool) -> bool:
    """Whether a name in double quotes stands where a text is compared with something of the event."""
    word, *rest = path
    if rest or not _is_quoted(study, part) or not _is_operand(part):
        return False
    if word in _known_words():
        return is_unknown or study.is_about_any
    return is_unknown and not nearest(word, _fields(study.kinds, ())) and not _meets_literal(part)


def _may_be_text(study: Study, part: Part, path: Path) -> bool:
    """Whether a name that nobody knows has quotes that it does not need, where a text is likely."""
    if len(path) != 1 or not needs_no_quotes(path[0]) or any(kind.has(path) for kind in study.kinds):
        return False
    if not _is_quoted(study, part) or not _is_operand(part) or _meets_literal(part):
        return False
    first = part.holder and part.holder["children"][0]
    is_listed = part.holder is not None and part.holder["type"] == "multi_select_list"
    return is_listed or first is not part.node


def _is_quoted(study: Study, part: Part) -> bool:
    return study.text[study.span(part.node)[0]] == '"'


def _is_operand(part: Part) -> bool:
    holder = part.holder
    return holder is not None and holder["type"] in ("comparator", "function_expression", "multi_select_list")


def _meets_literal(part: Part) -> bool:
    """Whether it is compared with a literal: then it is the field, however odd its name."""
    holder = part.holder
    return holder is not None and any(child["type"] == "literal" for child in holder["children"])


def _known_words() -> frozenset[str]:
    known = (field.known for event in EVENTS.values() for field in event.fields.values())
    return frozenset(chain.from_iterable(known))


def _wrong_quotes(study: Study, node: Node, word: str) -> Remark:
    is_plain = "\\" not in word and word.isprintable()
    fix = "'" + word.replace("'", "\\'") + "'" if is_plain else None
    message = f'"{word}" in double quotes is the name of a field, and events have no such field'
    return study.remark("F101", "error", node, message, fix, f"write a text in single quotes: {fix or word}")


def about_words(study: Study) -> Iterator[Remark]:
    """Texts that a field of known words is compared with, and that are none of them."""
    for part in study.parts:
        for path, literal in _compared(part.node):
            known = _words(study.kinds, path)
            if known and literal["value"] not in known:
                yield _unknown_word(study, literal, ".".join(path), known)


def is_foreign(study: Study, remarks: Sequence[Remark]) -> bool:
    """Whether the filter names an event that nobody knows: then nobody knows either what it holds."""
    events = [literal for part in study.parts for path, literal in _compared(part.node) if path == ("Event",)]
    unknown = {study.span(literal) for literal in events}
    return any(one.level == "warning" and (one.start, one.end) in unknown for one in remarks)


def _unknown_word(study: Study, literal: Node, field: str, known: frozenset[str]) -> Remark:
    near = nearest(literal["value"], known)
    message = f"'{literal['value']}' is no known {field}"
    if near:
        return study.remark("F103", "error", literal, message, None, f"did you mean '{near}'?")
    return study.remark("F103", "warning", literal, message)


def _compared(node: Node) -> Iterator[tuple[Path, Node]]:
    """The field and the text of an equality, or of each element of a list that is looked into."""
    children: list[Node] = node["children"]
    if node["type"] == "comparator" and node["value"] in ("eq", "ne"):
        pairs = [(children[0], children[1]), (children[1], children[0])]
    elif node["type"] == "function_expression" and node["value"] == "contains" and len(children) == 2:
        listing, field = children
        items: list[Node] = listing["children"] if listing["type"] == "multi_select_list" else []
        pairs = [(field, item) for item in items]
    else:
        return
    for field, literal in pairs:
        path = path_of(field)
        if path and literal["type"] == "literal" and isinstance(literal["value"], str):
            yield path, literal


def _words(kinds: Sequence[Kind], path: Path) -> frozenset[str]:
    """All words that are known at a place; none where any kind may hold other texts."""
    known: set[str] = set()
    for kind in kinds:
        found = _words_of(kind, path)
        if found is None:
            return frozenset()
        known |= found
    return frozenset(known)


def _words_of(kind: Kind, path: Path) -> frozenset[str] | None:
    listed = kind.words.get(path)
    return listed if listed is not None else kind.values_at(path).texts.only
