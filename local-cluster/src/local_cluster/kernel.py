"""Settings of the kernel that the kubelet changes for the whole machine, put back by `down`."""

from __future__ import annotations

import json
from pathlib import Path

from local_cluster.paths import STATE

SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""What `setupKernelTunables` of the kubelet writes."""

SAVED = STATE / "kernel.json"
PROC = Path("/proc/sys")


def remember() -> None:
    """Note the values before the kubelet first starts."""
    if not SAVED.exists():
        found = {name: (PROC / name).read_text().strip() for name in SETTINGS}
        partial = SAVED.with_suffix(".part")
        partial.write_text(json.dumps(found))
        partial.replace(SAVED)


def restore() -> None:
    """Put the noted values back."""
    if SAVED.exists():
        for name, value in json.loads(SAVED.read_text()).items():
            if (PROC / name).read_text().strip() != value:
                (PROC / name).write_text(value)
