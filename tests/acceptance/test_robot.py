"""A DingTalk robot that counts as DingTalk does, and what a storm of groups does to it."""

from collections.abc import Iterator
from dataclasses import replace
from socket import socket

import orjson
import pytest

from router.channels import ChannelSpec, make_channel
from router.core.delivery import SECOND
from router.core.limits import rate_of
from router.core.message import Message
from router.core.policy import Target
from tests.channels.servers import Provider, answer, listening
from tests.pipeline.conftest import HandClock, MakePipeline, Pipeline, make, plan, rule, store
from tests.storage.making import delivery

__all__ = ["make", "store"]

MINUTE = 60 * SECOND


class Robot:
    """Takes 20 messages of 20,000 bytes in any minute of the clock; one more, and it refuses for ten."""

    def __init__(self, clock: HandClock, provider: Provider) -> None:
        self._clock = clock
        self._provider = provider
        self.took: list[int] = []
        self.texts: list[str] = []
        self.refused: list[int] = []
        provider.does(self._answer)

    def _answer(self, connection: socket) -> None:
        body, now = self._provider.received[-1].body, self._clock.now()
        lately = [at for at in self.took if at > now - MINUTE]
        banned = any(at > now - 10 * MINUTE for at in self.refused)
        code = 460101 if len(body) > 20_000 else 130101 if banned or len(lately) >= 20 else 0
        if code:
            self.refused.append(now)
        else:
            self.took.append(now)
            self.texts.append(orjson.loads(body)["markdown"]["text"])
        answer(200, {"errcode": code, "errmsg": "ok" if not code else "no"})(connection)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with listening() as listened:
        yield listened


def storm(made: Pipeline, robot: Robot, seconds: range) -> None:
    """A hundred jobs fail within a minute, each with words of its own; the loops turn each second."""
    for second in range(seconds.stop):
        for job in range(100):
            if second in seconds and job % len(seconds) == second - seconds.start:
                words = f"the disk of render-{job:03} is full"
                made.take({"Event": "OnJobFailed", "JobId": f"job-{job:03}", "ErrorMessage": words})
        made.run()
        made.clock.move(1)
    for _ in range(3):
        made.run()
        made.clock.move(6)


@pytest.mark.parametrize("seconds", [range(1), range(10), range(50)], ids=["at once", "in 10 s", "in 50 s"])
def test_a_hundred_messages_are_at_most_twenty_sends(
    make: MakePipeline, provider: Provider, seconds: range
) -> None:
    """All of their content arrives, and the robot never has to refuse one."""
    target = Target("oncall/1", "dingtalk", rate_of("dingtalk"))
    made = make(rule(), channels=(replace(plan("oncall", rate=target.rate), targets=(target,)),))
    url = f"dingtalk://{'0' * 64}"
    spec = ChannelSpec("oncall/1", url, "dingtalk", egress={"https://oapi.dingtalk.com": provider.origin})
    channel = make_channel(spec, made.clock.now)
    made.deliver.use({"oncall/1": (channel, made.policy.channels["oncall"])})
    robot = Robot(made.clock, provider)
    storm(made, robot, seconds)
    assert robot.refused == []
    assert len(robot.took) <= 20
    said = "\n".join(robot.texts)
    missing = [job for job in range(100) if f"the disk of render-{job:03} is full" not in said]
    assert missing == []


def test_the_robot_itself_refuses_more(provider: Provider) -> None:
    """The stand-in counts: the twenty-first of a minute is refused, and what follows for ten minutes."""
    clock = HandClock()
    robot = Robot(clock, provider)
    url = f"dingtalk://{'0' * 64}"
    spec = ChannelSpec("oncall/1", url, "dingtalk", egress={"https://oapi.dingtalk.com": provider.origin})
    channel = make_channel(spec, clock.now)
    outcomes = [channel.send(Message("t", "b"), delivery(f"d{n}")).outcome.value for n in range(21)]
    assert outcomes == ["accepted"] * 20 + ["throttled"]
    clock.move(300)
    assert channel.send(Message("t", "b"), delivery("d")).outcome.value == "throttled"
    assert len(robot.took) == 20
