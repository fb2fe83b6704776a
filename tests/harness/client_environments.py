"""Programs that ask our servers, each in an environment of its own, made when a test wants it.

They do not install beside the rest: each has its own locked versions in tests/clients/environments.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
ENVIRONMENTS = TESTS / "clients" / "environments"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "checkrail" / "clients"
OUT_OF_REACH = ("client error (Connect)", "dns error", "timed out")
"""What uv says when PyPI does not answer."""


def client_environment(name: str) -> Path:
    """Return the folder of programs of the environment ``name``; skip where PyPI does not answer.

    It is kept in the user's cache, and uv makes it what its lock says.
    """
    folder = CACHE / name
    synced = subprocess.run(
        [TESTS.parent / "scripts" / "uv", "sync", "--frozen", "--project", ENVIRONMENTS / name],
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    if any(sign in synced.stderr for sign in OUT_OF_REACH):
        pytest.skip(f"{name} cannot be installed, PyPI is out of reach: {synced.stderr.strip()}")
    assert synced.returncode == 0, synced.stderr
    return folder / "bin"


def ask(environment: str, client: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Have ``clients.<client>`` send ``requests``; see ``clients.conversation``."""
    told = subprocess.run(
        [client_environment(environment) / "python", "-m", f"clients.{client}"],
        input=json.dumps(requests),
        env={**os.environ, "PYTHONPATH": str(TESTS), "GRPC_VERBOSITY": "none"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    answers: list[dict[str, Any]] = json.loads(told.stdout)
    return answers
