"""Everything that runs, on one configuration at a time."""

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from router import telemetry
from router.app.channels import channels_of
from router.app.clock import AgreedClock, SystemClock
from router.app.loading import load_config
from router.app.looking import store_place
from router.app.pull import Pull
from router.app.sources import sources_of
from router.config import Config
from router.config.staying import refuse_moved
from router.config.watched import Watched
from router.core.delivery import SECOND, Delivery, State
from router.core.policy import Policy
from router.core.text.clip import clip
from router.decoders import decode
from router.errors import ConfigError, RouterError
from router.pipeline import absences, people
from router.pipeline.advance import Advance
from router.pipeline.deliver import Deliver
from router.pipeline.dispatch import Dispatch
from router.pipeline.drill import Drill
from router.pipeline.ingest import Ingest
from router.pipeline.links import make_keys
from router.pipeline.loops import Loop
from router.pipeline.maintain import Maintain
from router.pipeline.outages import Outages
from router.pipeline.tongue import Tongue
from router.pipeline.tracing import Tracing
from router.pipeline.watermarks import Lag, Standing, Watermarks, lag_of_posts
from router.ports import GROUPS, Clock, PullSource, Store, Unit
from router.traces import make_traces
from router.version import __version__
from router.web.ack import AckLinks
from router.web.gate import Gate, tokens_of
from router.web.guesses import Guesses
from router.web.inside import Inside, Loaded, SourceStanding, TargetStanding
from router.web.lazy import Site
from router.web.server import Listener

#: Seconds that sends in flight are given at the end, and the whole process.
SENDS_END_WITHIN = 18.0
#: Seconds of these that are kept for the last commits, whatever a source is waiting for.
COMMITS_END_WITHIN = 6.0
#: Seconds between two rounds of maintenance.
MAINTENANCE = 5.0
#: Seconds between two looks at what is due.
SHORTEST_WAIT = 0.1
#: Seconds before a replica that found another one telling looks whether it still does.
OTHERS_TURN = 0.5
#: Rounds of maintenance between two looks at what waits behind a failing message: half a minute.
TAKE_OVER_EVERY = 6
#: Characters of a configuration's first fault in the audit trail.
MOST_OF_FAULT = 300
#: Rounds of maintenance between two prunings at most: an hour.
PRUNE_EVERY = 720
#: Later than all that is ever due.
FOR_EVER = 2**62


def pause_until(next_at: int | None, now: int) -> float:
    """Seconds from now until something is due; never none: what is due may wait for its source."""
    pause = (next_at - now) / SECOND if next_at is not None else MAINTENANCE
    return min(max(pause, SHORTEST_WAIT), MAINTENANCE)


def prunes_every(retention: int) -> int:
    """Rounds of maintenance between two prunings: what is kept for less than an hour stays no longer."""
    return max(1, min(PRUNE_EVERY, int(retention / SECOND / MAINTENANCE)))


class Router:
    """Everything that runs, on one configuration at a time.

    Args:
        config: checked.
        store: open.
        watched: the files of the configuration as they were before it was read, else as they are now.
    """

    def __init__(
        self, config: Config, store: Store, clock: Clock | None = None, watched: Watched | None = None
    ) -> None:
        self.config = config
        self.watched = watched or Watched(config.files[0])
        self.metrics = telemetry.Metrics()
        self._store = store
        self._clock = AgreedClock(clock or SystemClock())
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._stopping = threading.Event()
        self._due = threading.Event()
        #: When the loop that tells looks again by itself; while it looks, whatever comes wakes it.
        self._looks_at = FOR_EVER
        self._store_problems: dict[str, str] = {}
        self._rounds = 0
        self._ends = 0.0
        self._started_at = self._clock.now()
        self._standstill = 0
        self._watermarks = Watermarks(self.metrics)
        self._guesses = Guesses(self._clock)
        self._traces = make_traces()
        tracing = Tracing(store, self._traces) if self._traces else None
        policy: Callable[[], Policy] = lambda: self.config.policy  # noqa: E731
        self.deliver = Deliver(
            store, self._owner, policy, self._clock, self.metrics, self._made_due, self._tongue, tracing
        )
        self.dispatch = Dispatch(
            store,
            policy,
            self._tongue,
            self._clock,
            self.metrics,
            self._written,
            self.deliver.claimed,
            tracing,
        )
        self.ingest = Ingest(
            store, decode, policy, self._clock, self.metrics, self._due_at, self.dispatch, tracing
        )
        self.advance = Advance(
            store,
            policy,
            self._clock,
            self.metrics,
            lambda: self._watermarks.waiting_for(self._clock.now()),
            self.dispatch.recheck,
        )
        self.outages = Outages(store, policy, self._clock, self._fetching, self._problem_of)
        self.maintain = Maintain(
            store,
            policy,
            lambda: self.config.settings.retention,
            lambda: self.deliver.in_hand,
            self._clock,
            self.metrics,
            self._rescued,
        )
        self.drill = Drill(
            store, lambda: self.config.settings.drill, self.ingest.submit, self._clock, self.metrics
        )
        self.listener = Listener(self.ingest, self, self.metrics, self._clock, self._changed)
        self.listener.site = Site(self._inside())
        self._reloading = threading.Lock()
        self._judging = threading.Lock()
        self._loaded = Loaded(self._started_at)
        self._pulls: dict[str, Pull] = {}
        self._loops = [
            Loop("ingest", self.ingest.step, lambda: self.ingest.wait(1.0), self._store_health),
            Loop("dispatch", self._tell, self._wait_due, self._store_health),
            Loop("deliver", self.deliver.step, self.deliver.wait, self._store_health),
            Loop(
                "settle",
                self.deliver.settle_gathered,
                lambda: self.deliver.wait_done(0.2),
                self._store_health,
            ),
            Loop("maintain", self._maintenance, lambda: self._pause(MAINTENANCE), self._store_health),
        ]
        self.metrics.build_info.labels(__version__).set(1)

    # health

    def problems(self) -> list[str]:
        """See :class:`router.web.server.Health`."""
        if self._stopping.is_set():
            return ["the router is stopping"]
        said = [pull.source.problem() for pull in self._pulls.values()]
        return [problem for problem in [*dict.fromkeys(self._store_problems.values()), *said] if problem]

    def hung(self) -> list[str]:
        """See :class:`router.web.server.Health`."""
        return [problem for loop in self._loops if (problem := loop.problem())]

    def failed_drill(self) -> str:
        """See :class:`router.ping.Standing`."""
        return self.drill.problem

    def _store_health(self, loop: str, problem: str) -> None:
        """What a loop found: the store is well when none of them has a problem with it."""
        with self._judging:
            before = self._store_problems
            others = {name: said for name, said in before.items() if name != loop}
            self._store_problems = others | ({loop: problem} if problem else {})
            if bool(before) == bool(self._store_problems):
                return
            self.metrics.store_up.set(0 if problem else 1)
        if problem:
            telemetry.log("store.unavailable", "error", error=problem)
        else:
            telemetry.log("store.recovered")

    # life

    def start(self) -> None:
        """Takes the configuration into force, gives back what an earlier process left, starts the loops.

        On a store that is shared a claim may be a living router's: only its lease says when it is not.
        """
        self._clock.agree(self._store)
        self._started_at = self._clock.now()
        last_beat = self._store.read(lambda unit: unit.last_beat())
        self._standstill = self._started_at - last_beat if last_beat is not None else 0
        self._take_into_force(self.config)
        self.maintain.beat()
        self.metrics.store_up.set(1)
        if not self._store.shared:
            self.maintain.rescue_others(self._owner)
        self._store.listen(self._woken, self._look_at_all)
        for loop in self._loops:
            loop.start()
        telemetry.log("config.loaded", files=len(self.config.files), policy=self.config.policy.hash)

    def stop(self) -> bool:
        """Ends what runs: no new claims, sends in flight end, what they came to is written.

        Returns:
            whether everything ended within its time.
        """
        self.say_stopping()
        ends = self._ends
        self.deliver.stop_claiming()
        for pull in self._pulls.values():
            pull.join(ends - COMMITS_END_WITHIN - time.monotonic())
        self.ingest.close()
        ingest, dispatch, deliver, settle, maintain = self._loops
        for loop in (ingest, dispatch, deliver, maintain):
            loop.stop()
        self._due.set()
        while self.deliver.in_flight and time.monotonic() < ends:
            time.sleep(0.02)
        settle.stop()
        ended = [loop.join(max(0.5, ends - time.monotonic())) for loop in self._loops]
        self._note_wrong_tokens(last=True)
        self.deliver.use({})
        self._store.close()
        if self._traces:
            self._traces.close()
        return all(ended) and not self.deliver.in_flight

    def say_stopping(self) -> None:
        """Not ready from now on; the time that the end may take counts from here."""
        if not self._stopping.is_set():
            self._ends = time.monotonic() + SENDS_END_WITHIN
            self._stopping.set()
            for pull in self._pulls.values():
                pull.stop()

    def reload(self, by: str) -> bool:
        """Checks the configuration again and swaps it in; a bad one is refused and changes nothing.

        Safe to call from any thread.

        Args:
            by: who or what asks for it, for the record.
        """
        with self._reloading:
            if self._stopping.is_set():
                # Its sources would begin to fetch, and nobody would end them.
                return False
            # Before they are read: what changes meanwhile is read once more, and nothing else is.
            self.watched.look()
            return self._reload(by)

    def _reload(self, by: str) -> bool:
        try:
            config = load_config(self.config.files[0])
            refuse_moved(self.config, config)
            self._take_into_force(config, by)
        except (RouterError, OSError) as error:
            faults = [str(f) for f in error.findings] if isinstance(error, ConfigError) else [str(error)]
            telemetry.log("config.refused", "error", faults=faults)
            self.metrics.reload_success.set(0)
            self._loaded = replace(self._loaded, refused_at=self._clock.now(), faults=tuple(faults))
            self._note(by, "fail to reload", clip(faults[0], MOST_OF_FAULT), len(faults))
            if isinstance(error, RouterError) and error.code == "store-unavailable":
                self.watched.forget()
            return False
        telemetry.log("config.loaded", files=len(config.files), policy=config.policy.hash)
        return True

    def _note(self, by: str, what: str, subject: str, number: int = 1) -> None:
        """What was done, on record; a store that is away leaves it to the log."""
        now = self._clock.now()
        with contextlib.suppress(RouterError):
            self._store.write(lambda unit: people.note(unit, now, by, what, subject, number))

    def _note_wrong_tokens(self, *, last: bool = False) -> None:
        if untold := self._guesses.untold(last=last):
            address, number = untold
            telemetry.log("gate.wrong_tokens", "warning", address=address, number=number)
            self._note(address, "fail to log in", "with a wrong token", number)

    def _take_into_force(self, config: Config, by: str = "") -> None:
        channels = channels_of(config, self._clock)
        sources, pulls = sources_of(config, self._clock, self.metrics)
        policy = config.policy
        now = self._clock.now()

        def keep(unit: Unit) -> None:
            unit.keep_policy(policy.hash, policy.text, now)
            absences.install(unit, policy, now)
            if by:
                people.note(unit, now, by, "reload", policy.hash)
            if config.settings.http.public_url:
                make_keys(unit)

        self._store.write(keep)
        before = {target.name: target.url for target in self.config.targets}
        moved = [one.name for one in config.targets if before.get(one.name, one.url) != one.url]
        self.config = config
        self.deliver.use(channels, moved)
        self.listener.sources = sources
        self.listener.gate = gate_of(config, self._clock, self._guesses)
        self.listener.links = self._links(config)
        self._use_pulls(pulls)
        self._watermarks.use(self._lags(config), now)
        while self.advance.retire():
            pass
        self.advance.review()
        self.metrics.target_unverified.clear()
        for target in config.targets:
            self.metrics.target_unverified.labels(target.name).set(target.unverified)
        self.metrics.rule_label.clear()
        for rule in policy.rules:
            for label, value in rule.labels.items():
                self.metrics.rule_label.labels(rule.name, label, value).set(1)
        self.metrics.reload_success.set(1)
        self._loaded = Loaded(self._clock.now())
        self.metrics.reload_time.set(self._loaded.at / SECOND)

    def _links(self, config: Config) -> AckLinks | None:
        if config.settings.http.public_url is None:
            return None
        return AckLinks(self._store, lambda: self.config.policy, self._clock, config.settings.timezone)

    def _lags(self, config: Config) -> dict[str, Lag]:
        """How each source says that it has not caught up."""
        lags: dict[str, Lag] = {
            name: lambda _now, source=pull.source: not source.caught_up()
            for name, pull in self._pulls.items()
        }
        for name, settings in config.settings.sources.items():
            if settings.kind == "webhook" or settings.kind == "alertmanager" or settings.kind == "mns-push":
                lags[name] = lag_of_posts(self._started_at, self._standstill, settings.catch_up)
        return lags

    def _fetching(self, now: int) -> dict[str, Standing]:
        """How the sources stand that fetch: one that is posted to is never out of reach."""
        stands = self._watermarks.stands(now)
        return {name: stands[name] for name in self._pulls.keys() & stands.keys()}

    def _problem_of(self, source: str) -> str:
        pull = self._pulls.get(source)
        return pull.source.problem() if pull else ""

    def _use_pulls(self, sources: Mapping[str, PullSource]) -> None:
        for pull in self._pulls.values():
            pull.stop()
        for name in self._pulls.keys() - sources.keys():
            # Its problem would be told of for as long as the process lives.
            self.metrics.source_problem.remove(name)
        self._pulls = {name: Pull(source, self.ingest) for name, source in sources.items()}

    # what the page asks

    def _inside(self) -> Inside:
        return Inside(
            store=self._store,
            clock=self._clock,
            config=lambda: self.config,
            gate=lambda: self.listener.gate,
            problems=self.problems,
            sources=self.sources_stand,
            targets=self._targets_stand,
            drill=self.failed_drill,
            begin_drill=self.drill.by_hand,
            loaded=lambda: self._loaded,
            place=lambda: store_place(self.config.settings.store),
            reload=self.reload,
            stopping=self._stopping.is_set,
            decode=decode,
        )

    def sources_stand(self) -> list[SourceStanding]:
        """See :class:`router.web.server.Health`."""
        stands = self._watermarks.stands(self._clock.now())
        paths = {source.name: source.path for source in self.listener.sources.values()}
        return [
            SourceStanding(
                name,
                settings.kind,
                paths.get(name, ""),
                self._problem_of(name),
                stands.get(name, Standing.REACHED) is Standing.REACHED,
                *self.ingest.heard.get(name, (None, None)),
            )
            for name, settings in self.config.settings.sources.items()
        ]

    def _targets_stand(self) -> list[TargetStanding]:
        now = self._clock.now()
        unverified = {target.name for target in self.config.targets if target.unverified}
        proved = self.deliver.proved()
        return [
            TargetStanding(
                name,
                one.standing(now),
                one.until if one.until > now else None,
                one.broken,
                one.answer,
                name in unverified,
                name in proved,
            )
            for name, one in sorted(self.deliver.standing().items())
        ]

    # what the loops call

    def _tongue(self) -> Tongue:
        settings = self.config.settings
        return Tongue(settings.timezone, settings.language, settings.http.public_url or "")

    def _tell(self) -> int:
        """What time changes first, then what is due: one of them at a time."""
        advanced = self.advance.step()
        return advanced or (self.dispatch.step() if self.advance.had_turn else 0)

    def _wait_due(self) -> None:
        """Until something is due, or somebody says that it is."""
        if not self.advance.had_turn:
            # Who has it sees all that is due by now before it rests: ours to do only if it dies.
            self._pause(OTHERS_TURN)
            return
        waiting_for = self._watermarks.waiting_for(self._clock.now())
        next_at = self._store.read(lambda unit: unit.next_change(waiting_for))
        self._looks_at = next_at or FOR_EVER
        self._due.wait(pause_until(next_at, self._clock.now()))
        self._looks_at = FOR_EVER
        self._due.clear()

    def _due_at(self, at: int) -> None:
        """Something is due then that was not known before."""
        if at < self._looks_at:
            self._made_due()

    def _made_due(self) -> None:
        self._due.set()
        self._store.wake_others([GROUPS])

    def _written(self, deliveries: Sequence[Delivery]) -> None:
        self.deliver.written(deliveries)
        self._store.wake_others({one.target for one in deliveries if one.state is State.PENDING})

    def _changed(self) -> None:
        """Somebody did something: what it makes due, as a retry does, need not wait for the next look."""
        self._rescued(frozenset(target.name for target in self.config.targets))

    def _rescued(self, targets: frozenset[str]) -> None:
        self.deliver.wake(targets)
        self._store.wake_others(targets)
        self._made_due()

    def _woken(self, due: frozenset[str]) -> None:
        """Another router on this store has made something due."""
        self.deliver.wake(due)
        if GROUPS in due:
            self._due.set()

    def _look_at_all(self) -> None:
        """Whatever others have made due while nobody here could hear of it."""
        self._woken(frozenset({GROUPS, *(target.name for target in self.config.targets)}))

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _maintenance(self) -> int:
        self._clock.agree(self._store)
        self.maintain.beat()
        self._note_wrong_tokens()
        self.maintain.rescue()
        self.maintain.bury_strays()
        if self.outages.step():
            self._due.set()
        self.drill.step()
        self.maintain.measure()
        if self._rounds % TAKE_OVER_EVERY == 0:
            self.maintain.take_over(self.deliver.left_alone())
            # Asked again for each batch: what a target that heals meanwhile has left gets its attempt.
            while self.maintain.give_up(self.deliver.left_alone()):
                self._loops[-1].turn()
            while self.maintain.tell_overdue():
                self._loops[-1].turn()
        self._rounds += 1
        # What is left after a full batch is taken at once, not with the next pruning.
        if (self._rounds - 1) % prunes_every(self.config.settings.retention) == 0:
            while self.maintain.prune() and not self._stopping.is_set():
                self._loops[-1].turn()
        return 0


def gate_of(config: Config, clock: Clock, guesses: Guesses) -> Gate:
    """Who may, by the configuration."""
    http = config.settings.http
    named = {name: (one.role, one.token.get_secret_value()) for name, one in http.tokens.items()}
    token = http.token.get_secret_value() if http.token else None
    return Gate(clock, tokens_of(token, named), http.public_url or "", guesses)
