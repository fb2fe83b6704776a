"""A workflow in an image built from ours, trained by a pod of it."""

import subprocess

import yaml
from demo.cluster import CLUSTER, ROOT, condition
from demo.team import Body, Team

IMAGE = "checkrail.dev/custom-workflow:dev"
RUNG = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}


def test_the_example_of_a_workflow_of_ones_own_trains_in_its_own_image(team: Team) -> None:
    subprocess.run([CLUSTER, "load", IMAGE], check=True)
    path = ROOT / "examples" / "custom-workflow" / "training-job.yaml"
    body: Body = yaml.safe_load(path.read_text())
    body["spec"]["pod"]["image"] = IMAGE
    body["spec"]["resources"] = {"ladder": [RUNG]}

    version = team.train(body, lambda _: None)

    run = team.get("trainingjob", body["metadata"]["name"])
    assert condition(run, "Complete")["status"] == "True"
    assert version["spec"]["model"] == body["spec"]["model"]
    assert {metric["name"] for metric in version["spec"]["metrics"]} >= {"roc_auc", "log_loss"}
    assert version["spec"]["provenance"]["parity"]["flips"] == 0
