"""Loads, and what they measure: wrk for HTTP, h2load for gRPC, and an open loop of our own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speed_model import GRPC_PATH
from speed_servers import BENCH, CACHE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from speed_model import Body

PACKAGES = {"wrk": "wrk", "h2load": "nghttp2-client"}
"""Debian's, by program."""
FEW_ERRORS = 0.001
"""Share of the requests up to which a load is one."""
LAST_WORDS = 300
PERCENTS = (50, 99)


class LoadFailedError(Exception):
    """A load could not be made, or was not answered."""


@dataclass(frozen=True)
class Load:
    """What a load was answered. Latencies are milliseconds."""

    rate: float
    """Answers a second."""
    p50: float
    p99: float
    p999: float = float("nan")
    """Of the open loop only."""
    p99s: tuple[float, ...] = ()
    """The same, of each quarter of a second."""


def wrk(port: int, path: str, body: Body, *, connections: int, seconds: float, core: int) -> Load:
    """Ask again as soon as there is an answer, over so many connections."""
    told = {"BENCH_BODY": str(body.file)}
    if body.json_size:
        told |= {
            "BENCH_JSON_SIZE": str(body.json_size),
            "BENCH_CONTENT_TYPE": "application/octet-stream",
        }
    said = _run(
        core,
        [
            *(program("wrk"), "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout=10s"),
            *("-s", str(BENCH / "wrk.lua"), f"http://127.0.0.1:{port}{path}"),
        ],
        told,
    )
    found = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$", said, re.MULTILINE)
    if not found:
        raise LoadFailedError(said[-LAST_WORDS:])
    requests, errors, micros, p50, p99 = map(int, found.groups())
    _check(requests - errors, errors)
    return Load(requests / micros * 1e6, p50 / 1e3, p99 / 1e3)


def h2load(port: int, body: Body, *, connections: int, seconds: float, core: int) -> Load:
    """Call by gRPC, one call at a time over each of so many connections."""
    log = CACHE / "h2load.log"
    log.unlink(missing_ok=True)
    said = _run(
        core,
        [
            *(program("h2load"), "-t1", f"-c{connections}", "-m1", f"-D{seconds:g}"),
            *("-d", str(body.file), f"--log-file={log}"),
            *("-H", "content-type: application/grpc", "-H", "te: trailers"),
            f"http://127.0.0.1:{port}{GRPC_PATH}",
        ],
    )
    if not log.exists():
        raise LoadFailedError(said[-LAST_WORDS:])
    lines = [line.split("\t") for line in log.read_text().splitlines()]
    good = sorted(int(micros) / 1e3 for _, status, micros in lines if status == "200")
    _check(len(good), len(lines) - len(good))
    p50, p99 = (good[len(good) * percent // 100] for percent in PERCENTS)
    return Load(len(good) / seconds, p50, p99)


def open_loop(
    port: int, path: str, body: Body, *, rate: float, connections: int, seconds: float, core: int
) -> Load:
    """Ask at random instants, ``rate`` times a second; see ``open_loop/main.go``."""
    request = CACHE / "request"
    request.write_bytes(body.request(path))
    said = _run(
        core,
        [
            *(str(_built()), f"-address=127.0.0.1:{port}", f"-request={request}"),
            *(f"-rate={rate:.1f}", f"-connections={connections}", f"-seconds={seconds:g}"),
        ],
    )
    found = json.loads(said.splitlines()[-1])
    _check(found["answered"], found["failed"])
    p50, p99, p999 = (found[name] / 1e3 for name in ("p50", "p99", "p999"))
    slices = tuple(each / 1e3 for each in found["p99s"])
    return Load(found["answered"] / seconds, p50, p99, p999, slices)


def _built() -> Path:
    """Return the program of the open loop, compiled."""
    program = CACHE / "open-loop"
    source = BENCH / "open_loop"
    if not program.exists() or program.stat().st_mtime < (source / "main.go").stat().st_mtime:
        if not shutil.which("go"):
            raise LoadFailedError("Go is not installed")
        done = subprocess.run(
            ["go", "build", "-o", program, "."],
            cwd=source,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise LoadFailedError(done.stderr[-LAST_WORDS:])
    return program


def program(name: str) -> str:
    """Return where ``name`` is; as root it is installed from Debian if it is not there."""
    if not shutil.which(name) and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", PACKAGES[name]]
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(command, check=False, capture_output=True)
    found = shutil.which(name)
    if not found:
        raise LoadFailedError(f"{name} is missing: install the package {PACKAGES[name]}")
    return found


def _run(core: int, command: Sequence[str], told: Mapping[str, str] | None = None) -> str:
    """Run a load on ``core`` and return what it prints."""
    done = subprocess.run(
        ["taskset", "-c", str(core), *command],
        env={**os.environ, **(told or {})},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LoadFailedError((done.stderr or done.stdout).strip()[-LAST_WORDS:])
    return done.stdout


def _check(good: float, bad: float) -> None:
    if not good or bad > FEW_ERRORS * (good + bad):
        raise LoadFailedError(f"{bad:.0f} of {good + bad:.0f} requests were not answered 200")
