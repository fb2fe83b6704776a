"""What goes into a ModelVersion and a status, with a trainer's record and without it."""

import json
from typing import Any

import pytest

from checkrail_api.model_version import ModelVersionSpec
from checkrail_api.record import FeatureRecord, Origin, Record, read_record
from checkrail_api.reports import GateResult, Metric
from checkrail_operator.observe.raw import RECORD_TAIL_LINES
from checkrail_operator.plan.errors import TransientError
from checkrail_operator.plan.training.version_size import MAX_BYTES, bounded, stored_bytes
from harness.fake_cluster import FakeCluster
from harness.trainer_records import GATE, left_behind, record
from harness.training_world import KEY, SUCCESS, TrainingWorld, failure

MIB = 2**20


async def published(world: TrainingWorld, kept: Record, log: str | None = None) -> None:
    """Play a run up to the pass that sees its trainer has published."""
    world.apply()
    await world.run_pass()
    said, message = left_behind(SUCCESS, kept)
    pod = world.pod_ends(0, message)
    world.cluster.logs[pod["metadata"]["name"]] = said if log is None else log


def version(world: TrainingWorld) -> dict[str, Any]:
    (found,) = world.cluster.of_kind("ModelVersion")
    spec: dict[str, Any] = found["spec"]
    return spec


async def test_the_record_in_the_log_fills_the_version() -> None:
    world, kept = TrainingWorld(), record()
    await published(world, kept)

    await world.run_pass()

    told = json.loads(kept.model_dump_json(by_alias=True, exclude_none=True))
    roc_auc, jfk, log_loss = told["metrics"]
    spec = version(world)
    provenance = spec["provenance"]
    parts = ("signature", "components", "features", "scores", "gates")
    assert {part: spec[part] for part in parts} == {
        "signature": told["signature"],
        "components": told["components"],
        "features": told["features"],
        "scores": told["scores"],
        "gates": [{**GATE, "interval": []}],
    }
    assert spec["metrics"] == world.status["metrics"] == [roc_auc, log_loss, jfk]
    assert {part: provenance[part] for part in ("data", "filters", "versions", "threads")} == {
        "data": told["data"],
        "filters": told["filters"],
        "versions": told["versions"],
        "threads": 2,
    }
    assert world.condition("Complete") == ("True", "Published")
    assert [event.reason for event in world.cluster.events] == ["Published"]


async def test_gates_that_the_termination_message_had_no_room_for_are_in_the_record() -> None:
    world = TrainingWorld()
    gates = [GateResult.model_validate({**GATE, "bound": f"min 0.{n}"}) for n in range(60, 70)]
    await published(world, record(gates=gates))

    await world.run_pass()

    assert [gate["bound"] for gate in version(world)["gates"]] == [gate.bound for gate in gates]
    assert world.status["gates"] == version(world)["gates"]


async def test_the_status_of_a_published_run_has_gates_and_parity() -> None:
    world = TrainingWorld()
    await published(world, record())

    await world.run_pass()

    assert (world.status["gates"], world.status["parity"], world.status["score"]) == (
        [{**GATE, "interval": []}],
        SUCCESS["parity"],
        "roc_auc 0.7431",
    )


@pytest.mark.parametrize(
    "log",
    [
        pytest.param("", id="the log is gone"),
        pytest.param(left_behind(SUCCESS, record())[0][200:], id="its beginning is gone"),
        pytest.param(left_behind(SUCCESS, record(features=3))[0], id="it is another record"),
    ],
)
async def test_a_record_that_the_digest_does_not_vouch_for_is_left_out_and_said(log: str) -> None:
    world = TrainingWorld()
    await published(world, record(), log)

    await world.run_pass()

    spec = version(world)
    assert (spec["components"], spec["features"], "signature" in spec) == ([], [], False)
    missing = (
        "The log of the trainer's pod does not hold its record: the ModelVersion has no "
        "components, features, scores, filters, signature, and no more metrics and gates than the "
        "termination message. The files of the artifact hold them: "
        f"{SUCCESS['artifact']['uri']}"
    )
    ready = next(c for c in world.status["conditions"] if c["type"] == "Ready")
    assert ready["message"] == (
        f"ModelVersion flight-delays-3f9a1c20 is published, roc_auc 0.7431. {missing}"
    )
    assert [(e.type, e.reason) for e in world.cluster.events] == [
        ("Normal", "Published"),
        ("Warning", "RecordMissing"),
    ]


class LogAway(FakeCluster):
    """A cluster whose nodes hand out no log."""

    async def log(self, namespace: str, pod: str, lines: int) -> str:
        raise TransientError(f"log of Pod {namespace}/{pod}: {lines} lines: 502 Bad Gateway")


async def test_a_log_that_its_node_does_not_hand_out_is_asked_for_during_a_minute() -> None:
    world = TrainingWorld(cluster=LogAway())
    await published(world, record())
    before = world.status

    world.later(59)
    await world.run_pass()
    assert (world.status, world.cluster.of_kind("ModelVersion")) == (before, [])

    world.later(1)
    await world.run_pass()
    assert world.condition("Complete") == ("True", "Published")
    assert "could not be read" in world.cluster.events[-1].note
    assert version(world)["artifact"]["sha256"] == SUCCESS["artifact"]["sha256"]


async def test_the_log_of_a_run_that_is_over_is_not_read_again() -> None:
    world = TrainingWorld()
    await published(world, record())
    before = await world.cluster.raw(KEY)
    await world.run_pass()

    after = await world.cluster.raw(KEY)

    assert (len(before.logs), after.logs) == (1, {})


def test_the_longest_record_fits_into_what_is_read_of_a_log() -> None:
    kept = record(features=512, categories=CATEGORIES)
    said, message = left_behind(SUCCESS, kept)
    tail = said.splitlines()[-RECORD_TAIL_LINES // 2 :]

    assert read_record(tail, json.loads(message)["recordSha256"]) == kept


async def test_a_record_that_was_too_long_to_be_written_is_said() -> None:
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    world.pod_ends(0, json.dumps(SUCCESS))

    await world.run_pass()

    assert world.cluster.events[-1].note.startswith(
        "The trainer's record was too long for the log of its pod: the ModelVersion has no "
        "components, features, scores, filters, signature, and no more metrics and gates than"
    )


@pytest.mark.parametrize(("code", "reason"), [(11, "GateFailed"), (12, "ParityFailed")])
async def test_a_failed_check_leaves_its_figures_in_the_status(code: int, reason: str) -> None:
    world = TrainingWorld()
    world.apply()
    await world.run_pass()
    gate = {**GATE, "passed": False, "interval": []}
    figures = {
        "metrics": [
            {"name": "roc_auc", "value": "0.6", "slice": "origin=JFK"},
            {"name": "roc_auc", "value": "0.65"},
        ],
        "gates": [gate],
        "parity": SUCCESS["parity"],
    }
    world.pod_ends(code, json.dumps({**json.loads(failure(reason, "x")), **figures}))

    await world.run_pass()

    status = world.status
    assert world.condition("Failed") == ("True", reason)
    assert status["metrics"] == figures["metrics"][::-1]
    assert (status["gates"], status["parity"]) == ([gate], SUCCESS["parity"])


CATEGORIES = tuple(f"{number:02d}-{'c' * 21}" for number in range(50))


def spec_of(features: list[FeatureRecord], **more: Any) -> ModelVersionSpec:
    artifact = {**SUCCESS["artifact"], "opset": 22}
    return ModelVersionSpec.model_validate(
        {"model": "m", "artifact": artifact, "features": features, **more}
    )


def test_a_version_of_512_features_with_50_categories_of_24_letters_is_kept_whole() -> None:
    spec = spec_of(record(features=512, categories=CATEGORIES).features)

    assert MAX_BYTES * 4 // 5 < stored_bytes(spec) <= MAX_BYTES
    assert bounded(spec) == spec


@pytest.mark.parametrize(
    ("letter", "kept"),
    [
        pytest.param("c", 0, id="long"),
        pytest.param("c" * 48 + "\n", 25, id="half as long"),
        pytest.param("航", 10, id="not ASCII"),
        pytest.param("<", 10, id="stored as an escape"),
    ],
)
def test_a_version_that_is_too_large_keeps_fewer_categories(letter: str, kept: int) -> None:
    long = 256 if letter == "c" else 24 if letter in "航<" else 1
    categories = tuple(f"{n:02d}{letter * long}"[:256] for n in range(50))

    cut = bounded(spec_of(record(features=512, categories=categories).features))

    assert {len(each.categories) for each in cut.features} == {kept}
    assert {each.category_count for each in cut.features} == {50}
    assert stored_bytes(cut) <= MAX_BYTES


def test_the_largest_of_everything_else_stays_below_the_limit() -> None:
    """Every list full of the longest values, names in letters that are stored as six bytes."""
    kept = record(features=512)
    tensors = [
        {"name": f"{n:03d}" + "<" * 125, "datatype": "BYTES" * 3, "shape": [-1] * 8}
        for n in range(512)
    ]
    origin = Origin(source="s" * 63, column="<" * 128)
    metric = Metric(name="m" * 64, value="0" * 64, slice="航" * 192, rows=10**9, note="航" * 128)
    gate = {
        **GATE,
        "metric": "m" * 64,
        "bound": "b" * 320,
        "value": "0" * 64,
        "baseline": "b" * 253,
        "baselineValue": "0" * 64,
        "difference": "0" * 64,
        "interval": ["0" * 64] * 2,
        "note": "n" * 256,
    }
    features = [
        each.model_copy(update={"name": "<" * 128, "origin": origin}) for each in kept.features
    ]
    spec = spec_of(
        features,
        scores={"output": "<" * 128, "edges": ["-1e" + "0" * 29] * 256},
        signature={"inputs": tensors, "outputs": tensors[:16]},
        metrics=[metric.dump()] * 64,
        gates=[gate] * 64,
    )

    cut = bounded(spec)

    assert cut.features == []
    assert stored_bytes(cut) < MIB
