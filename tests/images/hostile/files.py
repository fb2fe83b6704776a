"""Files that are no models, models that were cut, and files that lead elsewhere."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
from typing import TYPE_CHECKING

from checkrail_api.artifact import MANIFEST_FILE, MODEL_FILE, SIGNATURE_FILE
from harness.scoring_server import artifact_files, flight_files, flight_model
from harness.tree_model import tree_model
from images.hostile.case import NOT_A_MODEL, RUNTIME, Hostile, message, varint

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM_CALL = (
    b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."
)
"""A pickle that runs ``id``."""
OTHERS = {
    "nothing": b"",
    "a zero byte": b"\0",
    "zeros": bytes(4096),
    "a text": b"this is not a model",
    "a page": b"<!DOCTYPE html><html><body>404</body></html>",
    "a JSON document": b'{"model": "flight-delays"}',
    "a pickle": SYSTEM_CALL,
    "a pickle of the first protocol": b"cposix\nsystem\n(S'id'\ntR.",
    "a NumPy array": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'shape': (1,)}",
    "a program": b"\x7fELF\x02\x01\x01" + bytes(57),
    "a script": b"#!/bin/sh\nid\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(16),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(64),
    "a Parquet file": b"PAR1" + bytes(32) + b"PAR1",
    "a booster of XGBoost": b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
}


def no_models() -> Iterator[Hostile]:
    """Yield files of other kinds."""
    for name, content in OTHERS.items():
        yield Hostile(name, content, NOT_A_MODEL)
    model = flight_model()
    yield Hostile("a model in gzip", gzip.compress(model, mtime=0), NOT_A_MODEL)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", SYSTEM_CALL)
    yield Hostile("a file of PyTorch", packed.getvalue(), NOT_A_MODEL)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("../../model.onnx")
        entry.size = len(model)
        archive.addfile(entry, io.BytesIO(model))
    yield Hostile("a model in tar", packed.getvalue(), NOT_A_MODEL)
    yield Hostile("a model backwards", model[::-1], NOT_A_MODEL)
    for seed in range(8):
        noise = random.Random(seed).randbytes(1 << (4 + seed))
        yield Hostile(f"noise {seed}", noise, f"{NOT_A_MODEL}|{RUNTIME}")


def cut_models() -> Iterator[Hostile]:
    """Yield beginnings of models."""
    for name, model in (("flights", flight_model()), ("tree", tree_model())):
        for part in range(1, 25):
            size = len(model) * part // 25
            yield Hostile(f"{name}, {size} bytes", model[:size], f"{NOT_A_MODEL}|{RUNTIME}")
    model = flight_model()
    yield Hostile("without its end", model[:-1], NOT_A_MODEL)
    yield Hostile("with more behind it", model + b"\xff", NOT_A_MODEL)
    yield Hostile("a field longer than the file", message(7, model)[:-9], NOT_A_MODEL)
    for size in (1 << 31, (1 << 63) - 1, (1 << 64) - 1):
        claimed = varint(7 << 3 | 2) + varint(size) + b"x"
        yield Hostile(f"a graph of {size} bytes, it says", claimed, NOT_A_MODEL)


def other_artifacts() -> Iterator[Hostile]:
    """Yield artifacts whose files are not those of the manifest, or lead elsewhere."""
    model, right = flight_model(), flight_files()
    leads = "is a link that leads out of the artifact"
    yield Hostile("a link to the root", model, leads, links={MODEL_FILE: "/etc/passwd"})
    yield Hostile("a link upwards", model, leads, links={MODEL_FILE: "../" * 40 + "etc/passwd"})
    yield Hostile("a link to zeros", model, leads, links={MODEL_FILE: "/dev/zero"})
    yield Hostile("a manifest elsewhere", model, leads, links={MANIFEST_FILE: "/dev/zero"})
    yield Hostile("a link to itself", model, "cannot be read", links={MODEL_FILE: MODEL_FILE})
    yield Hostile("a link to nothing", model, "No such file", links={MODEL_FILE: "nothing"})
    yield Hostile("a link to a folder", model, "Is a directory", links={MODEL_FILE: "."})
    yield Hostile("a pipe", model, "is not a file", pipes=(MODEL_FILE,))
    yield Hostile("a manifest that is a pipe", model, "is not a file", pipes=(MANIFEST_FILE,))
    yield Hostile("another model", model, "has SHA-256", files={MODEL_FILE: model[:-1] + b"\0"})
    yield Hostile(
        "a longer model", model, "bytes, its manifest says", files={MODEL_FILE: model * 2}
    )
    other = artifact_files(tree_model())[MANIFEST_FILE]
    yield Hostile("another manifest", model, "is of model digest", files={MANIFEST_FILE: other})
    yield Hostile(
        "another signature",
        model,
        "signature.json has SHA-256|signature.json has .* bytes",
        files={**right, SIGNATURE_FILE: right[SIGNATURE_FILE][:-1] + b" "},
    )
    for name, content in {
        "no manifest": b"",
        "a manifest that is a list": b"[]",
        "a manifest that nests": b"[" * 100_000,
        "a manifest of a million keys": b"{" + b'"a":1,' * 150_000 + b'"b":1}',
        "a large manifest": b" " * (1 << 21),
        "a manifest that is not UTF-8": b'{"model": "\xff"}',
    }.items():
        reason = "manifest.json is not valid|is larger than the"
        yield Hostile(name, model, reason, files={MANIFEST_FILE: content})
