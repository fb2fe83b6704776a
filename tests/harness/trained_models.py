"""Workflows trained in this process, on real tables; an export of each, and its parity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from checkrail_api.evaluation import Parity
from checkrail_api.training_job import Train
from checkrail_api.workflows import Task
from checkrail_trainer.classes import Classes
from checkrail_trainer.columns import Column
from checkrail_trainer.encoding import fit_encoding
from checkrail_trainer.export import export
from checkrail_trainer.parity import Compared, check_parity
from checkrail_trainer.preprocessor import encode
from checkrail_trainer.table import Categories, Table
from checkrail_trainer.training import labels_of
from checkrail_trainer.workflow import Frame
from checkrail_trainer.workflows import workflow_class
from harness.datasets import breast_cancer, diabetes, wine, write_flights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from checkrail_trainer.table import Values

BOUNDS = Parity()
FEW = {"n_estimators": 20}
XGBOOST = Train(workflow="xgboost-classifier", params={**FEW, "subsample": 0.8}, seed=7)
LOGISTIC = Train(workflow="logistic-regression", seed=7)


@dataclass(frozen=True)
class Trained:
    """A workflow after its training, and what it was trained on."""

    compared: Compared
    train: Table
    holdout: Table

    @property
    def names(self) -> tuple[str, ...]:
        """Its features."""
        return tuple(each.name for each in self.train.features)

    def export(self, inputs_digest: str = "0" * 64) -> bytes:
        """Return it as an ONNX model."""
        parts = self.compared
        model = parts.fitted.onnx()
        return export(parts.encoding, self.names, parts.classes, model, inputs_digest)

    def parity(self, model: bytes, bounds: Parity = BOUNDS) -> Any:
        """Compare it with ``model`` on the rows held out."""
        return check_parity(model, self.holdout, self.compared, bounds)


def fitted(settings: Train, table: Table, threads: int = 1) -> Trained:
    """Train on the rows with an even number, hold out the others."""
    train, holdout = (chosen(table, slice(first, None, 2)) for first in (0, 1))
    workflow = workflow_class(settings.workflow)
    is_classifier = workflow.task is Task.CLASSIFICATION
    classes = Classes(tuple(sorted(set(train.labels.tolist())))) if is_classifier else None
    encoding = fit_encoding(train, workflow.numbers)
    frame = Frame(
        matrix=encode(train, encoding, threads),
        columns=tuple(encoding.column_names),
        labels=labels_of(train, classes),
        classes=len(classes.values) if classes else None,
        seed=settings.seed,
        threads=threads,
        advance=lambda _: None,
    )
    found = workflow(settings.params).fit(frame)
    return Trained(Compared(encoding, found, classes), train, holdout)


def chosen(table: Table, rows: slice | NDArray[np.bool_]) -> Table:
    """Return some of the rows."""

    def part(column: Values) -> Values:
        if isinstance(column, Categories):
            return Categories(column.codes[rows], column.values)
        return column[rows]

    columns = {name: part(column) for name, column in table.columns.items()}
    return Table(table.features, columns, table.labels[rows])


def toy(source: Callable[[], Any]) -> Table:
    """Return a table of scikit-learn's."""
    found = source()
    names = [f"f{number}" for number in range(found["data"].shape[1])]
    values = found["data"].astype(np.float32).T
    labels = (
        np.asarray([str(found["target_names"][each]) for each in found["target"]], object)
        if "target_names" in found
        else found["target"].astype(np.float64)
    )
    return Table(
        features=tuple(Column(name, "DOUBLE") for name in names),
        columns={
            name: np.ascontiguousarray(each) for name, each in zip(names, values, strict=True)
        },
        labels=labels,
    )


FLIGHTS = """
SELECT arr_delay, air_time, hour, distance, epoch(time_hour)::DOUBLE AS hour_of, carrier,
CASE WHEN flight_id % 5 > 0 THEN dest ELSE '' END AS dest,
CASE WHEN flight_id % 5 < 4 THEN dep_delay END AS dep_delay,
FROM '{path}' WHERE arr_delay IS NOT NULL OR flight_id % 3 = 0 ORDER BY flight_id
"""
KINDS = {
    "hour": "DOUBLE",
    "distance": "DOUBLE",
    "dep_delay": "DOUBLE",
    "hour_of": "TIMESTAMP",
    "carrier": "VARCHAR",
    "dest": "VARCHAR",
}
LATE = 15
"""Minutes."""


def tables_of(folder: Path) -> dict[str, Table]:
    """Return tables by name; of flights about 3,400, with missing numbers, texts and instants."""
    path, _ = write_flights(folder, every=96)
    found = duckdb.sql(FLIGHTS.format(path=path)).to_arrow_table()
    columns: dict[str, Values] = {}
    for name, kind in KINDS.items():
        values = found[name].to_numpy()
        if kind == "VARCHAR":
            known, codes = np.unique(values.astype(object), return_inverse=True)
            columns[name] = Categories(codes.astype(np.int32), known)
        elif kind == "TIMESTAMP":
            columns[name] = np.where(np.arange(len(values)) % 7, values, np.nan)
        else:
            columns[name] = values.astype(np.float32)
    late = (found["arr_delay"].to_numpy() > LATE).astype(np.int64)
    minutes = found["air_time"].to_numpy().astype(np.float64)
    flights = Table(tuple(Column(*each) for each in KINDS.items()), columns, late)
    return {
        "late flights": flights,
        "air times": chosen(replace(flights, labels=minutes), ~np.isnan(minutes)),
        "breast cancer": toy(breast_cancer),
        "wine": toy(wine),
        "diabetes": toy(diabetes),
    }
