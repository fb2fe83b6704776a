"""Write the CRDs: ``python -m checkrail_operator.crdgen [--check] [FOLDER...]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from checkrail_operator.crdgen.files import differences, write

FOLDERS = ("crds", "charts/checkrail/crds")
"""Where the repository keeps them: for kubectl, and for Helm, which takes them from the chart."""


def main(arguments: list[str] | None = None) -> int:
    """Write the files into every folder, or with ``--check`` only compare.

    Returns:
        0; with ``--check`` 1 if a folder holds anything else than what would be written.
    """
    parser = argparse.ArgumentParser(prog="python -m checkrail_operator.crdgen")
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help=f"default: {' '.join(FOLDERS)}"
    )
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if stale")
    options = parser.parse_args(arguments)
    folders = options.folders or [Path(folder) for folder in FOLDERS]
    if not options.check:
        for folder in folders:
            write(folder)
        return 0
    stale = [line for folder in folders for line in differences(folder)]
    if stale:
        print(*stale, "The CRDs are stale: run make crds and commit the result.", sep="\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
