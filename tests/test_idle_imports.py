"""What an idle router may not have loaded: each part is imported when it is first needed."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: Needed only with a setting that this router does not have, or by another command.
NOT_LOADED = {
    "alembic",
    "cryptography",
    "mns",
    "fastapi",
    "starlette",
    "psycopg",
    "markdown_it",
    "opentelemetry",
    "rich",
}

PROGRAM = """
import json, sys, threading, time
from pathlib import Path
from router import telemetry
from router.app import load_config
from router.sidecar import running
telemetry.set_up_logs(terminal=False, level="error")
with running(load_config(Path(sys.argv[1]))):
    time.sleep(0.5)
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_an_idle_router_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """A webhook source and a webhook channel: no migrations, cryptography, MNS or second web framework."""
    (tmp_path / "rules.yaml").write_text("rules: [{name: a, when: always, to: [c]}]", encoding="utf-8")
    settings = {
        "store": f"sqlite:///{tmp_path / 'state.db'}",
        "http": {"listen": "127.0.0.1:0"},
        "sources": {"hook": {"kind": "webhook"}},
        "channels": {"c": {"url": "json://127.0.0.1:9/"}},
        "rules": ["rules.yaml"],
    }
    file = tmp_path / "router.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    done: subprocess.CompletedProcess[str] | None = None
    # The first start makes the store; the second finds it.
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(file)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert done is not None
    assert NOT_LOADED & set(json.loads(done.stdout)) == set()
