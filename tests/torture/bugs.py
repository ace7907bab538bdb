"""Bugs that somebody could make, put in one by one: each turns the test red that is named for it.

``make torture-bugs`` runs all. Each is one exact change of the code; the list goes by what trusted
systems have got wrong.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LEFT_OUT = (".venv", ".git", "site", "*.db", ".hypothesis", "__pycache__", "pictures")


@dataclass(frozen=True)
class Bug:
    """A change, and who must notice.

    Args:
        name: what goes wrong, in a sentence.
        file: where; ``old`` stands there exactly once, and ``new`` in its place is the bug.
        test: what pytest is given; at least one of its tests must fail.
        also: further texts of the file, and what stands in their place.
        full: the test at its full size.
    """

    name: str
    file: str
    old: str
    new: str
    test: str
    also: tuple[tuple[str, str], ...] = ()
    full: bool = False

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        """Every text that is replaced, and what stands in its place."""
        return ((self.old, self.new), *self.also)


BUGS = (
    Bug(
        "acknowledged before the commit",
        "router/pipeline/ingest.py",
        "            committed = self._commit(requests)\n",
        '            taken = [Receipt("e", "routed", "")] * sum(len(one.envelopes) for one in requests)\n'
        "            _answer(requests, taken)\n"
        "            committed = self._commit(requests)\n",
        "tests/acceptance/test_kill.py -k random",
        also=(
            ("        _answer(requests, effects.receipts)\n", ""),
            ("            _fail(requests, error)\n            raise\n", "            raise\n"),
        ),
    ),
    Bug(
        "the disk is not asked to keep what was committed",
        "router/storage/opening.py",
        '"synchronous=FULL"',
        '"synchronous=NORMAL"',
        "tests/storage/test_powercut.py::test_no_power_cut_loses_what_was_acknowledged",
    ),
    Bug(
        "sent although the claim was not committed",
        "router/pipeline/deliver.py",
        "            self.wake(frozenset(place.target for place in places))\n            raise\n",
        "            claims = self._store.read(lambda unit: claim(unit, places, token, now, now + LEASE))\n",
        "tests/pipeline/test_deliver.py::test_nothing_is_sent_without_a_committed_claim",
    ),
    Bug(
        "a late owner writes its outcome over the next owner's",
        "router/storage/unit/deliver.py",
        'if row["token"] == mine[row["id"]]}',
        "}",
        "tests/pipeline/test_deliver.py::test_a_late_owner_changes_nothing",
    ),
    Bug(
        "who stood still until its claim ran out sends all the same",
        "router/pipeline/deliver.py",
        "if started >= (sending.first.lease_until or started + 1):",
        "if started < 0:",
        "tests/pipeline/test_deliver.py::test_who_stood_still_until_its_claim_ran_out_sends_nothing",
    ),
    Bug(
        "messages of two sources with one id are taken for the same",
        "router/decoders/cloudevents.py",
        "{len(document['source'])} {document['source']}{document['id']}",
        "{document['id']}",
        "tests/decoders",
    ),
    Bug(
        "the identities of messages are forgotten too early",
        "router/pipeline/maintain.py",
        "now - max(REMEMBER, retention)",
        "now - retention",
        "tests/pipeline/test_maintain.py::test_a_message_is_known_again_after_sixteen_days",
    ),
    Bug(
        "the messages of a telling are written in a transaction of their own",
        "router/pipeline/dispatch.py",
        """        unit.add_deliveries(deliveries)
""",
        "",
        "tests/pipeline/test_killed.py -k ingest.committed",
        also=(
            (
                "        if done.deliveries:\n",
                "        self._store.write(lambda unit: unit.add_deliveries(done.deliveries))\n"
                "        if done.deliveries:\n",
            ),
        ),
        full=True,
    ),
    Bug(
        "a delivery goes to several targets, and a retry to those that accepted",
        "router/channels/targets.py",
        "    if count(plugin) <= 1:\n        return [url]\n    urls",
        "    if count(plugin) >= 1:\n        return [url]\n    urls",
        "tests/channels/test_targets.py::test_each_target_has_a_url_of_its_own",
    ),
    Bug(
        "what may have arrived is sent again without end",
        "router/core/delivery.py",
        "if counted.unknown >= patience.max_unknown:",
        "if counted.unknown >= 1000:",
        "tests/core/test_delivery.py::test_the_second_unknown_outcome_is_the_end",
    ),
    Bug(
        "a repeat does not say that it may be one",
        "router/core/delivery.py",
        "        return self.unknown > 0\n",
        "        return False\n",
        "tests/pipeline/test_deliver.py::test_a_repeat_after_an_unknown_outcome_knows_that_it_is_one",
    ),
    Bug(
        "Retry-After is ignored",
        "router/core/delivery.py",
        "due = max(now + pause, verdict.retry_at or 0)",
        "due = now + pause",
        "tests/core/test_delivery.py::test_throttled_waits_as_long_as_it_was_told",
    ),
    Bug(
        "a message that was refused for good is tried again",
        "router/core/delivery.py",
        '            return _ended(answered, State.DEAD, f"refused: {verdict.answer}", now)\n',
        "            return _again(answered, verdict, now, patience, jitter)\n",
        "tests/core/test_delivery.py::test_refused_is_dead_with_the_providers_words",
    ),
    Bug(
        "a target whose sends hang takes every thread",
        "router/channels/channel.py",
        "Calls(self.concurrency + MOST_HANGING, now)",
        "Calls(10_000, now)",
        "tests/channels/test_transport.py::test_a_target_whose_sends_hang_is_not_tried_again_and_again",
    ),
    Bug(
        "a send has no deadline of its own",
        "router/channels/recording.py",
        "else self._calls.call(call, self.left())",
        "else self._calls.call(call, 60)",
        "tests/channels/test_transport.py::test_a_name_server_that_hangs_holds_nobody",
    ),
    Bug(
        "a reload swaps its rules in before its channels are known to be good",
        "router/app/router.py",
        "        channels = channels_of(config, self._clock)\n",
        "        self.config = config\n        channels = channels_of(config, self._clock)\n",
        "tests/test_app.py::test_a_reload_that_fails_late_changes_nothing",
    ),
    Bug(
        "a text that cannot be made keeps its page from being told",
        "router/pipeline/notify.py",
        "        return _bare(notification, rule, type(error).__name__)\n",
        "        raise\n",
        "tests/pipeline/test_dispatch.py::test_a_text_that_cannot_be_made_keeps_nobody_from_being_told",
    ),
    Bug(
        "a template that fails is not replaced by the built-in text",
        "router/core/text/render.py",
        """            self._fault(part, f"{error.message}; the built-in text was used")
            return None
""",
        "            raise\n",
        "tests/core/text/test_template.py::test_a_template_that_fails_leaves_the_built_in_text",
    ),
    Bug(
        "a filter that fails stops the event",
        "router/core/policy.py",
        "            failures.append(FailedFilter(rule, judged.error))\n",
        "            raise RuntimeError(judged.error)\n",
        "tests/pipeline/test_ingest.py::test_a_failing_filter_is_counted_and_stops_nothing",
    ),
    Bug(
        "the body of a push is not compared with its digest",
        "router/sources/mns_signature.py",
        "if not given or (given.lower() != md5.hexdigest() and _unwrapped(given) != md5.digest()):",
        "if not given:",
        "tests/sources/test_mns_signature.py::test_an_altered_body",
    ),
    Bug(
        "a certificate is taken from any host with the right ending",
        "router/sources/mns_certificate.py",
        "and _HOST.fullmatch(parts.netloc) is not None",
        'and parts.netloc.endswith("aliyuncs.com")',
        "tests/sources/test_mns_certificate.py::test_no_request_goes_to_any_other_address",
    ),
    Bug(
        "a redirect passes for an acceptance",
        "router/channels/verdicts.py",
        "        if not 200 <= (exchange.status or 0) < 300:\n            refused",
        "        if not 200 <= (exchange.status or 0) < 400:\n            refused",
        "tests/contract/test_channel.py -k redirect",
    ),
    Bug(
        "a URL's secrets stand in a provider's words",
        "router/channels/channel.py",
        "shown = self._secrets.shown(verdict.answer)",
        "shown = verdict.answer",
        "tests/channels/test_secrets.py",
    ),
    Bug(
        "a stop waits for the end of a long poll",
        "router/sources/mns_consumer.py",
        "patience = 0 if self._in_hand else self._settings.wait",
        "patience = 0 if self._in_hand else 30",
        "tests/sources/test_mns_queue.py::test_it_stops_within_its_wait",
    ),
    Bug(
        "a call of the store has no deadline",
        "router/storage/store.py",
        "job.answer.exception(self._deadline)",
        "job.answer.exception(600)",
        "tests/storage/test_faults.py::test_work_that_hangs_is_given_up_and_never_committed",
    ),
)


def main() -> int:
    """Tries each; status 1 when one of them is noticed by nobody, or where a test fails without any."""
    print(f"{'':6} {'seconds':>7}  bug")
    wrong = [bug for bug in BUGS if seen(bug, sound=True)]
    unseen = [bug for bug in BUGS if not seen(bug)]
    print(f"\n{len(BUGS)} bugs, {len(BUGS) - len(unseen)} noticed by the test named for them")
    for bug in unseen:
        print(f"NOT NOTICED: {bug.name} ({bug.file}); {bug.test} passes all the same")
    for bug in wrong:
        print(f"FAILS WITHOUT A BUG: {bug.test}")
    return 1 if unseen or wrong else 0


def seen(bug: Bug, *, sound: bool = False) -> bool:
    """Whether the bug's test fails on a copy of the project with the bug, or on a sound one."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        file = copy / bug.file
        text = file.read_text("utf-8")
        for old, new in () if sound else bug.changes:
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
        started = time.monotonic()
        red = _is_red(bug, copy)
    said = f"without: {bug.test}" if sound else bug.name
    print(f"{'red' if red else 'green':6} {time.monotonic() - started:7.1f}  {said}", flush=True)
    return red


def _is_red(bug: Bug, copy: Path) -> bool:
    full = {"ALERT_ROUTER_TORTURE": "1"} if bug.full else {}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *bug.test.split()],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "ALERT_ROUTER_TORTURE": ""} | full,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{bug.test} did not run (status {done.returncode}):\n{done.stdout[-3000:]}")
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(main())
