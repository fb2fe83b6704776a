"""The two things a platform team does once: install the operator, and fill the lake."""

import base64
import os
import subprocess

from demo import cluster
from demo.cluster import PYTHON, ROOT, kubectl, run

CHART = str(ROOT / "charts" / "checkrail")


def install_chart() -> None:
    """Install or upgrade the operator from the chart; return when it is ready.

    Helm installs CRDs once and never upgrades them, so they are applied on their own.
    """
    kubectl("apply", "--server-side", "--force-conflicts", "-f", f"{CHART}/crds")
    values = str(ROOT / "demo" / "values.yaml")
    target = ("--namespace", cluster.SYSTEM, "--create-namespace")
    run("helm", "upgrade", "--install", "checkrail", CHART, *target, "--skip-crds", "-f", values)
    # the tag of a local build stays the same when its image changes
    kubectl("rollout", "restart", "deployment/checkrail", "-n", cluster.SYSTEM)
    kubectl("rollout", "status", "deployment/checkrail", "-n", cluster.SYSTEM, "--timeout=120s")


def store_keys() -> dict[str, str]:
    """Return the credentials of the cluster's own S3 server, by their AWS names."""
    secret = cluster.get("secret", "s3")["data"]
    return {name: base64.b64decode(value).decode() for name, value in secret.items()}


def fill_lake() -> str:
    """Put the real data into the cluster's S3 server; return what was put."""
    done = subprocess.run(
        cluster.inside(PYTHON, "-m", "demo.flights"),
        env={**os.environ, **store_keys()},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"filling the lake: {done.stderr.strip()}")
    return done.stdout.rstrip()
