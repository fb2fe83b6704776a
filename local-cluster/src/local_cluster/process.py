"""Starting and stopping programs that outlive us, found again by their pid files.

A pid alone may have been given to another program since, so the file also holds the start time
from /proc: only a process with both is ours, and only such a process is ever signalled.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GONE_SECONDS = 5.0
TAIL_LINES = 20


def start_time(pid: int) -> str | None:
    """Answer when ``pid`` started, in clock ticks since boot; None where no live process has it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces
    return None if fields[0] in {"Z", "X"} else fields[19]


def alive(pid_file: Path) -> int | None:
    """Answer the pid of the process that ``pid_file`` names, None when it is gone."""
    try:
        pid, _, started = pid_file.read_text().strip().partition(" ")
    except FileNotFoundError:
        return None
    if not pid.isdigit() or start_time(int(pid)) != started:
        return None
    return int(pid)


def command_line(pid: int) -> list[str]:
    """Answer the words of a process's command line."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
    return words[:-1]


def spawn(
    command: Sequence[str], *, pid_file: Path, log: Path, env: Mapping[str, str] | None = None
) -> None:
    """Start ``command`` in a session of its own, unless it already runs.

    A program killed between its start and the writing of its pid file would be lost, so a shell
    writes the file first and then becomes the program.
    """
    if alive(pid_file) is not None:
        return
    # Fields 1 and 22 of /proc/self/stat; the shell's name holds no space.
    script = (
        "read -r pid _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ < /proc/$$/stat; "
        'echo "$pid $start" > "$1.new" && mv "$1.new" "$1" && shift && exec "$@"'
    )
    with log.open("ab") as output:
        child = subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", str(pid_file), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            start_new_session=True,
        )
    child.returncode = 0  # it outlives us: nobody will wait for it


def kill(pid_files: Iterable[Path]) -> None:
    """End these processes at once: nothing they could save on a gentler end is kept."""
    files = tuple(pid_files)
    for file in files:
        if (pid := alive(file)) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    _wait_gone(files, GONE_SECONDS)
    for file in files:
        file.unlink(missing_ok=True)


def _wait_gone(files: Sequence[Path], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(alive(file) for file in files) and time.monotonic() < deadline:
        time.sleep(0.02)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Answer the last lines of a log, for an error message."""
    if not log.exists():
        return f"({log} does not exist)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
