"""The process of a candidate: it yields to every other, and nothing ends with it."""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from checkrail_api import serving as env
from harness import small_models
from harness.asking import asking
from harness.shadowed_server import VALUES, ShadowedServer, shadowed

pytestmark = pytest.mark.images

ROW_SECONDS = 0.001
"""What a row takes the candidate whose share is measured."""
ROWS = 33
"""Three batches at least, as one has 16: the first may be small, and so its rest."""
MOST_SHARE = 0.07
"""Of the time. The candidate has 0.01, and has not rested yet after the last batch."""


def looping(number: int) -> bytes:
    """Return a model that computes for as many turns as its input says."""
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Neg", ["a"], ["b"])],
        "body",
        [
            info("turn", TensorProto.INT64, []),
            info("go", TensorProto.BOOL, []),
            info("a", TensorProto.FLOAT, ["rows", 1]),
        ],
        [info("go_on", TensorProto.BOOL, []), info("b", TensorProto.FLOAT, ["rows", 1])],
    )
    return small_models.of(
        helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["turns"], to=TensorProto.INT64),
        helper.make_node("Loop", ["turns", "", "x"], ["score"], body=body),
        number=number,
    )


def test_its_process_runs_only_when_no_other_wants_to(server: ShadowedServer) -> None:
    server.ask_for(small_models.good(11))
    server.once(lambda found: found.state == "Comparing")

    [process] = server.processes()

    assert os.sched_getscheduler(process) == os.SCHED_IDLE
    assert os.sched_getscheduler(server.server.child.pid) == os.SCHED_OTHER


def seconds_on_a_core(process: int) -> float:
    """Return how long the first thread of a process has had one."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def test_it_computes_for_a_small_share_of_the_time(server: ShadowedServer) -> None:
    server.ask_for(small_models.slow(12, small_models.wide_for(ROW_SECONDS)))
    server.once(lambda found: found.state == "Comparing")
    before = server.compare([0.5]).compared
    [process] = server.processes()
    began, ran_before = time.monotonic(), seconds_on_a_core(process)

    with asking(server):
        server.once(lambda found: found.compared >= before + ROWS)
        ran = seconds_on_a_core(process) - ran_before
        passed = time.monotonic() - began

    assert ran <= MOST_SHARE * passed


def test_a_candidate_that_computes_for_ever_is_ended(tmp_path: Path) -> None:
    more = {env.ENV_TRIAL_SECONDS: "2"}
    with shadowed(small_models.good(1), tmp_path / "loop", **more) as server:
        server.ask_for(looping(11))
        server.once(lambda found: found.state == "Comparing")

        server.infer(1e18, "endless")

        found = server.once(lambda found: found.state == "Refused")
        assert "took more CPU time" in found.message
        assert server.infer(0.25, "after") == 0.25


@pytest.mark.parametrize("sent", [signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_a_candidate_that_crashes_ends_alone(server: ShadowedServer, sent: signal.Signals) -> None:
    server.ask_for(small_models.good(2))
    server.once(lambda found: found.state == "Comparing")
    [process] = server.processes()

    os.kill(process, sent)

    found = server.once(lambda found: found.state == "Refused")
    assert found.reason == "Crashed"
    assert found.message == f"its process has ended, killed by signal {sent.value}"
    assert server.infer(0.25, "after") == 0.25


def test_a_candidate_that_is_killed_is_started_once_more(tmp_path: Path) -> None:
    with shadowed(small_models.good(1), tmp_path / "kill") as server:
        asked = server.ask_for(small_models.good(2))
        server.once(lambda found: found.state == "Comparing")
        before = server.compare(VALUES)
        [process] = server.processes()

        os.kill(process, signal.SIGKILL)

        waiting = server.once(lambda found: found.started != before.started)
        assert (waiting.state, waiting.sha256, waiting.attempt) == ("Loading", asked.sha256, "1")
        assert "killed by signal 9" in waiting.message
        again = server.once(lambda found: found.state == "Comparing")
        assert (again.compared, again.message) == (0, "")
        assert server.compare(VALUES).compared == len(VALUES)
        [process] = server.processes()

        os.kill(process, signal.SIGKILL)

        found = server.once(lambda found: found.state == "Refused")
        assert found.reason == "Crashed"
        assert found.message == "its process has ended, killed by signal 9"
        assert server.infer(0.25, "after") == 0.25


def test_the_candidate_ends_with_the_server(tmp_path: Path) -> None:
    with shadowed(small_models.good(1), tmp_path / "end") as server:
        server.ask_for(small_models.good(2))
        server.once(lambda found: found.state == "Comparing")
        [process] = server.processes()
        ended = os.pidfd_open(process)

    assert select.select([ended], [], [], 30)[0]
    os.close(ended)
