"""Which cluster a machine gets, and what it is told when it can have none."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from local_cluster.detect import Kind, Machine, choose
from local_cluster.errors import ClusterError, MissingError

DOCKER = Machine(kind=True, docker=True, root=False, linux=True, apt=True)
ROOT = Machine(kind=False, docker=False, root=True, linux=True, apt=True)
BOTH = replace(DOCKER, root=True)
NEITHER = Machine(kind=False, docker=False, root=False, linux=True, apt=True)


@pytest.mark.parametrize(
    ("machine", "wanted", "chosen"),
    [
        pytest.param(DOCKER, "", "kind", id="Docker and kind make it kind"),
        pytest.param(ROOT, "", "local", id="root without Docker makes it local"),
        pytest.param(BOTH, "", "kind", id="kind comes first where both are possible"),
        pytest.param(BOTH, "local", "local", id="the variable overrides"),
        pytest.param(BOTH, "kind", "kind", id="the variable may say what would be chosen"),
        pytest.param(replace(BOTH, docker=False), "", "local", id="a dead daemon is no Docker"),
    ],
)
def test_choose(machine: Machine, wanted: str, chosen: Kind) -> None:
    assert choose(machine, wanted) == chosen


@pytest.mark.parametrize(
    ("machine", "wanted", "told"),
    [
        pytest.param(NEITHER, "", "without Docker it needs root", id="neither Docker nor root"),
        pytest.param(NEITHER, "", "with Docker it needs a running Docker daemon", id="both named"),
        pytest.param(replace(DOCKER, kind=False), "", "the program kind", id="Docker, no kind"),
        pytest.param(ROOT, "kind", "CHECKRAIL_CLUSTER=kind needs", id="kind wanted, not there"),
        pytest.param(DOCKER, "local", "CHECKRAIL_CLUSTER=local needs root", id="local, not root"),
        pytest.param(replace(ROOT, apt=False), "", "apt-get", id="root, but not Debian"),
        pytest.param(replace(ROOT, linux=False), "", "needs Linux", id="root, but not Linux"),
    ],
)
def test_a_machine_that_can_have_none_is_told_what_it_lacks(
    machine: Machine, wanted: str, told: str
) -> None:
    with pytest.raises(MissingError, match=re.escape(told)) as caught:
        choose(machine, wanted)

    assert caught.value.status == 2


def test_a_misspelt_kind_is_refused_with_what_is_expected() -> None:
    with pytest.raises(ClusterError, match="'minikube': expected `kind` or `local`"):
        choose(BOTH, "minikube")
