"""``make demo``: YAML in, model trained, canary rolled out under load, prediction out."""

import json
import sys
import time
from typing import Any

from demo import cluster, system
from demo.cluster import kubectl
from demo.split import Share, failures, shares
from demo.team import FIRST_HALF, FIRST_QUARTER, SERVING, Team, example, real_flights

START = time.monotonic()
RATE = 100


def title(text: str) -> None:
    """Print the heading of an act."""
    print(f"\n== {text}  [{time.monotonic() - START:.0f} s]", flush=True)


def say(text: str) -> None:
    """Print one line of an act."""
    print(f"    {text}", flush=True)


def show(command: str) -> None:
    """Print a kubectl command and its answer."""
    say(f"$ kubectl {command}")
    for line in kubectl(*command.split()).splitlines():
        say(line)


def tell_version(version: dict[str, Any]) -> str:
    """Print what is known of a ModelVersion; return its name."""
    name: str = version["metadata"]["name"]
    spec = version["spec"]
    origin = spec["provenance"]
    overall = [m for m in spec["metrics"] if "slice" not in m]
    figures = ", ".join(f"{m['name']} {float(m['value']):.4f}" for m in overall)
    parity = origin["parity"]
    say(f"ModelVersion {name}: {figures} on {origin['rows']['holdout']} held-out rows")
    say(
        f"parity: ONNX Runtime against the trained model on {parity['rows']} rows:"
        f" max |difference| {parity['maxAbsDiff']}, flips {parity['flips']}"
    )
    for gate in spec["gates"]:
        against = (
            f" against {gate['baselineValue']} of {gate['baseline']}" if "baseline" in gate else ""
        )
        say(f"gate {gate['metric']} {gate['bound']}: {gate['value']}{against}")
    return name


def tell_shares(steps: list[Share]) -> None:
    """Print how the load was split."""
    say("weight  requests   observed  failed")
    for step in steps:
        observed = f"{step.observed_percent:7.2f} %"
        say(f"{step.weight:4d} %  {step.requests:8d}  {observed}  {step.failed:6d}")


def main() -> None:
    """Play all acts; exit 1 with the reason when one does not end as it must."""
    team = Team()
    title("The operator from its Helm chart, and real data in the S3 server")
    system.install_chart()
    team.clear()
    show(f"get pods -n {cluster.SYSTEM}")
    print(system.fill_lake(), flush=True)

    title("1. Train on the first quarter")
    tell_version(team.train(example(FIRST_QUARTER), say))

    title("2. Serve it, and score a real flight through the gateway")
    team.deploy(example(SERVING))
    [row] = real_flights(example(FIRST_HALF), "month = 6", 1)
    say(f"$ curl -H 'Host: {team.host}' $CHECKRAIL_GATEWAY_URL/predict -d '{json.dumps(row)}'")
    say(json.dumps(team.predict([row])))

    title(f"3. More data, a new version, and a canary under {RATE} requests/s")
    with team.load(row, rate=RATE) as load:
        second = team.train(example(FIRST_HALF), say)
        name = tell_version(second)
        changes = team.follow_rollout(name, lambda weight: say(f"weight {weight} %"))
    tell_shares(shares(load.lines, changes, name))
    say(f"all {len(load.lines)} requests of the load: {load.failed} failed")
    for what, count in failures(load.lines).most_common():
        say(f"failed: {count} x {what}")

    title("4. A broken version is rolled back by itself")
    broken = team.import_broken_version(second)
    rejected = team.wait_rolled_back(broken)["status"]["rejected"][0]
    say(f"{rejected['version']}: {rejected['reason']}: {rejected['message']}")
    say(f"serving: {team.predict([row])['version']}")

    title("5. As a person sees it")
    for kind in ("tj", "mv", "mdep"):
        show(f"get {kind}")

    title("Done; the cluster is still running. Next:")
    say("look around   local-cluster/cluster exec -- kubectl describe mdep flight-delays")
    say("every test    make test")
    say("stop          make cluster-down")
    if load.failed:
        sys.exit(f"demo: {load.failed} requests failed during the rollout; expected 0")


if __name__ == "__main__":
    try:
        main()
    except (cluster.WaitError, RuntimeError) as error:
        sys.exit(f"demo: {error}")
