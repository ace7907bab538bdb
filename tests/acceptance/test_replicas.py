"""Several routers on one PostgreSQL, as deploy/kubernetes/overlays/postgresql starts them."""

from collections import Counter
from pathlib import Path

from tests.acceptance.harness import Process, Sink, post, sample, write_config


def test_each_event_is_told_once_whichever_router_takes_it_and_whoever_dies(
    postgres_url: str, sink: Sink, tmp_path: Path
) -> None:
    """One of two is killed, and comes again while the other sends: nothing is lost, nothing told twice."""
    rules = [{"name": "failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"]}]
    channels = {"oncall": {"url": sink.url("all"), "storm": "off"}}
    configs: list[Path] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        configs.append(write_config(tmp_path / name, channels, rules, store=postgres_url))
    one, two = (Process(config) for config in configs)
    jobs = [f"job-{number}" for number in range(30)]

    def tell(process: Process, some: list[str]) -> None:
        for job in some:
            assert post(process.port, "/v1/events/hook", sample("OnJobFailed", JobId=job))[0] == 200

    tell(one, jobs[0:10])
    tell(two, jobs[10:20])
    sink.wait_for(20)
    one.kill()
    tell(two, jobs[20:25])
    one = Process(configs[0])
    tell(one, jobs[25:30])
    sink.wait_for(30)
    assert (one.terminate(), two.terminate()) == (0, 0)
    told = Counter(job for request in sink.received() for job in jobs if f'"{job}"' in request["body"])
    assert told == Counter(jobs)
