"""How a router and a command prove to one another that they know a token, before anybody shows it.

GET /-/proof?nonce=N&proof=P    P proves it of who asks, the answer of who answers

Each proof holds for one nonce, one side, and the address at which they meet: what listens in a router's
place cannot ask that router, elsewhere, for the answer.
"""

import hmac
from typing import Any, Literal

PATH = "/-/proof"


def proof_of(token: str, side: Literal["asks", "answers"], nonce: str, meet: tuple[Any, ...]) -> str:
    """The proof of one side.

    Args:
        meet: host and port of the listener's end of the connection.
    """
    text = f"{side}\n{nonce}\n{meet[0]}\n{meet[1]}"
    return hmac.digest(token.encode(), text.encode("utf-8", "replace"), "sha256").hex()
