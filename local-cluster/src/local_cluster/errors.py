"""What goes wrong in ways a person can act on."""

from __future__ import annotations


class ClusterError(Exception):
    """Something this program needs is not so; the message says what was found and what to do.

    Attributes:
        status: Exit status for it: 2 where the machine lacks something, 1 otherwise.
    """

    status = 1


class MissingError(ClusterError):
    """The machine lacks what is needed, and this program cannot install it."""

    status = 2
