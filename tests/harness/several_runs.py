"""Several runs of the trainer in one process, which spares the import of its libraries.

    python -m harness.several_runs FOLDER

``FOLDER`` holds the resolved specs, ``*.json``. The answer is one JSON object: the digest of what
was published, by the name of the file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from checkrail_api.run import Run
from checkrail_trainer.environment import read_environment
from checkrail_trainer.progress import Progress
from checkrail_trainer.run import execute


def main() -> None:
    """Carry out every run of the folder on the command line."""
    environment = read_environment(os.environ)
    digests = {}
    with Path(os.devnull).open("w") as nowhere:
        for path in sorted(Path(sys.argv[1]).glob("*.json")):
            with Progress(nowhere) as progress:
                report = execute(Run.model_validate_json(path.read_bytes()), environment, progress)
            digests[path.stem] = report.artifact.sha256
    sys.stdout.write(f"{json.dumps(digests)}\n")


if __name__ == "__main__":
    main()
