"""Running other programs to their end."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from local_cluster.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TAIL_LINES = 30


def run(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` and return what it said.

    Raises:
        ClusterError: It ended with a status other than 0, and ``check`` is set; the message ends
            with the last lines of its output.
    """
    words = [str(word) for word in command]
    feed: dict[str, object] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    done = subprocess.run(  # type: ignore[call-overload]
        words, capture_output=True, text=True, check=False, env=env, cwd=cwd, **feed
    )
    if check and done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-TAIL_LINES:])
        raise ClusterError(f"`{' '.join(words)}` ended with status {done.returncode}:\n{tail}")
    result: subprocess.CompletedProcess[str] = done
    return result
