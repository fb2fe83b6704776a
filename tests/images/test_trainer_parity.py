"""An ONNX model that says something else than the workflow it came from ends the run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from checkrail_trainer.failures import RunFailedError
from harness.datasets import wine
from harness.trained_models import LOGISTIC, XGBOOST, fitted, toy

if TYPE_CHECKING:
    from checkrail_trainer.table import Table

pytestmark = pytest.mark.images


def test_a_tampered_export_fails_parity(tables: dict[str, Table]) -> None:
    """Move every threshold of the exported trees a little: labels flip, and the run ends."""
    trained = fitted(XGBOOST, tables["late flights"])
    model = onnx.load_from_string(trained.export())
    trees = next(node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor")
    values = next(each for each in trees.attribute if each.name == "nodes_values_as_tensor").t
    values.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(values) * 1.1))

    with pytest.raises(RunFailedError) as caught:
        trained.parity(model.SerializeToString())

    assert (caught.value.reason.value, caught.value.exit_code) == ("ParityFailed", 12)
    assert re.search(
        r"Worst row: number \d+ of these, with [^=\d]*\. Nothing", caught.value.message
    )


def test_a_wrong_category_in_the_export_fails_parity(tables: dict[str, Table]) -> None:
    trained = fitted(LOGISTIC, tables["late flights"])
    model = onnx.load_from_string(trained.export())
    encoder = next(node for node in model.graph.node if node.op_type == "OneHotEncoder")
    known = next(each for each in encoder.attribute if each.name == "cats_strings")
    swapped = [known.strings[1], known.strings[0], *known.strings[2:]]
    del known.strings[:]
    known.strings.extend(swapped)

    with pytest.raises(RunFailedError, match="the ONNX model differs"):
        trained.parity(model.SerializeToString())


CULTIVARS = ("class_0", "class_1", "class_2")


def test_swapped_labels_fail_parity_although_the_scores_agree() -> None:
    trained = fitted(LOGISTIC, toy(wine))
    model = onnx.load_from_string(trained.export())
    constant = next(each for each in model.graph.node if each.name == "checkrail_classes")
    backwards = np.asarray([*reversed(CULTIVARS)], dtype=object)
    constant.attribute[0].t.CopyFrom(numpy_helper.from_array(backwards, "checkrail_classes"))

    with pytest.raises(RunFailedError, match="labels differ, allowed 0"):
        trained.parity(model.SerializeToString())
