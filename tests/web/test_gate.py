"""Who may: tokens, roles, sessions, hosts and origins."""

import pytest

from router.errors import RouterError
from router.web.gate import COOKIE, SESSION_LASTS, Gate, Role, Token, tokens_of
from router.web.guesses import MOST_WRONG

TOKENS = (
    Token("prometheus", Role.SEND, "secret-of-prometheus"),
    Token("grafana", Role.READ, "secret-of-grafana"),
    Token("anna", Role.ADMIN, "secret-of-anna"),
)


class Clock:
    """A clock that is handed in."""

    def __init__(self) -> None:
        self.at = 1_700_000_000_000_000

    def now(self) -> int:
        return self.at


def code(gate: Gate, headers: dict[str, str], role: Role) -> str:
    """What a request is answered: ``ok`` or the error's code."""
    try:
        gate.admit({"host": "router.example"} | headers, "10.0.0.1", role)
    except RouterError as error:
        return error.code
    return "ok"


@pytest.mark.parametrize(
    ("secret", "may"),
    [("prometheus", {Role.SEND}), ("grafana", {Role.READ}), ("anna", set(Role))],
)
def test_a_role_allows_what_it_says_and_no_more(secret: str, may: set[Role]) -> None:
    """A sender reads nothing, a reader sends nothing, an administrator does all of it."""
    gate = Gate(Clock(), TOKENS)
    headers = {"authorization": f"Bearer secret-of-{secret}"}
    assert {role for role in Role if code(gate, headers, role) == "ok"} == may
    assert {code(gate, headers, role) for role in set(Role) - may} <= {"forbidden"}


@pytest.mark.parametrize("brought", ["", "Bearer ", "Bearer wrong", "Bearer ünïcode", "Basic YTpi"])
def test_nobody_that_is_known_gets_in(brought: str) -> None:
    """A missing, empty, wrong or odd token is no token."""
    assert code(Gate(Clock(), TOKENS), {"authorization": brought}, Role.READ) == "unauthorized"


def test_a_session_is_who_logged_in_until_it_ends() -> None:
    """A log-in gives a cookie with the token's role; it ends after its time, and when the token changes."""
    clock = Clock()
    gate = Gate(clock, TOKENS)
    cookie = {"cookie": f"other=1; {COOKIE}={gate.log_in('secret-of-grafana', '10.0.0.1')}"}
    assert code(gate, cookie, Role.READ) == "ok"
    assert code(gate, cookie, Role.ADMIN) == "forbidden"
    changed = (Token("grafana", Role.ADMIN, "another secret"),)
    assert code(Gate(clock, changed), cookie, Role.READ) == "unauthorized"
    clock.at += SESSION_LASTS
    assert code(gate, cookie, Role.READ) == "unauthorized"


@pytest.mark.parametrize("role_of", ["anna", "prometheus"])
def test_a_session_cannot_be_made_up(role_of: str) -> None:
    """Another name, another end or another proof in a cookie is nobody."""
    gate = Gate(Clock(), TOKENS)
    name, ends, proof = gate.log_in("secret-of-grafana", "a").split(".")
    other = gate.log_in(f"secret-of-{role_of}", "a").split(".")[0]
    for cookie in (
        f"{other}.{ends}.{proof}",
        f"{name}.{int(ends) + 1}.{proof}",
        f"{name}.{ends}.{proof[:-1]}",
        f"{name}.{'9' * 5000}.{proof}",
        f"!.{ends}.{proof}",
        "..",
        "",
    ):
        assert code(gate, {"cookie": f"{COOKIE}={cookie}"}, Role.READ) == "unauthorized", cookie


def test_each_session_has_a_form_secret_of_its_own() -> None:
    """What a form brings back proves the session that it was made for."""
    clock = Clock()
    gate = Gate(clock, TOKENS)
    first = gate.person({"cookie": f"{COOKIE}={gate.log_in('secret-of-anna', 'a')}"}, "a")
    clock.at += 1
    second = gate.person({"cookie": f"{COOKIE}={gate.log_in('secret-of-anna', 'a')}"}, "a")
    assert first is not None
    assert second is not None
    assert first.csrf != second.csrf


def test_failed_log_ins_make_an_address_wait() -> None:
    """After some even the right token is refused there, not elsewhere, and is taken a minute later."""
    clock = Clock()
    gate = Gate(clock, TOKENS)
    for number in range(MOST_WRONG):
        with pytest.raises(RouterError, match="no token is so"):
            gate.log_in(f"guess {number}", "10.0.0.1")
    with pytest.raises(RouterError, match="too many"):
        gate.log_in("secret-of-anna", "10.0.0.1")
    assert gate.log_in("secret-of-anna", "10.0.0.2")
    clock.at += 61_000_000
    assert gate.log_in("secret-of-anna", "10.0.0.1")


def test_wrong_bearer_tokens_make_an_address_wait_as_failed_log_ins_do() -> None:
    """They count together; a session that was begun before goes on, and a request without a token is none."""
    gate = Gate(Clock(), TOKENS)
    cookie = {"cookie": f"{COOKIE}={gate.log_in('secret-of-grafana', '10.0.0.9')}"}
    for number in range(MOST_WRONG):
        assert code(gate, {}, Role.READ) == "unauthorized"
        assert code(gate, {"authorization": f"Bearer guess {number}"}, Role.READ) == "unauthorized"
    assert code(gate, {"authorization": "Bearer secret-of-anna"}, Role.READ) == "too-many"
    with pytest.raises(RouterError, match="too many"):
        gate.log_in("secret-of-anna", "10.0.0.1")
    assert code(gate, {}, Role.READ) == "unauthorized"
    assert code(gate, cookie, Role.READ) == "ok"


@pytest.mark.parametrize(
    ("host", "origin", "said"),
    [
        ("127.0.0.1:8080", None, "ok"),
        ("localhost", "http://localhost", "ok"),
        ("[::1]:8080", "http://[::1]:8080", "ok"),
        ("alerts.example.com", "https://alerts.example.com", "ok"),
        ("127.0.0.1:8080", "https://alerts.example.com", "ok"),
        ("127.0.0.1:8080", "http://127.0.0.1:9999", "forbidden"),
        ("127.0.0.1:8080", "null", "forbidden"),
        ("127.0.0.1:8080", "http://[", "forbidden"),
        ("evil.example:8080", "http://evil.example:8080", "forbidden"),
        ("evil.example:8080", None, "forbidden"),
        ("127.0.0.1.evil.example", None, "forbidden"),
        ("[::1", None, "forbidden"),
        ("", None, "forbidden"),
    ],
)
def test_without_a_token_only_this_machine_is_named(host: str, origin: str | None, said: str) -> None:
    """A name that somebody else resolves to this machine is refused, and so is another site's page."""
    gate = Gate(Clock(), (), "https://alerts.example.com")
    headers = {"host": host} | ({"origin": origin} if origin else {})
    assert code(gate, headers, Role.ADMIN) == said


def test_without_a_public_address_no_site_is_ours() -> None:
    """An Origin that names no site is not that of a router without a public address."""
    assert code(Gate(Clock()), {"host": "localhost", "origin": "null"}, Role.READ) == "forbidden"


def test_the_one_token_may_do_everything() -> None:
    """``http.token`` is an administrator's; those with names have their roles."""
    one, other = tokens_of("a", {"b": ("send", "c")})
    assert (one.role, other) == (Role.ADMIN, Token("b", Role.SEND, "c"))
    assert tokens_of(None, {}) == ()
