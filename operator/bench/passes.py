"""What the operator's passes and resyncs cost: ``make bench-operator``.

A real operator process against a real etcd and API server on 127.0.0.1, beside a bare client in
the same run that sends the same server-side applies, or the same lists, with the same concurrency;
so machines differ in the figures and not in the ratios. There is no Job controller: the work is the
operator's alone. Requests and their times come from the API server's audit log, which both are in.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from itertools import chain, product
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "local-cluster" / "src")]

from checkrail_operator.observe.raw import Raw  # noqa: E402
from checkrail_operator.planners import PLANNERS  # noqa: E402
from checkrail_operator.shell.clock import whole_second  # noqa: E402
from harness.control_plane import ControlPlane  # noqa: E402
from local_cluster.gateway_api import manifests as gateway_api  # noqa: E402
from wiring import flows  # noqa: E402
from wiring.audited import (  # noqa: E402
    DEFAULTS,
    MAKERS,
    Audit,
    Bench,
    Client,
    Manifest,
    Operator,
    answered,
    each,
    received,
)
from wiring.rights import ACCOUNT, SYSTEM, grant  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

BURST = int(os.environ.get("BENCH_BURST", "200"))
QUIET = tuple(map(int, os.environ.get("BENCH_QUIET", "200,1000").split(",")))
EDITS = int(os.environ.get("BENCH_EDITS", "30"))
RESYNCS = 3
RESYNC_SECONDS = 2.0
WRITES = frozenset({"create", "update", "patch", "delete"})
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata"}],
}


def runs(count: int) -> Iterator[Manifest]:
    """Yield TrainingJobs."""
    return (flows.training_job(f"run-{number}") for number in range(count))


def first_writes(made: Manifest) -> list[Manifest]:
    """Return what the operator's first pass for an object applies."""
    plan = PLANNERS[made["kind"]](Raw(made), whole_second(), DEFAULTS)
    name = {"name": made["metadata"]["name"]}
    kind = {"apiVersion": made["apiVersion"], "kind": made["kind"]}
    return [*map(dict, plan.children), {**kind, "metadata": name, "status": plan.status}]


async def burst_of_bare(bench: Bench, namespace: str, count: int) -> float:
    """Return the seconds that the bare client takes for the first writes of ``count`` runs."""
    work = [first_writes(made) for made in await bench.filled(namespace, runs(count))]

    async def apply_all(bodies: list[Manifest]) -> None:
        for body in bodies:
            await bench.bare.apply(body, namespace)

    began = time.perf_counter()
    await each(work, apply_all)
    return time.perf_counter() - began


async def burst_of_operator(bench: Bench, namespace: str, count: int) -> tuple[float, str]:
    """Return the seconds until ``count`` runs have a status and a Job, and more in words."""
    await bench.filled(namespace, ())
    with Operator(namespace, bench) as operator:
        operator.child.send(signal.SIGSTOP)
        before = len(operator.requests)
        await each(runs(count), lambda body: bench.admin.send("post", body, namespace), MAKERS)
        began = time.time()
        operator.child.send(signal.SIGCONT)
        seen: dict[tuple[str, str, str], float] = {}

        def is_done() -> bool:
            for one in operator.requests[before:]:
                about = one["objectRef"]
                what = (about["resource"], about.get("subresource", ""), about.get("name", ""))
                if one["verb"] == "patch" and what[0] in {"jobs", "trainingjobs"}:
                    seen.setdefault(what, answered(one))
            return len(seen) == 2 * count

        operator.child.wait_until(is_done, 60)
        end = max(seen.values())
        passes, writes = operator.figure("passes_total"), operator.figure("writes_total")
        scraped = time.time() - began
        requests = sum(answered(one) <= end for one in operator.requests[before:])
    return end - began, (
        f"{passes / scraped:.0f} passes/s, {writes / scraped:.0f} writes/s, "
        f"{requests / count:.1f} requests an object"
    )


def deployment(name: str, version_name: str) -> Manifest:
    """Return a ModelDeployment that waits for a version."""
    body = flows.model_deployment(name)
    return {**body, "spec": {**body["spec"], "model": {"versionRef": {"name": version_name}}}}


async def make_quiet(bench: Bench, namespace: str, count: int) -> None:
    """Make ``count`` objects at rest: finished runs with their files, waiting deployments."""
    half = count // 2
    waiting = (deployment(f"serve-{number}", "fares-0") for number in range(half))
    made = await bench.filled(namespace, chain(runs(count - half), waiting))
    now = whole_second()
    over = {
        "status": "True",
        "reason": "Published",
        "lastTransitionTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }

    async def settle(body: Manifest) -> None:
        *children, status = first_writes(body)
        if body["kind"] == "TrainingJob":
            await bench.admin.send("post", children[0], namespace)
            status["status"] |= {"conditions": [{"type": t, **over} for t in ("Complete", "Ready")]}
        await bench.admin.apply(status, namespace)

    await each(made, settle, MAKERS)


async def resync(bench: Bench, count: int) -> None:
    """Print what a resync of ``count`` objects at rest costs."""
    namespace = f"quiet-{count}"
    await make_quiet(bench, namespace, count)
    bares, ends, cpus = [], [0.0], []
    await bench.bare.list_all(namespace)  # opens its connection
    for _ in range(RESYNCS):
        began = time.perf_counter()
        await bench.bare.list_all(namespace)
        bares.append(time.perf_counter() - began)
    before = len(bench.audit.of(namespace))
    with Operator(namespace, bench, resync=RESYNC_SECONDS) as operator:
        while len(ends) <= 1 + RESYNCS:  # the first is the start's
            end = time.time() - operator.figure("resync_age_seconds")
            if end - ends[-1] > RESYNC_SECONDS / 2:
                ends.append(end)
                cpus.append(operator.cpu_seconds)
            await asyncio.sleep(0.2)
        passes = operator.figure("passes_total")
        requests = operator.requests[before:]
    starts = [
        received(one)
        for one in requests
        if one["objectRef"]["resource"] == "trainingjobs" and "continue=" not in one["requestURI"]
    ]
    spans = [(max(s for s in starts if s < end), end) for end in ends[-RESYNCS:]]
    inside = {sum(start <= received(one) <= end for one in requests) for start, end in spans}
    row(
        f"resync of {count} objects at rest",
        statistics.median(end - start for start, end in spans),
        statistics.median(bares),
        f"{'/'.join(map(str, sorted(inside)))} requests, "
        f"{(cpus[-1] - cpus[0]) / RESYNCS:.2f} s of CPU in a period; since the start "
        f"{len(writes_of(requests))} writes, {passes:.0f} passes",
    )


async def edits(bench: Bench) -> None:
    """Print how long after an edit the status is written."""
    seconds: dict[str, list[float]] = {}
    for namespace in ("edits", "edits-bare"):
        await bench.filled(namespace, [deployment("serve", "fares-0")])
    with Operator("edits", bench):
        for namespace, number in product(("edits-bare", "edits"), range(1, EDITS + 1)):
            body = deployment("serve", f"fares-{number}")
            writes = writes_of(bench.audit.of(namespace))
            known = len(writes)
            await bench.admin.send(
                "patch", body, namespace, content_type="application/merge-patch+json"
            )
            if namespace == "edits-bare":
                status = {"observedGeneration": number + 1}
                await bench.bare.apply(
                    {k: v for k, v in body.items() if k != "spec"} | {"status": status}, namespace
                )
            while len(writes := writes_of(bench.audit.of(namespace))) == known:
                time.sleep(0.005)  # noqa: ASYNC251 - nothing else runs here meanwhile
            edit = writes_of(bench.audit.of(namespace, by_operator=False))[-1]
            seconds.setdefault(namespace, []).append(answered(writes[known]) - answered(edit))
    for name, rank in (("p50", 0.5), ("p99", 0.99)):
        ours, bare = (sorted(seconds[n])[ceil(rank * EDITS) - 1] for n in ("edits", "edits-bare"))
        row(f"edit to first write, {name} of {EDITS}", ours, bare)


def writes_of(requests: list[Manifest]) -> list[Manifest]:
    """Return those that change something."""
    return [one for one in requests if one["verb"] in WRITES]


def row(what: str, ours: float, bare: float, more: str = "") -> None:
    """Print a row of the table."""
    print(f"{what:34} {ours:9.3f} {bare:9.3f} {ours / bare:9.1f}  {more}".rstrip(), flush=True)


async def measure(folder: Path, plane: ControlPlane, audit: Audit) -> None:
    """Measure everything and print it."""
    kubeconfig = plane.kubeconfig_for(SYSTEM, ACCOUNT)
    async with Client(plane.kubeconfig) as admin, Client(kubeconfig) as bare:
        bench = Bench(folder, kubeconfig, audit, admin, bare)
        print(f"{'':34} {'operator':>9} {'bare':>9} {'ratio':>9}  seconds")
        await burst_of_bare(bench, "warm-up", 20)
        before = await burst_of_bare(bench, "bare-before", BURST)
        ours, more = await burst_of_operator(bench, "burst", BURST)
        after = await burst_of_bare(bench, "bare-after", BURST)
        row(f"{BURST} new TrainingJobs", ours, (before + after) / 2, more)
        for count in QUIET:
            await resync(bench, count)
        await edits(bench)


def main() -> None:
    """Start the control plane, measure, and say on what."""
    began = time.monotonic()
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()
    packages = ", ".join(f"{p} {version(p)}" for p in ("kopf", "kubernetes", "aiohttp"))
    print(f"{cores} cores, Python {platform.python_version()}, {packages}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, policy = folder / "audit.log", folder / "policy.json"
        log.touch(mode=0o600)
        policy.write_text(json.dumps(POLICY))
        flags = (f"--audit-log-path={log}", f"--audit-policy-file={policy}")
        with ControlPlane(folder / "plane", api_server_flags=flags) as plane:
            for crds in (ROOT / "crds", gateway_api()):
                plane.kubectl("apply", "--server-side", "--filename", str(crds))
            plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
            grant(plane)
            server = json.loads(plane.kubectl("version", "--output=json"))["serverVersion"]
            print(f"Kubernetes {server['gitVersion']}, load average at the start {load[0]:.1f}")
            uvloop.run(measure(folder, plane, Audit(log)))
    print(f"load average at the end {os.getloadavg()[0]:.1f}; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
