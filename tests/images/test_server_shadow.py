"""A candidate in shadow: compared on live requests, and never in the way of their answers."""

from __future__ import annotations

import os
import select
import signal
from typing import TYPE_CHECKING

import pytest
from onnx import TensorProto, helper

from checkrail_api import serving as env
from harness import small_models
from harness.scoring_server import serialised
from harness.shadowed_server import ShadowedServer, shadowed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.images

VALUES = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShadowedServer]:
    """A server whose score is its input, for all tests of this module."""
    with shadowed(small_models.good(1), tmp_path_factory.mktemp("shadow")) as running:
        yield running


@pytest.fixture(autouse=True)
def no_candidate(server: ShadowedServer) -> Iterator[None]:
    """Take the candidate away after each test."""
    yield
    if (server.folder / "candidate.json").exists():
        server.remove()
    server.once(lambda found: found.state == "Off")


def enormous(number: int) -> bytes:
    """Return a model that takes 4 TiB for its one score."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1 << 20, 1 << 20])
    return small_models.of(
        helper.make_node("Constant", [], ["shape"], value=shape),
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=1),
        helper.make_node("Expand", ["mean", "shape"], ["wide"]),
        helper.make_node("ReduceMax", ["wide"], ["most"], keepdims=1),
        helper.make_node("Mul", ["x", "most"], ["score"]),
        number=number,
    )


def named(taken: str, answered: str) -> bytes:
    """Return a model that answers the input ``taken`` as the output ``answered``."""
    graph = helper.make_graph(
        [helper.make_node("Identity", [taken], [answered])],
        "another",
        [helper.make_tensor_value_info(taken, TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info(answered, TensorProto.FLOAT, ["rows", 1])],
    )
    return serialised(graph)


def foreign() -> bytes:
    """Return a model whose refusal quotes two thousand letters."""
    node = helper.make_node("Odd", ["x"], ["score"], domain="d" * 2000)
    return small_models.of(node, number=10)


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


def test_without_a_candidate_it_says_so(server: ShadowedServer) -> None:
    assert server.report().state == "Off"
    assert "checkrail_shadow" not in server.server.http.get("/metrics").text


def test_a_candidate_is_noticed_and_compared_on_live_requests(server: ShadowedServer) -> None:
    asked = server.ask_for(small_models.shifted(2))
    server.once(lambda found: found.state == "Comparing")

    found = server.compare(VALUES)

    assert (found.version, found.sha256, found.attempt) == (asked.version, asked.sha256, "1")
    assert (found.compared, found.failed) == (10, 0)
    assert [(each.threshold, each.flips) for each in found.flips] == [("0.5", 5)]
    assert sum(found.scores.stable) == sum(found.scores.candidate) == 10
    assert found.scores.stable == [0, *[1] * 10, 0]
    assert found.scores.candidate == [0, *[0] * 8, 5, 5, 0]
    assert sum(found.differences.counts) == 10
    worst = found.worst[0]
    assert worst.id == "request-0"
    assert (worst.stable, worst.candidate) == pytest.approx((0.05, 0.81))


def test_its_process_runs_only_when_no_other_wants_to(server: ShadowedServer) -> None:
    server.ask_for(small_models.good(11))
    server.once(lambda found: found.state == "Comparing")

    [process] = server.processes()

    assert os.sched_getscheduler(process) == os.SCHED_IDLE
    assert os.sched_getscheduler(server.server.child.pid) == os.SCHED_OTHER


def test_its_figures_are_metrics_too(server: ShadowedServer) -> None:
    server.ask_for(small_models.shifted(3))
    server.once(lambda found: found.state == "Comparing")
    server.compare(VALUES)

    lines = server.server.http.get("/metrics").text.splitlines()

    figures = {line.partition("{")[0]: line.rpartition(" ")[2] for line in lines}
    assert figures["checkrail_shadow_compared_requests_total"] == "10.0"
    assert figures["checkrail_shadow_failed_requests_total"] == "0.0"
    assert figures["checkrail_shadow_flips_total"] == "5.0"
    assert figures["checkrail_shadow_score_difference_bucket"] == "10.0"
    assert figures["checkrail_shadow_score_bucket"] == "10.0"


def test_only_what_clients_asked_is_compared_and_only_its_first_row(
    server: ShadowedServer,
) -> None:
    server.ask_for(small_models.good(4))
    server.once(lambda found: found.state == "Comparing")
    http, rows = server.server.http, {"rows": [{"x": 0.15}, {"x": 0.9}]}
    refused = http.post("/predict", json={"rows": [{"y": 1}]})
    picked = http.post("/predict", json=rows, headers={"x-checkrail-version": "any"})
    assert (refused.status_code, picked.status_code) == (422, 200)

    assert http.post("/predict", json=rows).status_code == 200

    found = server.once(lambda found: found.compared > 0)
    assert (found.compared, found.scores.stable[2]) == (1, 1)


def test_a_candidate_that_fails_or_is_not_finite_flips_every_decision(
    server: ShadowedServer,
) -> None:
    server.ask_for(small_models.not_finite_above(0.5, 5), thresholds=["0.3", "0.5"])
    server.once(lambda found: found.state == "Comparing")

    found = server.compare(VALUES)

    assert (found.compared, found.failed) == (10, 5)
    assert [each.flips for each in found.flips] == [5, 5]
    assert sum(found.scores.candidate) == 5


def test_rows_that_fail_do_not_take_others_with_them(server: ShadowedServer) -> None:
    server.ask_for(small_models.failing_above(1.5, 10))
    server.once(lambda found: found.state == "Comparing")

    found = server.compare([0.05, 1.6, 0.15, 1.7])

    assert (found.compared, found.failed) == (4, 2)
    assert sum(found.scores.candidate) == 2


def test_another_attempt_begins_anew(server: ShadowedServer) -> None:
    model = small_models.good(6)
    server.ask_for(model)
    server.once(lambda found: found.state == "Comparing")
    first = server.compare(VALUES)

    server.ask_for(model, attempt="2")

    found = server.once(lambda found: found.attempt == "2" and found.state == "Comparing")
    assert found.compared == 0
    assert int(found.started) > int(first.started)


@pytest.mark.parametrize(
    ("model", "reason", "words"),
    [
        pytest.param(enormous(7), "OutOfMemory", "does not fit into the", id="too large"),
        pytest.param(named("y", "score"), "SignatureDiffers", "its input 'x' is none", id="input"),
        pytest.param(
            named("x", "risk"), "SignatureDiffers", "its output 'score' is none", id="output"
        ),
        pytest.param(b"no model", "NotLoaded", "model.onnx", id="no model"),
        pytest.param(foreign(), "NotLoaded", "ddd", id="more words than a report has room for"),
    ],
)
def test_a_candidate_that_cannot_be_compared_is_refused_and_answers_go_on(
    server: ShadowedServer, model: bytes, reason: str, words: str
) -> None:
    server.ask_for(model)

    found = server.once(lambda found: found.state == "Refused")

    assert found.reason == reason
    assert words in found.message
    assert server.infer(0.25, "after") == 0.25
    assert server.server.is_ready()
    assert server.server.http.get(env.METRICS_PATH).status_code == 200


def test_another_digest_than_the_operators_is_refused(server: ShadowedServer) -> None:
    asked = server.ask_for(small_models.good(8))
    server.put(asked.model_copy(update={"sha256": "0" * 64}).model_dump_json())

    found = server.once(lambda found: found.state == "Refused")

    assert found.reason == "NotLoaded"
    assert f"expected {'0' * 64}" in found.message


@pytest.mark.parametrize(
    ("text", "named", "words"),
    [
        pytest.param(
            '{"version": "steady-1", "sha256": "22", "attempt": "3"}',
            ("steady-1", "22", "3"),
            "candidate: uri: Field required",
            id="another release",
        ),
        pytest.param('{"sha256": 1, "attempt": null}', ("", "", ""), "version", id="other types"),
        pytest.param(f'{{"sha256": "{"0" * 65}"}}', ("", "", ""), "version", id="too long"),
        pytest.param("[]", ("", "", ""), "document: Input should be an object", id="no object"),
        pytest.param("{", ("", "", ""), "document: Invalid JSON", id="no JSON"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_under_the_name_that_it_gives(
    server: ShadowedServer, text: str, named: tuple[str, str, str], words: str
) -> None:
    server.put(text)

    found = server.once(lambda found: found.state == "Refused")

    assert (found.version, found.sha256, found.attempt) == named
    assert found.reason == "NotUnderstood"
    assert words in found.message


def test_a_candidate_that_computes_for_long_is_not_waited_for(server: ShadowedServer) -> None:
    server.ask_for(small_models.slow(9, wide=700))
    server.once(lambda found: found.state == "Comparing")

    for number in range(60):
        server.infer(0.5, f"request-{number}")

    found = server.once(lambda found: found.dropped > 0 and found.compared > 0)
    assert found.compared + found.dropped <= 60


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
