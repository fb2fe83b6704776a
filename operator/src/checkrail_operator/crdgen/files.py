"""The generated YAML files: written, or compared with what a folder holds."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import yaml

from checkrail_operator.crdgen.crd import KINDS, custom_resource_definition

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "# Generated from checkrail_api by make crds: edit the models, not this file.\n"


def generated() -> dict[str, str]:
    """Return the text of every file by its name; the same models give the same bytes."""
    definitions = [custom_resource_definition(model) for model in KINDS]
    return {_file_name(crd["spec"]): HEADER + _yaml(crd) for crd in definitions}


def write(folder: Path) -> None:
    """Write every file into ``folder`` and take away generated ones of kinds that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = generated()
    for path in _generated_before(folder):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def differences(folder: Path) -> list[str]:
    """Return the lines by which ``folder`` differs from what would be written, as a diff."""
    wanted = generated()
    found = {path.name: path.read_text(encoding="utf-8") for path in _generated_before(folder)}
    return [
        line
        for name in sorted(wanted.keys() | found.keys())
        for line in difflib.unified_diff(
            found.get(name, "").splitlines(),
            wanted.get(name, "").splitlines(),
            fromfile=str(folder / name),
            tofile="what the models say",
            lineterm="",
        )
    ]


def _generated_before(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.yaml"))
    return [path for path in files if path.read_text(encoding="utf-8").startswith(HEADER)]


def _file_name(spec: dict[str, Any]) -> str:
    return f"{spec['group']}_{spec['names']['plural']}.yaml"


class _Dumper(yaml.SafeDumper):
    """No anchors: a fragment that two fields share is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


# Text such as 1e-4 is a number to every YAML parser but PyYAML: knowing that, it quotes it.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9.]+[eE][-+]?[0-9]+$"), list("-+.0123456789")
)


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
