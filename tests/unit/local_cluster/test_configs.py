"""The node's files say what was measured to be needed."""

from __future__ import annotations

import ipaddress
import json
import re
import tomllib
from pathlib import Path

import pytest

from local_cluster import addons, commands, configs
from local_cluster.commands import Layout
from local_cluster.modules import chosen
from local_cluster.paths import HOME, PROJECT

STATE, RUN = Path("/state"), Path("/run/it")
LAYOUT = Layout(
    pki=STATE / "pki",
    etc=STATE / "etc",
    data=STATE / "etcd",
    address="192.0.2.1",
    port=6443,
    etcd_port=2379,
    services="198.19.0.0/16",
)


def test_containerd_keeps_to_our_folders() -> None:
    config = tomllib.loads(configs.containerd(STATE, RUN))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]

    assert config["root"] == "/state/containerd"
    assert config["grpc"]["address"] == "/run/it/containerd.sock"
    assert cri["restrict_oom_score_adj"] is True
    assert cri["netns_mounts_under_state_dir"] is True
    assert cri["containerd"]["runtimes"]["runc"]["options"] == {
        "SystemdCgroup": False,
        "Root": "/run/it/runc",
    }


def test_the_kubelet_stays_in_our_cgroup_and_reaches_nothing_outside() -> None:
    config = json.loads(configs.kubelet(STATE, RUN))

    assert config["cgroupRoot"] == "/checkrail"
    assert config["cgroupDriver"] == "cgroupfs"
    assert config["resolvConf"] == "/dev/null"
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["clusterDNS"] == [configs.DNS_ADDRESS]


def test_pods_are_routed_and_not_hidden() -> None:
    first, second = json.loads(configs.cni(RUN))["plugins"]

    assert (first["type"], first["ipMasq"], second["type"]) == ("ptp", False, "portmap")


def test_kube_proxy_leaves_the_connection_table_alone() -> None:
    config = json.loads(configs.kube_proxy(STATE))

    assert (config["mode"], config["conntrack"]) == ("nftables", {"maxPerCore": 0})


@pytest.mark.parametrize(
    "address", [configs.NODE_ADDRESS, configs.FIRST_SERVICE, configs.DNS_ADDRESS]
)
def test_every_address_lies_in_the_benchmark_range(address: str) -> None:
    assert ipaddress.ip_address(address) in ipaddress.ip_network("198.18.0.0/15")


def test_the_dns_service_has_the_address_the_kubelet_hands_out() -> None:
    assert f"clusterIP: {configs.DNS_ADDRESS}\n" in (HOME / "addons/dns.yaml").read_text()


def test_the_ports_are_the_same_in_addons_kind_and_environment() -> None:
    manifests = "".join(path.read_text() for path in sorted((HOME / "addons").glob("*.yaml")))
    kind = (PROJECT / "kind-config.yaml").read_text()
    wanted = {addons.GATEWAY_PORT, addons.S3_PORT}

    assert {int(port) for port in re.findall(r"nodePort: (\d+)", manifests)} == wanted
    assert {int(port) for port in re.findall(r"hostPort: (\d+)", kind)} == wanted
    assert {int(port) for port in re.findall(r"containerPort: (\d+)", kind)} == wanted


def test_the_api_server_authorizes_by_rbac_and_tells_its_address() -> None:
    program, *flags = commands.kube_apiserver(LAYOUT, "--more")

    assert program == "kube-apiserver"
    assert {
        "--authorization-mode=Node,RBAC",
        "--etcd-servers=http://127.0.0.1:2379",
        "--advertise-address=192.0.2.1",
        "--service-cluster-ip-range=198.19.0.0/16",
        "--more",
    } <= set(flags)


def test_etcd_has_no_peer_to_wait_for() -> None:
    assert "--initial-cluster=checkrail=http://127.0.0.1:2380" in commands.etcd(LAYOUT)


def test_kind_runs_the_minor_version_that_the_module_pins() -> None:
    [kubernetes] = chosen(["kubernetes"])
    minor = kubernetes.version.rpartition(".")[0]

    assert f"image: kindest/node:{minor}." in (PROJECT / "kind-config.yaml").read_text()
