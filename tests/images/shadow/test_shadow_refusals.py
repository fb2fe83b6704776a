"""Candidates that cannot be compared, each with a reason; the server goes on answering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from onnx import TensorProto, helper

from checkrail_api import serving as env
from harness import small_models
from harness.asking import asking
from harness.scoring_server import serialised

if TYPE_CHECKING:
    from harness.shadowed_server import ShadowedServer

pytestmark = pytest.mark.images


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
def test_a_candidate_that_cannot_be_compared_is_refused_while_every_answer_is_right(
    server: ShadowedServer, model: bytes, reason: str, words: str
) -> None:
    with asking(server):
        server.ask_for(model)
        found = server.once(lambda found: found.state == "Refused")

    assert found.reason == reason
    assert words in found.message
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
