"""Every command that the documentation shows works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest
from demo.cluster import ROOT, run
from demo.team import Team

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TARGETS = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands(page: Path) -> list[str]:
    """Return the commands of a page's console blocks, without comments and answers."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    return [
        line.split("  #")[0].strip()
        for block in blocks
        for line in block.splitlines()
        if re.match(r"(kubectl|helm|make|curl|local-cluster/cluster) ", line)
    ]


SHOWN = [
    pytest.param(command, id=f"{page.name}: {command}")
    for page in PAGES
    for command in commands(page)
]


@pytest.mark.parametrize("command", SHOWN)
def test_a_documented_command_works(team: Team, command: str) -> None:
    # a watch has no end: what it would watch is read once
    program, *arguments = (word for word in shlex.split(command) if word != "-w")
    if program == "make":  # this test is itself run by one
        assert arguments[0] in TARGETS
        return
    if program == "kubectl" and not {"--namespace", "-n"} & set(arguments):
        arguments = ["--namespace", team.namespace, *arguments]
    run(program, *arguments)
