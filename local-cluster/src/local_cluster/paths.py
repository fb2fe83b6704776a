"""Where things are: the repository, the cache that outlives clusters, the cluster's own folders."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
"""The repository's root."""

HOME = PROJECT / "local-cluster"

STATE = Path("/var/lib/checkrail-cluster")
"""What the cluster keeps: certificates, etcd, images, logs. `down` removes it."""

RUN = Path("/run/checkrail-cluster")
"""Sockets and pid files. `down` removes it."""


def cache() -> Path:
    """Answer where built programs and images are kept between clusters and clones."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "checkrail"
