"""A child process that is forked early: one job, done beside the server, and its memory given back.

    main, one thread ── fork ── event loop, threads ... conversation ... end
                         └───── child: does its work over a socket, and ends

Forked while the process has one thread, it inherits no lock that nobody releases. It keeps none of
this process's files but the socket, its output and its errors: a child that runs what nobody has
proven must not talk to one that has the keys of a store.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


class Forked:
    """The child, from its fork to its end."""

    def __init__(self, work: Callable[[socket.socket], None], output: int | None = None) -> None:
        """Fork a child that does ``work`` with its end of ``channel``; this process has one thread.

        Args:
            work: The child ends when this returns, with 0, or raises, with 1.
            output: A file that takes what the child prints; None: what this process has.
        """
        self.channel, childs = socket.socketpair()
        self._reaping = threading.Lock()
        sys.stdout.flush()
        self._pid: int | None = os.fork()
        if self._pid == 0:
            _be_child(work, childs, output)
        childs.close()

    def reap(self, *, kill: bool) -> tuple[int, int]:
        """Wait for the child's end; may be called from any thread, and twice.

        Returns:
            Its exit code, or minus the signal that ended it, and its peak memory in bytes.
        """
        with self._reaping:
            if self._pid is None:
                return -signal.SIGKILL, 0
            if kill:
                os.kill(self._pid, signal.SIGKILL)
            _, status, usage = os.wait4(self._pid, 0)
            self._pid = None
            self.channel.close()
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss << 10


def _be_child(
    work: Callable[[socket.socket], None], channel: socket.socket, output: int | None
) -> NoReturn:
    """Do ``work``, and end without any of the parent's last acts."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it ends
        if output is not None:
            os.dup2(output, 1)
            os.dup2(output, 2)
        _close_all_but(
            sys.stdin.fileno(), sys.stdout.fileno(), sys.stderr.fileno(), channel.fileno()
        )
        work(channel)
        code = 0
    except BaseException as error:  # noqa: BLE001 - nothing of this may run the parent's code
        os.write(2, f"{error!r}\n".encode())
    finally:
        os._exit(code)


def _close_all_but(*kept: int) -> None:
    for link in tuple(Path("/proc/self/fd").iterdir()):
        if (file := int(link.name)) not in kept:
            with contextlib.suppress(OSError):  # the list's own is closed already
                os.close(file)
