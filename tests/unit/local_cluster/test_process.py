"""A process is ours only while both its pid and its start time are those in the file."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

from local_cluster.process import alive, kill, spawn, start_time, tail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_spawned_process_is_found_again_and_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "sleep.pid"

    spawn(["sleep", "60"], pid_file=pid_file, log=tmp_path / "log")
    _wait(lambda: alive(pid_file) is not None)
    pid = alive(pid_file)
    kill([pid_file])

    assert pid is not None
    assert start_time(pid) is None
    assert not pid_file.exists()


def test_spawn_starts_nothing_while_the_first_still_runs(tmp_path: Path) -> None:
    pid_file = tmp_path / "sleep.pid"
    spawn(["sleep", "60"], pid_file=pid_file, log=tmp_path / "log")
    _wait(lambda: alive(pid_file) is not None)
    first = alive(pid_file)

    spawn(["sleep", "60"], pid_file=pid_file, log=tmp_path / "log")

    assert alive(pid_file) == first
    kill([pid_file])


def test_a_reused_pid_is_not_ours_and_stays_alive(tmp_path: Path) -> None:
    pid_file = tmp_path / "other.pid"
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file.write_text(f"{other.pid} 1")

        assert alive(pid_file) is None
        kill([pid_file])

        assert other.poll() is None
        other.kill()


def test_half_a_pid_file_names_nobody(tmp_path: Path) -> None:
    (tmp_path / "half.pid").write_text("")

    assert alive(tmp_path / "half.pid") is None
    assert alive(tmp_path / "absent.pid") is None


def test_a_live_process_tells_when_it_started() -> None:
    assert start_time(os.getpid()) is not None


def test_tail_answers_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("a\nb\nc\n")

    assert tail(log, 2) == "b\nc"
    assert "does not exist" in tail(tmp_path / "none")
