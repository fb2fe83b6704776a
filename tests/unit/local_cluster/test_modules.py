"""What is built, and what a built program is identified by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from local_cluster import modules
from local_cluster.errors import ClusterError
from local_cluster.golang import needed_version, parse_version
from local_cluster.modules import MODULES, Module, binary, chosen, to_build

if TYPE_CHECKING:
    from pathlib import Path

PINNED = [module for module in MODULES if module.version]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand an empty repository and an empty cache in for the real ones."""
    monkeypatch.setattr(modules, "HOME", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "modules" / "tool"
    folder.mkdir(parents=True)
    for name in ("go.mod", "go.sum", "main.go"):
        (folder / name).write_text(f"a {name}")
    return folder


@pytest.mark.parametrize("module", PINNED, ids=lambda module: module.name)
def test_a_module_tells_the_version_that_its_go_mod_pins(module: Module) -> None:
    line = rf"^(require )?\s*\S+ {re.escape(module.version)}( // indirect)?$"

    assert re.search(line, (module.folder / "go.mod").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_an_edit_of_any_source_builds_anew(home: Path, name: str) -> None:
    tool = Module("tool", "v1", 1)
    before = tool.target

    (home / name).write_text("edited")

    assert tool.target != before
    assert tool.target.parent == before.parent


def test_other_flags_build_anew(home: Path) -> None:
    assert home.name == "tool"
    assert Module("tool", "v1", 1).digest != Module("tool", "v1", 1, settings=("a=b",)).digest


def test_only_what_the_cache_lacks_is_built(home: Path) -> None:
    tool = Module("tool", "v1", 1)
    assert home.exists()
    assert to_build([tool]) == (tool,)

    tool.target.mkdir(parents=True)

    assert to_build([tool]) == ()


def test_the_wiring_tests_need_two_programs_of_all() -> None:
    assert [module.name for module in chosen(["kubernetes", "etcd"])] == ["etcd", "kubernetes"]
    assert chosen([]) == MODULES


def test_kubectl_is_the_kubernetes_binary_by_another_name() -> None:
    assert binary("kubectl").parent == binary("kube-apiserver").parent
    with pytest.raises(ClusterError, match="no module builds kubeadm"):
        binary("kubeadm")


def test_kubernetes_is_linked_with_its_version() -> None:
    [kubernetes] = chosen(["kubernetes"])

    assert "-X k8s.io/component-base/version.gitVersion=v1.34.4" in kubernetes.flags[-1]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        pytest.param("go1.26.8", (1, 26, 8), id="a release"),
        pytest.param("go 1.24.0", (1, 24, 0), id="a line of go.mod"),
        pytest.param("go1.27rc1", (1, 27), id="a candidate"),
        pytest.param("devel +0f1c", None, id="a development build has none"),
    ],
)
def test_parse_version(text: str, version: tuple[int, ...] | None) -> None:
    assert parse_version(text) == version


def test_the_newest_go_line_decides() -> None:
    assert needed_version(["module a\n\ngo 1.9\n", "module b\n\ngo 1.26.0\n"]) == (1, 26, 0)
