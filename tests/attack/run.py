"""One attack: two servers, the attackers and good traffic, each a process of its own.

    senders, crowd, giants, floods ---> attacked server <--- good traffic ---> control server

Only servers that it has started itself, on 127.0.0.1, are ever asked.
"""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from attack import body_grammar, frame_grammar, http_grammar
from attack.crowd import crowd
from attack.giants import Told, giants
from attack.good_traffic import Answered, good_traffic
from attack.malformed import endless
from attack.senders import EXAMPLES, Found, Sender
from harness.scoring_server import flight_files, serving, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.synchronize import Event

    from attack.malformed import Malformed
    from harness.scoring_server import ScoringServer

WARM_SECONDS = 60.0
"""Until when both servers must have served some good traffic."""
SENDERS = 3
GRAMMARS = {
    "http": http_grammar.MAKERS,
    "body": body_grammar.MAKERS,
    "frames": frame_grammar.MAKERS,
}
SHARES = {"http": 0.45, "body": 0.45, "frames": 0.1}
"""Of the messages by grammar; every sender takes one of each in turn."""
SECONDS_BETWEEN_FLOODS = 1.0
SAMPLE_SECONDS = 0.2
NOT_FINITE = "output is not finite"
"""Logged by a server without a fault: some garbled requests are requests still, and the model may
have no answer to them; decision 11 says what is answered."""
GIANTS = 2


@dataclass(frozen=True)
class Plan:
    """How much is sent, and for how long at most."""

    requests: int = 1_000_000
    connections: int = 2_000
    seconds: float = 3_600.0
    seed: int = 1


@dataclass
class Outcome:
    """What came of it."""

    asked: int
    """Malformed messages that were to be sent."""
    connections: int
    """Slow connections that were to be open at a time."""
    found: Found = field(default_factory=Found)
    floods: Found = field(default_factory=Found)
    crowd: Counter[str] = field(default_factory=Counter)
    giants: list[Told] = field(default_factory=list)
    attacked: Answered = field(default_factory=Answered)
    control: Answered = field(default_factory=Answered)
    begun: float = 0.0
    """By ``time.monotonic``."""
    seconds: float = 0.0
    alive: bool = False
    bugs: list[str] = field(default_factory=list)
    """What the server logged as an error."""
    memory_before: int = 0
    memory_most: int = 0
    memory_after: int = 0
    """Resident, KiB."""
    waited_seconds: float = 0.0
    """For how long the attacked server was ready to run and had no core."""
    ran_seconds: float = 0.0


def mixed(seed: str) -> Iterator[Malformed]:
    """Return messages of all grammars by their shares."""
    every = {name: endless(makers, f"{seed} {name}") for name, makers in GRAMMARS.items()}
    due = dict.fromkeys(SHARES, 0.0)
    while True:
        for name, share in SHARES.items():
            due[name] += share
        chosen = max(due, key=lambda name: due[name])
        due[chosen] -= 1
        yield next(every[chosen])


def shares(requests: int) -> list[int]:
    """Return how many messages each sender sends of ``requests`` together."""
    return [(requests + n) // SENDERS for n in range(SENDERS)]


def send(port: int, seed: str, count: int, until: float) -> Found:
    """Send ``count`` messages of all grammars."""
    return Sender(port).send_all(mixed(seed), count, until)


def floods(port: int, seed: str, stop: Event) -> Found:
    """Send a flood of frames now and then until ``stop``."""
    sender = Sender(port)
    for message in endless((frame_grammar.flood,), seed):
        if stop.wait(SECONDS_BETWEEN_FLOODS):
            break
        sender.send(message)
    return sender.found


class Crew:
    """Processes and what they return."""

    def __init__(self) -> None:
        """Start nothing."""
        self._context = multiprocessing.get_context("spawn")
        self._results: Any = self._context.Queue()
        self._running: dict[int, multiprocessing.process.BaseProcess] = {}
        self.warm, self.stop = self._context.Event(), self._context.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.kill()
            process.join()

    def start(self, work: Callable[..., Any], *arguments: object) -> int:
        """Run ``work`` in a process, and return its number."""
        number = len(self._running)
        process = self._context.Process(
            target=_deliver, args=(self._results, number, work, arguments), daemon=True
        )
        process.start()
        self._running[number] = process
        return number

    def results(self, numbers: Sequence[int], meanwhile: Callable[[], None]) -> dict[int, Any]:
        """Wait for the results of ``numbers``; call ``meanwhile`` while there are none.

        Raises:
            RuntimeError: One of them failed, or was killed.
        """
        found: dict[int, Any] = {}
        while len(found) < len(numbers):
            meanwhile()
            try:
                number, result = self._results.get(timeout=SAMPLE_SECONDS)
            except queue.Empty:
                dead = [
                    each
                    for each in numbers
                    if each not in found and self._running[each].exitcode not in (None, 0)
                ]
                if dead:
                    raise RuntimeError(
                        f"attackers {dead} died; see their tracebacks above"
                    ) from None
                continue
            found[number] = result
        return found


def _deliver(results: Any, number: int, work: Callable[..., Any], arguments: Any) -> None:
    results.put((number, work(*arguments)))


def run(plan: Plan, folder: Path) -> Outcome:
    """Attack as ``plan`` says; files are kept in ``folder``."""
    variables = {
        **written(flight_files(), folder / "artifact"),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }
    for name in ("attacked", "control"):
        (folder / name).mkdir()
    with (
        # compiles the modules: what it takes to compile must not count as the other's own memory
        serving(variables, folder / "control") as control,
        serving(variables, folder / "attacked") as attacked,
        Crew() as crew,
    ):
        return _attack(plan, crew, attacked, control)


def _attack(plan: Plan, crew: Crew, attacked: ScoringServer, control: ScoringServer) -> Outcome:
    outcome = Outcome(plan.requests, plan.connections)
    port, pid = attacked.port, attacked.child.pid
    good = crew.start(good_traffic, port, control.port, crew.warm, crew.stop)
    if not crew.warm.wait(WARM_SECONDS):
        raise RuntimeError(f"good traffic was not served in {WARM_SECONDS:g} s, without an attack")
    outcome.memory_before = _memory(pid)
    before, begun = _scheduled(pid), time.monotonic()
    outcome.begun = begun
    slow = crew.start(crowd, port, plan.connections, f"{plan.seed} crowd", crew.stop)
    large = [crew.start(giants, port, crew.stop) for _ in range(GIANTS)]
    flooding = crew.start(floods, port, f"{plan.seed} floods", crew.stop)
    senders = [
        crew.start(send, port, f"{plan.seed} {n}", count, begun + plan.seconds)
        for n, count in enumerate(shares(plan.requests))
    ]

    def sample() -> None:
        outcome.memory_most = max(outcome.memory_most, _memory(pid))

    sent = crew.results(senders, sample)
    crew.stop.set()
    outcome.seconds = time.monotonic() - begun
    others = crew.results([good, slow, *large, flooding], sample)
    for found in sent.values():
        _add(outcome.found, found)
    outcome.attacked, outcome.control = others[good]
    outcome.crowd, outcome.floods = others[slow], others[flooding]
    outcome.giants = [others[number] for number in large]
    outcome.alive = attacked.is_ready()
    outcome.memory_after = _memory(pid)
    ran, waited = _scheduled(pid)
    outcome.ran_seconds, outcome.waited_seconds = ran - before[0], waited - before[1]
    outcome.bugs = [
        str(event)
        for event in attacked.events()
        if event["level"] == "ERROR" and event["message"] != NOT_FINITE
    ]
    return outcome


def _add(total: Found, found: Found) -> None:
    for counter in ("sent", "told", "late"):
        getattr(total, counter).update(getattr(found, counter))
    total.seconds += found.seconds
    total.slow_connects += found.slow_connects
    total.wrongs += found.wrongs
    total.wrong += found.wrong
    total.slowest = sorted(total.slowest + found.slowest)[-EXAMPLES:]


def _memory(pid: int) -> int:
    """Return what is resident of a process, KiB; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int((status.partition("VmRSS:")[2].split() or ["0"])[0])


def _scheduled(pid: int) -> tuple[float, float]:
    """Return for how many seconds its main thread ran, and waited for a core."""
    ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(ran) / 1e9, int(waited) / 1e9
