"""What a rollout check reads from the pods of a canary."""

from __future__ import annotations

import json
import socket
import struct
from typing import TYPE_CHECKING

import pytest
from onnx import TensorProto, ValueInfoProto, helper
from prometheus_client.parser import text_string_to_metric_families

from checkrail_api import serving as names
from checkrail_api.artifact import FeatureProfile, Profile
from checkrail_api.score_bins import ScoreBins
from harness import small_models
from harness.scoring_server import MODEL, artifact_files, serialised, serving, written

if TYPE_CHECKING:
    from pathlib import Path

    from harness.scoring_server import ScoringServer

pytestmark = pytest.mark.images

PROFILE = Profile(
    features=[FeatureProfile(name="x", datatype="FP32", null_rate="0.1", min="-1", max="9")],
    score_output="root",
    score_edges=[0.5, 1.5],
)
REFERENCE = ScoreBins(output="root", edges=["2.5"])


def roots() -> bytes:
    """Return a model that answers the root of x, which is NaN below 0, and x as it is."""
    nodes = [
        helper.make_node("Sqrt", ["x"], ["root"]),
        helper.make_node("Identity", ["x"], ["same"]),
    ]

    def tensor(name: str) -> ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1])

    graph = helper.make_graph(nodes, "roots", [tensor("x")], [tensor("root"), tensor("same")])
    return serialised(graph)


def ask(server: ScoringServer, *values: float | None, outputs: tuple[str, ...] = ()) -> int:
    """Send a request with these rows; return the answer's status."""
    asked = {
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [len(values), 1], "data": values}],
        "outputs": [{"name": name} for name in outputs],
    }
    return server.http.post(f"/v2/models/{MODEL}/infer", json=asked).status_code


def test_a_server_counts_what_rollout_checks_compare(tmp_path: Path) -> None:
    variables = written(artifact_files(roots(), profile=PROFILE), tmp_path / "artifact")
    variables[names.ENV_REFERENCE_SCORES] = json.dumps(REFERENCE.dump())
    with serving(variables, tmp_path) as server:
        assert ask(server, 1) == 200
        assert ask(server, 4, 4, 16) == 200
        assert ask(server, -1) == 500
        assert ask(server, 4, -100, outputs=("same",)) == 200
        picked = {names.PICK_HEADER: "another-0a1b2c3d"}
        server.http.post(f"/v2/models/{MODEL}/infer", json={}, headers=picked)
        told = figures(server)
        text = server.http.get(names.METRICS_PATH).text

    assert f"{names.PICKED_REQUESTS}{{" in text
    assert told == {
        (names.REQUESTS, "200"): 3,
        (names.REQUESTS, "500"): 1,
        (names.NONFINITE_ANSWERS,): 1,
        (f"{names.REQUEST_SCORE}_bucket", names.OWN_PROFILE, "root", "0.5"): 0,
        (f"{names.REQUEST_SCORE}_bucket", names.OWN_PROFILE, "root", "1.5"): 1,
        (f"{names.REQUEST_SCORE}_bucket", names.OWN_PROFILE, "root", "+Inf"): 3,
        (f"{names.REQUEST_SCORE}_count", names.OWN_PROFILE, "root"): 3,
        (f"{names.REQUEST_SCORE}_sum", names.OWN_PROFILE, "root"): 5,
        (f"{names.REQUEST_SCORE}_bucket", names.REFERENCE_PROFILE, "root", "2.5"): 3,
        (f"{names.REQUEST_SCORE}_bucket", names.REFERENCE_PROFILE, "root", "+Inf"): 3,
        (f"{names.REQUEST_SCORE}_count", names.REFERENCE_PROFILE, "root"): 3,
        (f"{names.REQUEST_SCORE}_sum", names.REFERENCE_PROFILE, "root"): 5,
        (names.OUT_OF_RANGE_REQUESTS,): 2,
        (names.FEATURE_OUT_OF_RANGE, "x"): 2,
    }


def test_a_request_that_nobody_waited_for_is_counted_as_such(tmp_path: Path) -> None:
    model = small_models.slow(1, wide=1500)
    with serving(written(artifact_files(model), tmp_path / "artifact"), tmp_path) as server:
        body = json.dumps({"rows": [{"x": 1}]}).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        impatient = server.connect()
        impatient.sendall(head.encode() + body)
        assert (names.REQUESTS, "200") in figures(server)  # answered after the request was read
        impatient.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        impatient.close()  # by a reset: the client is gone, and does not only stop sending
        server.child.wait_until(lambda: (names.REQUESTS, "499") in figures(server), 20)
        told = figures(server)

    assert (told[names.REQUESTS, "200"], told[names.REQUESTS, "499"]) == (0, 1)


def test_a_server_starts_whatever_it_is_to_be_compared_with(tmp_path: Path) -> None:
    variables = written(artifact_files(roots(), profile=PROFILE), tmp_path / "artifact")
    variables[names.ENV_REFERENCE_SCORES] = "[0.1, 0.5"
    with serving(variables, tmp_path) as server:
        profiles = {key[1] for key in figures(server) if key[0] == f"{names.REQUEST_SCORE}_count"}
        warned = [each["variable"] for each in server.events() if each["level"] == "WARNING"]

    assert profiles == {names.OWN_PROFILE}
    assert warned == [names.ENV_REFERENCE_SCORES]


def figures(server: ScoringServer) -> dict[tuple[str, ...], float]:
    """Return the samples that are compared, by name and the values of their own labels."""
    own = (names.CODE_LABEL, names.PROFILE_LABEL, names.OUTPUT_LABEL, names.FEATURE_LABEL, "le")
    compared = (
        *(names.REQUESTS, names.NONFINITE_ANSWERS, names.REQUEST_SCORE),
        *(names.OUT_OF_RANGE_REQUESTS, names.FEATURE_OUT_OF_RANGE),
    )
    text = server.http.get(names.METRICS_PATH).text
    return {
        (sample.name, *(sample.labels[name] for name in own if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(compared)
    }
