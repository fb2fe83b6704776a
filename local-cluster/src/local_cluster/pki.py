"""The cluster's certificates, made by openssl: one authority, one key pair per role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_cluster.run import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

DAYS = "3650"


@dataclass(frozen=True)
class Identity:
    """One key pair: who it says it is, and under which addresses it may serve."""

    name: str
    """File name of `<name>.crt` and `<name>.key`."""

    subject: str
    """In openssl's form, `/O=<group>/CN=<user>`: how Kubernetes names a client."""

    addresses: tuple[str, ...] = ()
    """As openssl writes them: `IP:127.0.0.1`, `DNS:kubernetes.default.svc`. Empty for clients."""


def admin() -> Identity:
    """Answer the cluster administrator: group `system:masters`, above RBAC."""
    return Identity("admin", "/O=system:masters/CN=admin")


def api_server(*addresses: str) -> Identity:
    """Answer the API server, serving under its in-cluster names and ``addresses``."""
    names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
    more = ("kubernetes.default.svc.cluster.local", "localhost")
    dns = tuple(f"DNS:{name}" for name in names + more)
    return Identity("apiserver", "/CN=kube-apiserver", dns + tuple(f"IP:{ip}" for ip in addresses))


def make_authority(folder: Path) -> None:
    """Write `ca.crt`, `ca.key`, and the pair that signs service account tokens, `sa.{key,pub}`."""
    folder.mkdir(parents=True, exist_ok=True)
    extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
    _certificate(folder, "ca", "/CN=checkrail-cluster", extensions, ())
    run(["openssl", "genpkey", *_CURVE, "-out", folder / "sa.key"])
    run(["openssl", "pkey", "-in", folder / "sa.key", "-pubout", "-out", folder / "sa.pub"])


def issue(folder: Path, identities: Iterable[Identity]) -> None:
    """Write `<name>.crt` and `<name>.key` for each, signed by the authority in ``folder``."""
    authority = ("-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"))
    for identity in identities:
        extensions = [
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature",
            "extendedKeyUsage=clientAuth,serverAuth",
        ]
        if identity.addresses:
            extensions.append(f"subjectAltName={','.join(identity.addresses)}")
        _certificate(folder, identity.name, identity.subject, extensions, authority)


_CURVE = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


def _certificate(
    folder: Path, name: str, subject: str, extensions: Sequence[str], authority: Sequence[str]
) -> None:
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    run(["openssl", "genpkey", *_CURVE, "-out", key])
    key.chmod(0o600)
    added = [word for extension in extensions for word in ("-addext", extension)]
    # An empty configuration: the machine's own would add a second set of extensions.
    request = ["openssl", "req", "-x509", "-new", "-config", "/dev/null", "-days", DAYS]
    run([*request, "-key", key, "-subj", subject, "-out", certificate, *authority, *added])
