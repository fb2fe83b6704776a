"""The Gateway API's CRDs, out of its Go module: the one registry that carries them everywhere."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

from local_cluster.golang import find_go, needed_version
from local_cluster.paths import HOME, cache
from local_cluster.run import run
from local_cluster.say import step

MODULE = "sigs.k8s.io/gateway-api"
FOLDER = HOME / "modules" / "gateway-api"
CHANNEL = Path("config/crd/standard")


def version() -> str:
    """Answer the pinned version."""
    found = re.search(rf"^require {MODULE} (\S+)$", (FOLDER / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{FOLDER / 'go.mod'} does not require {MODULE}")
    return found[1]


def manifests() -> Path:
    """Answer one file with every CRD of the standard channel, fetched once."""
    target = cache() / f"gateway-api-{version()}.yaml"
    if not target.exists():
        with step(f"fetched the Gateway API's CRDs {version()}"):
            _fetch(target)
    return target


def _fetch(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    go = find_go(needed_version([(FOLDER / "go.mod").read_text()]))
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    told = run([go, "mod", "download", "-json", MODULE], cwd=FOLDER, env=environment).stdout
    folder = Path(json.loads(told)["Dir"]) / CHANNEL
    texts = [path.read_text() for path in sorted(folder.glob("*.yaml"))]
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False) as partial:
        partial.write("\n---\n".join(texts))
    Path(partial.name).replace(target)
