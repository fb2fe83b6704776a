"""A model is tried in a child process first, which has limits: what the server says of its end."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from checkrail_api import serving as env
from harness import small_models
from harness.scoring_server import (
    READY_SECONDS,
    artifact_files,
    flight_files,
    listening_port,
    logged,
    serialised,
    serving,
    started,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import NodeProto

    from harness.process import Child

pytestmark = pytest.mark.images

MIB = 1 << 20


def of(*nodes: NodeProto) -> bytes:
    """A model from ``x`` (rows, 1) to ``y`` of whatever shape."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y"))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])
    return serialised(helper.make_graph(list(nodes), "g", [x], [y]))


def constant(name: str, value: NDArray[Any]) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))


def bomb(side: int = 1 << 15) -> bytes:
    """A row becomes 64 KiB times ``side``: 2 GiB."""
    return of(
        constant("often", np.array([1 << 14, side])),
        helper.make_node("Tile", ["x", "often"], ["y"]),
    )


def endless() -> bytes:
    """A row is answered after 2**62 turns of a loop."""
    sides = [
        helper.make_tensor_value_info("turn", TensorProto.INT64, []),
        helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        helper.make_tensor_value_info("a", TensorProto.FLOAT, ["rows", 1]),
        helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("b", TensorProto.FLOAT, ["rows", 1]),
    ]
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Neg", ["a"], ["b"])],
        "body",
        sides[:3],
        sides[3:],
    )
    return of(
        constant("turns", np.array(1 << 62)),
        constant("yes", np.array(True)),  # noqa: FBT003 - it is the value
        helper.make_node("Loop", ["turns", "yes", "x"], ["y"], body=body),
    )


def talkative() -> bytes:
    """A classifier with a label that is 18 MiB as JSON has it."""
    labels = numpy_helper.from_array(
        np.array(["a", "\x01" * (3 * MIB)], dtype=np.object_), "labels"
    )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])
    label = helper.make_tensor_value_info("label", TensorProto.STRING, ["rows"])
    nodes = [
        helper.make_node("ArgMax", ["x"], ["place"], axis=1, keepdims=0),
        helper.make_node("Gather", ["labels", "place"], ["label"]),
    ]
    return serialised(helper.make_graph(nodes, "g", [x], [label], [labels]))


def is_trying(child: Child) -> bool:
    """Whether the model is in the child: it takes processor time."""
    fields = [Path(f"/proc/{pid}/stat").read_text().split() for pid in child.children]
    return any(int(each[13]) > 50 for each in fields)  # ticks of 10 ms


@pytest.mark.parametrize(
    ("model", "variables", "message"),
    [
        pytest.param(
            bomb,
            {env.ENV_TRIAL_MEMORY: str(300 * MIB)},
            "the model takes more than the 300 MiB of a trial: the model fails on a row of zeros "
            "and on one of ones: ",
            id="too large",
        ),
        pytest.param(
            lambda: bomb(7_000),
            {env.ENV_TRIAL_MEMORY: str(300 * MIB), env.ENV_THREADS: "4"},
            "the model takes more than the 300 MiB of a trial",
            id="too large by no more than what threads once were allowed",
        ),
        pytest.param(
            endless,
            {env.ENV_TRIAL_SECONDS: "2"},
            "the model took longer than the 2 s of a trial, when it was about to run it on a few "
            "rows",
            id="too slow",
        ),
        pytest.param(
            talkative,
            {},
            "the labels of the model's classes take more than 16 MiB",
            id="too long a report",
        ),
    ],
)
def test_a_model_beyond_the_limits_of_its_trial_is_refused(
    tmp_path: Path, model: Callable[[], bytes], variables: dict[str, str], message: str
) -> None:
    artifact = written(artifact_files(model()), tmp_path / "artifact")

    child = started({**artifact, **variables}, tmp_path / "server.log")

    assert child.wait(READY_SECONDS) == 1
    (error,) = [event for event in logged(child) if event["level"] == "ERROR"]
    assert str(error["reason"]).startswith(message)


def test_a_server_that_is_told_to_end_ends_the_trial(tmp_path: Path) -> None:
    child = started(
        written(artifact_files(endless()), tmp_path / "artifact"), tmp_path / "server.log"
    )
    listening_port(child)
    child.wait_until(lambda: is_trying(child), READY_SECONDS)
    (trial,) = child.children

    child.send(signal.SIGTERM)

    assert child.wait(READY_SECONDS) == 0
    assert not Path(f"/proc/{trial}").exists()


def test_nothing_is_left_of_the_trial_of_a_good_model(tmp_path: Path) -> None:
    with serving(written(flight_files(), tmp_path / "artifact"), tmp_path) as server:
        left = server.child.children
        tried = [event for event in server.events() if event["message"] == "tried"]

    assert left == []
    assert len(tried) == 1


def test_a_model_that_cannot_compute_some_rows_is_served(tmp_path: Path) -> None:
    model = artifact_files(small_models.failing_above(0.95, 1))

    with serving(written(model, tmp_path / "artifact"), tmp_path) as server:
        answers = [server.http.post("/predict", json={"rows": [{"x": x}]}) for x in (0.5, 1)]

    assert [answer.status_code for answer in answers] == [200, 500]
