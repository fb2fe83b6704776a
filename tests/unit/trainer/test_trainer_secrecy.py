"""A process of the same user does not read the keys of the trainer that started it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

WITHOUT_RIGHTS = ("--bounding-set=-all", "--inh-caps=-all")
"""Root reads everything, so a test that it runs gives its capabilities away."""
CHILD = "import os; print(open(f'/proc/{os.getppid()}/environ').read())"
PARENT = """
import subprocess, sys
import checkrail_trainer.secrecy as secrecy
if sys.argv[1] == "closed":
    secrecy.close_to_other_processes()
done = subprocess.run([sys.executable, "-c", sys.argv[2]], capture_output=True, text=True, env={})
print(done.stdout + done.stderr)
"""


def said_by_a_child(state: str) -> str:
    command = [sys.executable, "-c", PARENT, state, CHILD]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv") or "setpriv"
        command = [setpriv, *WITHOUT_RIGHTS, *command]
    return subprocess.run(
        command,
        env={**os.environ, "CHECKRAIL_STORE_AWS_SECRET_ACCESS_KEY": "hush"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_a_child_does_not_read_the_keys_in_its_parents_environment() -> None:
    assert "hush" in said_by_a_child("open")

    closed = said_by_a_child("closed")

    assert "hush" not in closed
    assert "PermissionError" in closed
