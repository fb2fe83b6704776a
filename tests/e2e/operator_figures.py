"""What the running operator counts about itself, read through the API server."""

from demo import cluster
from demo.cluster import kubectl

METRICS_PORT = 8080


def operator_figure(name: str) -> float:
    """Return the sum of a metric over its labels and the operator's pods."""
    selector = "app.kubernetes.io/name=checkrail"
    pods = kubectl("get", "pods", "-n", cluster.SYSTEM, "-l", selector, "-o", "name").split()
    return sum(_figure(pod.partition("/")[2], name) for pod in pods)


def _figure(pod: str, name: str) -> float:
    path = f"/api/v1/namespaces/{cluster.SYSTEM}/pods/{pod}:{METRICS_PORT}/proxy/metrics"
    text = kubectl("get", "--raw", path)
    assert f"# TYPE {name} " in text, "without samples it is 0, under another name it would be too"
    values = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return sum(float(value) for key, value in values if key.partition("{")[0] == name)
