"""Hostile artifacts, by family: each is refused in time, with a reason, and within its memory.

The server's own way of loading takes them one after the other in one process; the first of each
family also ends a real server.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api import serving as env
from harness.scoring_server import environment, logged, started
from images.hostile.families import FAMILIES, write

if TYPE_CHECKING:
    from pathlib import Path

    from images.hostile.case import Hostile

pytestmark = pytest.mark.images

MIB = 1 << 20
REFUSED_SECONDS = 60
TRIAL_BYTES = 256 * MIB
SECONDS = {"loops without an end": 1}
"""Of a trial; these would take all that they get."""
OWN_BYTES = 180 * MIB
"""A process that has loaded nothing has 65 MiB, and the largest file has 64 MiB."""


def loaded(family: str, folder: Path) -> list[dict[str, Any]]:
    """Load every artifact of ``folder``, and return what became of each."""
    seconds = SECONDS.get(family, 30)
    command = [sys.executable, "-m", "images.hostile.loading", folder, TRIAL_BYTES, seconds]
    ended = subprocess.run(
        [*map(str, command)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


def served(case: Hostile, folder: Path, family: str) -> tuple[int, list[str]]:
    """Start a server of an artifact, and return its exit code and its errors."""
    child = started(
        {
            **environment((folder / "000").as_uri(), case.sha256),
            env.ENV_TRIAL_MEMORY: str(TRIAL_BYTES),
            env.ENV_TRIAL_SECONDS: str(SECONDS.get(family, 30)),
        },
        folder.parent / "server.log",
    )
    code = child.wait(REFUSED_SECONDS)
    return code, [event["reason"] for event in logged(child) if event["level"] == "ERROR"]


@pytest.mark.parametrize("family", FAMILIES)
def test_hostile_models_are_refused(tmp_path: Path, family: str) -> None:
    folder = tmp_path / "artifacts"
    cases = write(family, folder)

    results = loaded(family, folder)
    code, (reason,) = served(cases[0], folder, family)
    shutil.rmtree(folder)

    assert len(results) == len(cases)
    unexpected = {
        case.name: result["refused"]
        for case, result in zip(cases, results, strict=True)
        if not re.search(case.reason, result["refused"] or "nothing")
    }
    assert unexpected == {}
    assert max(result["seconds"] for result in results) < REFUSED_SECONDS
    assert max(result["own_bytes"] for result in results) < OWN_BYTES
    assert max(result["children_bytes"] for result in results) < OWN_BYTES + TRIAL_BYTES
    assert (code, bool(re.search(cases[0].reason, reason))) == (1, True)


def test_there_are_hundreds_of_them() -> None:
    assert sum(len(list(make())) for make in FAMILIES.values()) > 400
