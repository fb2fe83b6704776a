"""The command line is read as the help says."""

from __future__ import annotations

import pytest

from local_cluster.cli import command_words, main, parser
from local_cluster.errors import ClusterError


@pytest.mark.parametrize(
    ("line", "read"),
    [
        pytest.param("up", {"command": "up"}, id="a plain subcommand"),
        pytest.param("build", {"command": "build", "names": []}, id="build of everything"),
        pytest.param(
            "build etcd kubernetes",
            {"command": "build", "names": ["etcd", "kubernetes"]},
            id="build of some",
        ),
        pytest.param(
            "load checkrail.dev/operator:dev",
            {"command": "load", "image": "checkrail.dev/operator:dev"},
            id="load of an image",
        ),
        pytest.param(
            "exec -- kubectl get pods -n x",
            {"command": "exec", "words": ["--", "kubectl", "get", "pods", "-n", "x"]},
            id="options after exec belong to the command",
        ),
    ],
)
def test_parser(line: str, read: dict[str, object]) -> None:
    assert vars(parser().parse_args(line.split())) == read


@pytest.mark.parametrize(
    ("words", "command"),
    [
        pytest.param(["--", "ls", "-l"], ["ls", "-l"], id="with the dashes"),
        pytest.param(["ls", "-l"], ["ls", "-l"], id="without them"),
        pytest.param(["--", "sh", "--", "x"], ["sh", "--", "x"], id="only the first are ours"),
    ],
)
def test_command_words(words: list[str], command: list[str]) -> None:
    assert command_words(words) == command


def test_exec_of_nothing_is_refused() -> None:
    with pytest.raises(ClusterError, match="exec needs a command"):
        command_words(["--"])


def test_an_unknown_module_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):  # main sets them for what it starts
        monkeypatch.setenv(name, "")

    assert main(["build", "etcdd"]) == 1
    assert "no module etcdd; there are etcd, kubernetes," in capsys.readouterr().err
