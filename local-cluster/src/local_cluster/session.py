"""Running a person's command against the cluster, whichever kind it is."""

from __future__ import annotations

import os
import shlex
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from local_cluster.addons import GATEWAY_PORT, S3_PORT
from local_cluster.configs import NODE_ADDRESS
from local_cluster.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


DIRECT = (NODE_ADDRESS, "198.18.0.0/15", "127.0.0.1", "localhost", ".svc", ".cluster.local")
"""What is never asked of a proxy: the node by name too, for clients that know no ranges."""


def without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Answer the variables that keep a machine's proxy out of talk with the cluster."""
    names = ("NO_PROXY", "no_proxy")
    told = next((environment[name] for name in names if environment.get(name)), "")
    words = [word for word in told.split(",") if word and word not in DIRECT]
    return dict.fromkeys(names, ",".join([*words, *DIRECT]))


@dataclass(frozen=True)
class Session:
    """What a command needs to reach the cluster."""

    kind: str
    kubeconfig: Path
    address: str
    """Where the node's ports are reached."""

    prefix: tuple[str, ...]
    """What puts a command into the cluster's network; nothing for kind."""

    path: tuple[Path, ...]
    """Folders of the pinned kubectl and helm."""

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Answer the variables that a command is given on top of ``environment``."""
        folders = [str(folder) for folder in self.path]
        others = [word for word in environment.get("PATH", "").split(":") if word not in folders]
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "CHECKRAIL_CLUSTER_KIND": self.kind,
            "CHECKRAIL_GATEWAY_URL": f"http://{self.address}:{GATEWAY_PORT}",
            "CHECKRAIL_S3_ENDPOINT": f"http://{self.address}:{S3_PORT}",
            "PATH": ":".join([*folders, *others]),
            **without_proxy(environment),
        }

    def exports(self, environment: Mapping[str, str]) -> str:
        """Answer the same as lines for a shell."""
        pairs = self.variables(environment).items()
        return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in pairs)

    def become(self, command: Sequence[str]) -> NoReturn:
        """Become ``command``: signals, terminal and exit status are then simply its own.

        Raises:
            ClusterError: There is no such program.
        """
        environment = {**os.environ, **self.variables(os.environ)}
        words = [*self.prefix, *command]
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it; a command must not
        try:
            os.execvpe(words[0], words, environment)  # noqa: S606 - this is what exec is
        except FileNotFoundError as error:
            raise ClusterError(f"{words[0]}: no such program on the PATH") from error
