"""A child process that is forked early: one job, done beside the server, and its memory given back.

    main, one thread ── fork ── event loop, threads ... conversation ... end
                         └───── child: does its work over a socket, and ends

Forked while the process has one thread, it inherits no lock that nobody releases. It keeps none of
this process's files but the socket, its input, output and errors: a child that runs what nobody has
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
        self._ended: tuple[int, int] | None = None
        self._pid = os.fork()
        if self._pid == 0:
            _be_child(work, childs, output)
        childs.close()

    def reap(self, *, kill: bool) -> tuple[int, int]:
        """Wait for the child's end; may be called from any thread, and twice.

        Returns:
            Its exit code, or minus the signal that ended it, and its peak memory in bytes.
        """
        with self._reaping:
            if self._ended is None:
                if kill:
                    os.kill(self._pid, signal.SIGKILL)
                _, status, usage = os.wait4(self._pid, 0)
                self.channel.close()
                self._ended = os.waitstatus_to_exitcode(status), usage.ru_maxrss << 10
            return self._ended


def received(channel: socket.socket, size: int) -> bytes:
    """Return ``size`` bytes; fewer only where the other end is gone.

    A signal, as of a process that is paused and goes on, ends a call of ``recv`` early.
    """
    pieces = [channel.recv(size, socket.MSG_WAITALL)] if size else []
    while pieces and pieces[-1] and (rest := size - sum(map(len, pieces))):
        pieces.append(channel.recv(rest, socket.MSG_WAITALL))
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


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
        _close_all_but(0, 1, 2, channel.fileno())
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
