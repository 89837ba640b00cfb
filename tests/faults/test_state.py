"""One client against one service, whatever happens: a Hypothesis state machine (issue 8).

The suite runs a small sample. For a long run, of any number of examples (3,000 take five to eight minutes):

    STATE_EXAMPLES=3000 python -m pytest tests/faults/test_state.py -p no:randomly --timeout=0
"""

import asyncio
import os
import pickle
from collections import Counter
from contextlib import suppress
from typing import Any
from unittest import mock
from weakref import WeakSet

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gizwits_async import errors
from gizwits_async.simulator import FaultRule, Quirks, SimulatedCloud
from gizwits_async.wire.retry import RetryPolicy
from tests.doubles import VirtualLoop
from tests.faults.life import AFTER, CALLS, DIDS, FAULTS, NOW, PERIOD, Process, Walker, fleet_of

LIVED: Counter[str] = Counter()
"""What happened, so that a machine that does nothing is found out."""
EXAMPLES = int(os.environ.get("STATE_EXAMPLES", "0"))

VIEWS = st.sampled_from(["plain", "plain", "bulk", "hurried", "bounded"])
NOTHING_DONE = (
    errors.NotSentError, errors.ApiError, errors.QuotaWaitError, errors.UnexpectedRedirectError,
)  # fmt: skip
"""Errors that promise that a write had no effect."""


class Life(RuleBasedStateMachine):
    """Calls and walks come and go; tokens, contexts, quota and replies are lost; the books agree."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.tasks: dict[asyncio.Task[None], None] = {}
        self.dropped: WeakSet[asyncio.Task[None]] = WeakSet()
        self.wrong: list[BaseException] = []
        self.processes: list[Process] = []
        self.walkers: list[Walker] = []
        self.commands: dict[int, str] = {}
        # Chance would make a failure hard to repeat.
        self.pause = mock.patch.object(RetryPolicy, "_pause", lambda _, attempt: 0.4 * attempt)
        self.pause.start()

    @initialize(
        context_kind=st.sampled_from(["position", "single_use", "scroll"]),
        dead_context=st.sampled_from(["error", "empty"]),
        last_page=st.sampled_from(["exact", "full", "empty", "endless"]),
        rate_headers=st.sampled_from(["always", "never", "refused"]),
        token_calls_count=st.booleans(),
        list_cap=st.sampled_from([2, 100]),
        seed=st.integers(0, 3),
    )
    def begin(self, **quirks: Any) -> None:
        """Start the service and the first process."""
        self.cloud = SimulatedCloud(
            fleet_of(), quota=CALLS, period=PERIOD, quirks=Quirks(log_cap=4, **quirks)
        )
        self.processes.append(Process(self.cloud))

    # --- what the program does

    @rule(kind=st.sampled_from(["detail", "summary", "points", "tree", "total", "login"]),
          view=VIEWS, count=st.sampled_from([1, 2, 12]), after=AFTER)  # fmt: skip
    def call(self, kind: str, view: str, count: int, after: float) -> None:
        """Begin some reads at once."""
        client = self.processes[-1].views[view]
        calls = {
            "detail": lambda: client.devices.detail("ACCF23000000"),
            "summary": client.device_reports.summary,
            "points": client.product.datapoints,
            "tree": client.device_groups.tree,
            "total": lambda: client.devices.search().total(),
            "login": client.authorization.create_token,
        }
        for _ in range(count):
            self.spawn(calls[kind]())
        self.pass_time(after)

    @rule(view=VIEWS, did=st.sampled_from(DIDS[3:]), after=AFTER)
    def control(self, view: str, did: str, after: float) -> None:
        """Begin to send a command that differs from all others."""
        number = len(self.commands) + 1
        self.commands[number] = "under way"
        self.spawn(self.command(self.processes[-1].views[view], did, number))
        self.pass_time(after)

    async def command(self, client: Any, did: str, number: int) -> None:
        try:
            await client.devices.control(did, raw=[255, number // 256, number % 256])
        except NOTHING_DONE as error:
            unsure = isinstance(error, errors.TokenRejectedError | errors.ServerError)
            self.commands[number] = "not done" if not unsure or error.code == 5403 else "unknown"
            raise
        except BaseException:
            self.commands[number] = "unknown"
            raise
        self.commands[number] = "done"
        LIVED["command done"] += 1

    @rule(log=st.sampled_from(["data", "data", "online", "devices"]),
          did=st.sampled_from(DIDS[:4]), sort=st.sampled_from(["asc", "desc"]))  # fmt: skip
    def begin_walk(self, log: str, did: str, sort: str) -> None:
        """Describe a walk; `step` takes it further."""
        self.walkers.append(Walker(cloud=self.cloud, log=log, did=did, sort=sort))

    @precondition(lambda self: any(not w.busy and not w.done for w in self.walkers))
    @rule(view=VIEWS, pages=st.sampled_from([1, 2, 5, 100]), which=st.integers(0, 5), after=AFTER)
    def step(self, view: str, pages: int, which: int, after: float) -> None:
        """Take a walk some pages further; the walk of before was broken off."""
        idle = [walker for walker in self.walkers if not walker.busy and not walker.done]
        walker = idle[which % len(idle)]
        walker.busy = True
        self.spawn(walker.go(self.processes[-1].views[view], pages), walker)
        self.pass_time(after)

    @rule(which=st.sampled_from(["first", "last", "all"]))
    def cancel(self, which: str) -> None:
        """Cancel tasks wherever they stand."""
        tasks = list(self.tasks)
        self.drop({"first": tasks[:1], "last": tasks[-1:], "all": tasks}[which])
        self.steps(1)

    @rule(
        at=st.sampled_from(["permit", "sending", "reply", "token"]), most=st.sampled_from([1, 99])
    )
    def pounce(self, at: str, most: int) -> None:
        """Cancel at the next moment of a kind, between what happens and who waits for it."""
        trap = self.processes[-1].trap
        trap.set_at, trap.spring = at, lambda: self.drop(list(self.tasks)[:most])

    def drop(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            self.dropped.add(task)
            task.cancel()

    @precondition(lambda self: self.loop.time() > 600.0 * len(self.processes))
    @rule()
    def restart(self) -> None:
        """Close the client over all that is under way, and go on with another."""
        self.loop.run_until_complete(self.processes[-1].client.aclose())
        self.processes.append(Process(self.cloud))

    # --- what happens to it

    @rule(count=st.integers(1, 40))
    def steps(self, count: int) -> None:
        """Let the loop go round so often: at any await something may happen."""

        async def rounds() -> None:
            for _ in range(count):
                await asyncio.sleep(0)

        self.loop.run_until_complete(rounds())

    @rule(seconds=st.sampled_from([0.005, 0.015, 0.4, 3.0, 30.0, 700.0, 3500.0]))
    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule(rules=FAULTS)
    def break_(self, rules: list[FaultRule]) -> None:
        """Let replies go wrong from now on."""
        self.cloud.faults.set(rules)

    @rule()
    def mend(self) -> None:
        """Let all be well again."""
        self.cloud.faults.set([])

    @rule()
    def expire(self) -> None:
        """Let all tokens end."""
        self.cloud.tokens.expire()

    @rule()
    def forget(self) -> None:
        """Restart the server: it knows no token and no context any more."""
        self.cloud.tokens.revoke()
        self.cloud.contexts.forget()

    @rule()
    def other_clients(self) -> None:
        """Let others use the quota up."""
        self.cloud.quota.use_up(NOW + self.loop.time())

    # --- what must hold

    @invariant()
    def nothing_is_wrong(self) -> None:
        """No error but ours, no book that disagrees, no record doubled, no command sent twice."""
        if self.wrong:
            raise self.wrong[0]
        for process in self.processes:
            process.check(at_rest=False)
        for walker in self.walkers:
            walker.check()
        if self.processes:
            self.check_commands()

    def check_commands(self) -> None:
        taken = [tuple(one.raw or b"") for one in self.cloud.product.controls]
        assert len(taken) == len(set(taken)), "a command was sent twice"
        for number, state in self.commands.items():
            seen = (255, number // 256, number % 256) in taken
            assert seen if state == "done" else True, f"command {number} is said to be done"
            assert not seen if state == "not done" else True, f"command {number} was done after all"

    def check_error(self, error: errors.GizwitsError) -> None:
        """C0: whatever ends a call can be sent to another process, and holds no secret."""
        again = pickle.loads(pickle.dumps(error))
        first = (type(error), str(error), error.resume)
        if (type(again), str(again), again.resume) != first:
            self.wrong.append(AssertionError(f"pickled, {error!r} is {again!r}"))
        own = self.cloud.credentials
        for secret in (own.enterprise_secret, own.product_secret, *self.cloud.tokens._grants):
            if secret in f"{error!r} {error} {error.__cause__!r}":
                self.wrong.append(AssertionError(f"a secret in a {type(error).__name__}"))

    @rule()
    def rest(self) -> None:
        """Wait until nothing is under way, and compare all the books."""
        self.mend()
        self.loop.run_until_complete(self.quiet())
        for process in self.processes:
            process.check(at_rest=True)
        sent = sum(process.door.sent for process in self.processes)
        withdrawn = sum(process.withdrawn for process in self.processes)
        assert sent - withdrawn <= len(self.cloud.ledger) <= sent
        if self.cloud.quirks.context_kind != "scroll":
            used = [e.query["context"] for e in self.cloud.ledger if "context" in e.query]
            assert len(used) == len(set(used)), "a context was sent twice"
        assert not self.tasks
        assert not asyncio.all_tasks(self.loop)
        self.nothing_is_wrong()

    async def quiet(self) -> None:
        mine = asyncio.current_task()
        async with asyncio.timeout(20 * 3600):
            while others := asyncio.all_tasks() - {mine}:  # type: ignore[operator]
                await asyncio.wait(others)
                await asyncio.sleep(0)

    def teardown(self) -> None:
        try:
            if self.processes:
                self.rest()
                for walker in self.walkers:
                    self.finish(walker)
                self.loop.run_until_complete(self.processes[-1].client.aclose())
                self.rest()
        finally:
            self.pause.stop()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()

    def finish(self, walker: Walker) -> None:
        """Take a walk up where it was left: with what it gave before, it is the whole."""
        for _ in range(9):
            if walker.done:
                break
            with suppress(errors.QuotaExceededError):  # Without headers nobody knows the reset.
                self.loop.run_until_complete(walker.go(self.processes[-1].client, 10**6))
        assert walker.done
        LIVED["walks"] += 1
        walker.check()

    # --- how

    def spawn(self, work: Any, walker: Walker | None = None) -> None:
        task = self.loop.create_task(self.guarded(work))
        self.tasks[task] = None

        def over(_: object) -> None:
            del self.tasks[task]
            if walker is not None:
                walker.busy = False  # Also if it was cancelled before it began.
            work.close()

        task.add_done_callback(over)

    async def guarded(self, work: Any) -> None:
        try:
            await work
        except (errors.GizwitsError, asyncio.CancelledError) as error:
            LIVED[type(error).__name__] += 1
            if isinstance(error, asyncio.CancelledError):
                if asyncio.current_task() not in self.dropped:
                    self.wrong.append(AssertionError("cancelled, and nobody had cancelled it"))
                raise
            self.check_error(error)
        except BaseException as error:  # noqa: BLE001 - the machine shows it
            note(repr(error))
            self.wrong.append(error)


SETTINGS = settings(
    max_examples=EXAMPLES or 270,
    stateful_step_count=60 if EXAMPLES else 40,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.fault("A1", "Q1", "X7", "X16", "C1", "P1")
def test_whatever_happens_the_books_agree_and_nothing_is_lost_or_doubled() -> None:
    """Requests equal permits, no task or permit is left over, walks are whole, commands are sent once."""
    LIVED.clear()
    run_state_machine_as_test(Life, settings=SETTINGS)
    assert LIVED["walks"] > 20, LIVED
    assert LIVED["command done"] > 10, LIVED
    assert len([kind for kind in LIVED if kind.endswith("Error")]) > 8, LIVED
