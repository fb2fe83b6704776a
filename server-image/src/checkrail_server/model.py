"""The model in ONNX Runtime: loaded, compared with its signature, tried, and run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server import graph
from checkrail_server.errors import LoadError
from checkrail_server.feature_ranges import FeatureRanges
from checkrail_server.finite_outputs import FiniteOutputs
from checkrail_server.scores import own_scores, reference_scores
from checkrail_server.tensors import ANY, ONNX_DATATYPES, Array, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checkrail_api.reports import Tensor
    from checkrail_server.artifact import Artifact
    from checkrail_server.scores import Scores

LOOP_SECONDS = 0.002
"""Longest inference that runs in the event loop. Handing a single row to a thread and back costs
more than inferring it (docs/server.md); 2 ms is what another request may have to wait."""
TRIAL_ROWS = 128
TRIALS = 3

Feeds = dict[str, Array]


@dataclass(frozen=True)
class Classifier:
    """Where a classifier's answer is."""

    label: int
    """Index of the output with the label of each row."""
    probabilities: int
    """Index of the output with (rows, classes) probabilities."""
    classes: tuple[str, ...]
    """Labels of the columns; their numbers when the model does not state labels."""


class Model:
    """A loaded model; ``run`` may be called from any thread."""

    def __init__(self, name: str, session: Any, class_labels: tuple[str, ...]) -> None:
        """Take what ONNX Runtime says about ``session``; it is served as ``name``."""
        self.name = name
        self._session = session
        self.inputs = _specs(session.get_inputs(), "input")
        self.inputs_by_name = {spec.name: spec for spec in self.inputs}
        self.outputs = _specs(session.get_outputs(), "output")
        self.output_names = [output.name for output in self.outputs]
        self.takes_rows = all(spec.is_feature for spec in self.inputs)
        self.class_labels = class_labels
        self.classifier: Classifier | None = None
        self.finite = FiniteOutputs(self.outputs)
        self.scores: Scores | None = None
        """The bins of the training profile; None: there is no profile."""
        self.reference_scores: Scores | None = None
        """The bins of the version that this one is compared with; None: with none."""
        self.ranges: FeatureRanges | None = None
        """What training saw of the inputs; None: no profile tells."""
        self.loop_rows = 0
        """Largest number of rows whose inference runs in the event loop."""

    def run(self, feeds: Feeds) -> list[Array]:
        """Answer the output tensors in the order of ``outputs``."""
        answer: list[Array] = self._session.run(self.output_names, feeds)
        return answer

    def blank(self, rows: int) -> Feeds:
        """Return feeds of ``rows`` rows of zeros and empty strings."""
        return {
            spec.name: np.full(
                [rows if size == ANY else size for size in spec.shape],
                "" if spec.datatype == "BYTES" else 0,
                dtype=spec.dtype,
            )
            for spec in self.inputs
        }


def load(name: str, artifact: Artifact, threads: int, reference: str | None = None) -> Model:
    """Load a verified artifact, to be served as ``name``, and try it.

    Args:
        name: The model's name in the Open Inference Protocol.
        artifact: What was fetched.
        threads: Of one inference.
        reference: Score bins of the version it is compared with, see ``reference_scores``.

    Raises:
        LoadError: The model is refused, does not load, differs from its signature or fails on a
            row of zeros.
    """
    looked = graph.inspect(artifact.model)
    model = Model(name, _session(artifact.model, threads), looked.class_labels)
    if artifact.signature:
        _compare("inputs", artifact.signature.inputs, model.inputs)
        _compare("outputs", artifact.signature.outputs, model.outputs)
    if artifact.profile:
        model.scores = own_scores(artifact.profile, model.outputs)
        ranges = FeatureRanges(artifact.profile.features, model.inputs_by_name)
        model.ranges = ranges if ranges.names else None
    model.reference_scores = reference_scores(reference, model.outputs)
    _try(model)
    return model


def _session(model: bytes, threads: int) -> Any:
    import onnxruntime as ort  # noqa: PLC0415 - load only

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # an arena keeps the memory of the largest batch for ever; tabular tensors are small
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    # threads that spin while they wait would eat the pod's CPU quota
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no base class of their own
        raise LoadError(f"ONNX Runtime does not load model.onnx: {_sentence(error)}") from error


def _specs(arguments: Iterable[Any], side: str) -> tuple[TensorSpec, ...]:
    specs = []
    for argument in arguments:
        datatype = ONNX_DATATYPES.get(argument.type)
        if datatype is None:
            raise LoadError(
                f"the {side} {argument.name!r} of model.onnx is {argument.type}; "
                "it must be a tensor of numbers, booleans or strings (export with zipmap=False)"
            )
        shape = tuple(size if isinstance(size, int) else ANY for size in argument.shape)
        specs.append(TensorSpec(argument.name, datatype, shape))
    return tuple(specs)


def _classifier(model: Model, answers: list[Array]) -> Classifier | None:
    """Recognise the two outputs of ONNX's classifiers: a label, and a column per class."""
    match model.outputs:
        case (
            TensorSpec(datatype="INT64" | "BYTES", shape=(_,) | (_, 1)),
            TensorSpec(datatype="FP32" | "FP64", shape=(_, _)),
        ):
            columns = answers[1].shape[1]
        case _:
            return None
    labels = model.class_labels
    numbers = tuple(str(number) for number in range(columns))
    return Classifier(0, 1, labels if len(labels) == columns else numbers)


def _compare(side: str, stated: Sequence[Tensor], found: Sequence[TensorSpec]) -> None:
    """Refuse a model that differs from its signature in a name, a datatype or a shape."""
    wanted = {tensor.name: (tensor.datatype, tuple(tensor.shape)) for tensor in stated}
    has = {spec.name: spec for spec in found}
    if wanted.keys() != has.keys():
        raise LoadError(
            f"signature.json states the {side} {sorted(wanted)}, model.onnx has {sorted(has)}"
        )
    for name, (datatype, shape) in wanted.items():
        spec = has[name]
        if datatype != spec.datatype or not spec.fits(shape):
            raise LoadError(
                f"signature.json states {name!r} as {datatype} {list(shape)}, "
                f"model.onnx has {spec.datatype} {list(spec.shape)}"
            )


def _try(model: Model) -> None:
    """Run a row of zeros, check the answer, and measure how many rows fit ``LOOP_SECONDS``."""
    try:
        answers = model.run(model.blank(1))
        one = _fastest(model, 1)
        many = _fastest(model, TRIAL_ROWS)
    except Exception as error:  # ONNX Runtime's exceptions have no base class of their own
        raise LoadError(f"the model fails on rows of zeros: {_sentence(error)}") from error
    for spec, answer in zip(model.outputs, answers, strict=True):
        if answer.shape[:1] != (1,):
            raise LoadError(
                f"the output {spec.name!r} has the shape {list(answer.shape)} for one row; "
                "its first dimension must be the number of rows"
            )
    model.classifier = _classifier(model, answers)
    per_row = max((many - one) / (TRIAL_ROWS - 1), 1e-9)
    model.loop_rows = max(0, int((LOOP_SECONDS - one) / per_row))


def _fastest(model: Model, rows: int) -> float:
    feeds = model.blank(rows)
    seconds = []
    for _ in range(TRIALS):
        started = time.perf_counter()
        model.run(feeds)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _sentence(error: Exception) -> str:
    """The first line of a message, which ONNX Runtime may follow with much more."""
    return (str(error).splitlines() or [type(error).__name__])[0][:500]
