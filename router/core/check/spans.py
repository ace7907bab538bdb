"""Where in a filter's text each of its parts stands: ``jmespath``'s tree does not say."""

from typing import Any

from jmespath.parser import Parser

from router.core.check.paths import Node, parts_of

Span = tuple[int, int]
_BLANKS = " \t\n\r"


def _placing(parser: Any) -> dict[int, Span]:
    """Makes a parser note between which tokens it reads each expression, by the node's ``id``."""
    between: dict[int, Span] = {}

    def expression(binding_power: int = 0) -> Any:
        start: int = parser._index
        token = parser._lookahead_token(0)
        parser._advance()
        left = getattr(parser, f"_token_nud_{token['type']}")(token)
        if token["type"] != "lparen":  # what is in parentheses has its place
            between[id(left)] = start, parser._index
        while binding_power < parser.BINDING_POWER[parser._current_token()]:
            led = getattr(parser, f"_token_led_{parser._current_token()}")
            parser._advance()
            left = led(left)
            between[id(left)] = start, parser._index
        return left

    parser._expression = expression
    return between


def spans_of(text: str, ast: Node) -> dict[int, Span]:
    """Start and end in the text, by the ``id`` of the nodes of the filter's own tree.

    A part that is no expression by itself, as what follows a dot, has the place of what holds it.
    """
    parser: Any = Parser()
    between = _placing(parser)
    placed: Node = parser._parse(text).parsed  # parse() may give a tree that was read before
    starts: list[int] = [token["start"] for token in parser._tokens]
    found: dict[int, Span] = {}
    waiting = [(placed, ast, (0, len(text)))]
    while waiting:
        twin, node, outer = waiting.pop()
        span = _letters(text, starts, between[id(twin)]) if id(twin) in between else outer
        found[id(node)] = span
        waiting += [(inner, own, span) for inner, own in zip(parts_of(twin), parts_of(node), strict=True)]
    return found


def _letters(text: str, starts: list[int], between: Span) -> Span:
    """From the first token to the last; what is blank behind it is not its own."""
    start, end = starts[between[0]], starts[between[1]]
    return start, start + len(text[start:end].rstrip(_BLANKS))
