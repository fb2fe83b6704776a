"""The model in ONNX Runtime: loaded, compared with its signature, tried, and run."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server import graph
from checkrail_server.errors import LoadError
from checkrail_server.feature_ranges import FeatureRanges
from checkrail_server.finite_outputs import FiniteOutputs
from checkrail_server.first_rows import loop_rows
from checkrail_server.row_independence import rows_are_independent
from checkrail_server.row_layout import layout_of
from checkrail_server.runtime_errors import sentence
from checkrail_server.scores import own_scores, reference_scores
from checkrail_server.tensors import ANY, ONNX_DATATYPES, Array, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from checkrail_api.reports import Tensor
    from checkrail_server.artifact import Artifact
    from checkrail_server.scores import Scores

MAX_ROW_VALUES = 1 << 20
"""Of one input or output. A body of a request has no room for more."""

Feeds = dict[str, Array]


@dataclass(frozen=True)
class Findings:
    """What a trial tells of a good model."""

    class_labels: tuple[str, ...]
    """Labels of a classifier's columns; empty when the graph does not state them."""
    loop_rows: int
    """Largest number of rows whose inference runs in the event loop."""
    joins_rows: bool
    """Whether requests may share a run."""


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

    def __init__(self, name: str, session: Any) -> None:
        """Take what ONNX Runtime says about ``session``; it is served as ``name``."""
        self.name = name
        self._session = session
        self.inputs = _specs(session.get_inputs(), "input")
        self.inputs_by_name = {spec.name: spec for spec in self.inputs}
        self.outputs = _specs(session.get_outputs(), "output")
        self.output_names = [output.name for output in self.outputs]
        self.takes_rows = all(spec.is_feature for spec in self.inputs)
        self.classifier: Classifier | None = None
        self.finite = FiniteOutputs(self.outputs)
        self.scores: Scores | None = None
        """The bins of the training profile; None: there is no profile."""
        self.reference_scores: Scores | None = None
        """The bins of the version that this one is compared with; None: with none."""
        self.ranges: FeatureRanges | None = None
        """What training saw of the inputs; None: no profile tells."""
        self.layout = layout_of(self.inputs)
        """How a row of the inputs is packed; None: it has no fixed size."""
        self.joins_rows = False
        """Whether requests may share a run."""
        self.loop_rows = 0
        """Largest number of rows whose inference runs in the event loop."""

    def run(self, feeds: Feeds) -> list[Array]:
        """Answer the output tensors in the order of ``outputs``."""
        answer: list[Array] = self._session.run(self.output_names, feeds)
        return answer

    def blank(self, rows: int, value: int = 0) -> Feeds:
        """Return feeds of ``rows`` rows of one number and empty strings."""
        return {
            spec.name: np.full(
                [rows if size == ANY else size for size in spec.shape],
                "" if spec.datatype == "BYTES" else value,
                dtype=spec.dtype,
            )
            for spec in self.inputs
        }


def import_runtime() -> None:
    """Import ONNX Runtime now and not when the first model is loaded."""
    import onnxruntime  # noqa: F401, PLC0415 - load only


def try_out(
    content: bytes, threads: int, enter: Callable[[str], None] = lambda _: None
) -> Findings:
    """Look into ``model.onnx``, load it, and run it on a few rows, with so many threads each.

    Args:
        content: The file.
        threads: Of one inference.
        enter: Called with what is about to be done, a verb and its object.

    Raises:
        LoadError: The model is refused.
    """
    enter("look into model.onnx")
    looked = graph.inspect(content)
    enter("load it")
    model = Model("", _session(content, threads))
    enter("run it on a few rows")
    rows = loop_rows(model)
    return Findings(looked.class_labels, rows, rows_are_independent(model, looked.operators))


def load(
    name: str,
    artifact: Artifact,
    threads: int,
    reference: str | None = None,
    tried: Callable[[bytes, int], Findings] = try_out,
) -> Model:
    """Load a verified artifact, to be served as ``name``, once it is tried.

    Args:
        name: The model's name in the Open Inference Protocol.
        artifact: What was fetched.
        threads: Of one inference.
        reference: Score bins of the version it is compared with, see ``reference_scores``.
        tried: Where it is tried first: in this process, or in a child, see ``Trial.run``.

    Raises:
        LoadError: The model is refused, or differs from its signature or its profile.
    """
    findings = tried(artifact.model, threads)
    model = Model(name, _session(artifact.model, threads))
    if artifact.signature:
        _compare("inputs", artifact.signature.inputs, model.inputs)
        _compare("outputs", artifact.signature.outputs, model.outputs)
    if artifact.profile:
        model.scores = own_scores(artifact.profile, model.outputs)
        ranges = FeatureRanges(artifact.profile.features, model.inputs_by_name)
        model.ranges = ranges if ranges.names else None
    model.reference_scores = reference_scores(reference, model.outputs)
    model.classifier = _classifier(model, findings.class_labels)
    model.loop_rows = findings.loop_rows
    model.joins_rows = findings.joins_rows
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
        raise LoadError(f"ONNX Runtime does not load model.onnx: {sentence(error)}") from error


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
        if prod(size for size in shape if size != ANY) > MAX_ROW_VALUES:
            raise LoadError(
                f"the {side} {argument.name!r} of model.onnx has the shape {list(shape)}; a row "
                f"may have at most {MAX_ROW_VALUES} values"
            )
        specs.append(TensorSpec(argument.name, datatype, shape))
    return tuple(specs)


def _classifier(model: Model, labels: tuple[str, ...]) -> Classifier | None:
    """Recognise the two outputs of ONNX's classifiers: a label, and a column per class."""
    match model.outputs:
        case (
            TensorSpec(datatype="INT64" | "BYTES", shape=(_,) | (_, 1)),
            TensorSpec(datatype="FP32" | "FP64", shape=(_, _)),
        ):
            columns = model.run(model.blank(1))[1].shape[1]
        case _:
            return None
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
