"""Every hostile artifact, by family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from images.hostile import bombs, contents, files, learned, structures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from images.hostile.case import Hostile

FAMILIES: dict[str, Callable[[], Iterator[Hostile]]] = {
    "files of other kinds": files.no_models,
    "files that were cut": files.cut_models,
    "artifacts that do not hold together": files.other_artifacts,
    "values in other files": contents.external_data,
    "operators of their own": contents.own_operators,
    "graphs in graphs": contents.nested_graphs,
    "large tensors": bombs.allocations,
    "values that double": bombs.growths,
    "loops without an end": bombs.endless,
    "large files": bombs.protobufs,
    "broken graphs": structures.graphs,
    "unknown versions": structures.versions,
    "texts that are none": structures.texts,
    "inputs that no request can fill": structures.inputs,
    "sparse tensors": structures.sparse_tensors,
    "broken trees": learned.trees,
    "weights that are no numbers": learned.weights,
    "signatures of other models": learned.signatures,
}


def write(family: str, folder: Path) -> list[Hostile]:
    """Write the artifacts of ``family`` into folders of ``folder``, and return them."""
    cases = list(FAMILIES[family]())
    for number, case in enumerate(cases):
        artifact = folder / f"{number:03}"
        case.write(artifact)
        (artifact / "expected").write_text(case.sha256)
        (artifact / "what").write_text(f"{case.name}\n")
    return cases
