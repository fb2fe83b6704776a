"""A real scoring server, and artifacts for it, made without a trainer.

with serving(publish(tmp_path, model), tmp_path) as server:
    answer = server.http.post("/predict", json=ROW)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from onnx import NodeProto, TensorProto, helper

from checkrail_api import serving as env
from checkrail_api.artifact import MANIFEST_FILE, MODEL_FILE, Component, Manifest, Profile
from checkrail_api.reports import Signature, Tensor
from harness.process import Child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

READY_SECONDS = 30.0
NAMESPACE, MODEL, VERSION = "team-a", "flight-delays", "flight-delays-0a1b2c3d"
EDGES = [0.1, 0.25, 0.5, 0.75, 0.9]
CARRIERS = ["AA", "DL", "UA"]
ROW = {"distance": 500, "dep_hour": 7, "carrier": "UA"}
"""A row of the flight model."""


def flight_model(classes: tuple[int, int] = (0, 1)) -> bytes:
    """Return a classifier of flights: distance (FP32), dep_hour (FP32), carrier (BYTES).

    It knows nothing about flights; it has the inputs and outputs that our trainer's models have.
    """
    nodes = [
        carrier_number(),
        helper.make_node("Concat", ["distance", "dep_hour", "carrier_number"], ["matrix"], axis=1),
        helper.make_node(
            "LinearClassifier",
            ["matrix"],
            ["label", "probabilities"],
            domain="ai.onnx.ml",
            classlabels_ints=list(classes),
            coefficients=[-0.001, -0.1, -0.5, 0.001, 0.1, 0.5],
            intercepts=[1.0, -1.0],
            post_transform="LOGISTIC",
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "flights",
        [
            helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["rows", 1]),
            helper.make_tensor_value_info("dep_hour", TensorProto.FLOAT, ["rows", 1]),
            helper.make_tensor_value_info("carrier", TensorProto.STRING, ["rows", 1]),
        ],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2]),
        ],
    )
    return serialised(graph)


def carrier_number() -> NodeProto:
    """Return the node from ``carrier`` to ``carrier_number``: 1 to 3, 0 for any other."""
    return helper.make_node(
        "LabelEncoder",
        ["carrier"],
        ["carrier_number"],
        domain="ai.onnx.ml",
        keys_strings=CARRIERS,
        values_floats=[1.0, 2.0, 3.0],
        default_float=0.0,
    )


def serialised(graph: Any, *domains: str) -> bytes:
    """Return a model of ``graph`` that imports the served domains and ``domains``."""
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    opsets += [helper.make_opsetid(domain, 1) for domain in domains]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return bytes(model.SerializeToString())


SIGNATURE = Signature(
    inputs=[
        Tensor(name="distance", datatype="FP32", shape=[-1, 1]),
        Tensor(name="dep_hour", datatype="FP32", shape=[-1, 1]),
        Tensor(name="carrier", datatype="BYTES", shape=[-1, 1]),
    ],
    outputs=[
        Tensor(name="label", datatype="INT64", shape=[-1]),
        Tensor(name="probabilities", datatype="FP32", shape=[-1, 2]),
    ],
)
PROFILE = Profile(features=[], score_output="probabilities", score_edges=EDGES)


def artifact_files(
    model: bytes, signature: Signature | None = None, profile: Profile | None = None
) -> dict[str, bytes]:
    """Return the files of an artifact, its manifest included."""
    files = {MODEL_FILE: model}
    if signature:
        files["signature.json"] = json.dumps(signature.dump()).encode()
    if profile:
        files["profile.json"] = json.dumps(profile.dump()).encode()
    components = [
        Component(
            name=name,
            media_type="application/octet-stream",
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
        )
        for name, content in sorted(files.items())
    ]
    digest = hashlib.sha256(model).hexdigest()
    manifest = Manifest(model=MODEL, sha256=digest, opset=18, components=components)
    return {**files, MANIFEST_FILE: json.dumps(manifest.dump()).encode()}


def flight_digest() -> str:
    """Return the digest of the flight model."""
    return hashlib.sha256(flight_model()).hexdigest()


def flight_files() -> dict[str, bytes]:
    """Return the files of the flight model's artifact."""
    return artifact_files(flight_model(), SIGNATURE, PROFILE)


def environment(uri: str, sha256: str) -> dict[str, str]:
    """Return what the operator would tell the server."""
    return {
        env.ENV_NAMESPACE: NAMESPACE,
        env.ENV_MODEL_DEPLOYMENT: MODEL,
        env.ENV_MODEL_VERSION: VERSION,
        env.ENV_ARTIFACT_URI: uri,
        env.ENV_ARTIFACT_SHA256: sha256,
        env.ENV_PORT: "0",
    }


def written(files: dict[str, bytes], folder: Path) -> dict[str, str]:
    """Write an artifact into ``folder``, and return the environment of its server."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return environment(folder.as_uri(), hashlib.sha256(files[MODEL_FILE]).hexdigest())


def in_store(
    store: ObjectStoreServer, files: dict[str, bytes], bucket: str, prefix: str = "team-a"
) -> dict[str, str]:
    """Put an artifact into a new bucket, and return the environment of its server."""
    store.make_bucket(bucket)
    digest = hashlib.sha256(files[MODEL_FILE]).hexdigest()
    uri = f"s3://{bucket}/{prefix}/flight-delays/{digest}"
    for name, content in files.items():
        store.put(f"{uri}/{name}", content)
    return {
        **environment(uri, digest),
        **store.credentials,
        env.ENV_STORE_ENDPOINT: store.endpoint,
        env.ENV_STORE_REGION: store.region,
    }


@dataclass
class ScoringServer:
    """A server process."""

    child: Child
    port: int
    http: httpx.Client
    sockets: list[socket.socket] = field(default_factory=list)

    def connect(self) -> socket.socket:
        """Open a connection that the test's end closes."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.sockets.append(connection)
        return connection

    def events(self) -> list[dict[str, Any]]:
        """Return the log so far."""
        return logged(self.child)

    def is_ready(self) -> bool:
        """Ask whether it is ready."""
        return self.http.get(env.READY_PATH).status_code == httpx.codes.OK


def logged(child: Child) -> list[dict[str, Any]]:
    """Return the events in a server's log."""
    return [json.loads(line) for line in child.log.read_text().splitlines()]


def started(variables: dict[str, str], log: Path) -> Child:
    """Start a server process, and wait for nothing."""
    command = [sys.executable, "-m", "checkrail_server"]
    return Child(command, log=log, env=variables)


def refusal(variables: dict[str, str], folder: Path) -> str:
    """Start a server that ends by itself, and return its one line of error."""
    return last_words(started(variables, folder / "server.log"))


def last_words(child: Child) -> str:
    """Wait for the end of a server that ends by itself, and return its one line of error."""
    code = child.wait(READY_SECONDS)
    (error,) = [event for event in logged(child) if event["level"] == "ERROR"]
    assert code == 1
    return str(error["reason"])


def listening_port(child: Child) -> int:
    """Wait until the server listens, and return its port."""

    def ports() -> list[int]:
        complete = child.log.read_text().rpartition("\n")[0].splitlines()
        events = [json.loads(line) for line in complete]
        return [event["port"] for event in events if event["message"] == "listening"]

    child.wait_until(lambda: bool(ports()), READY_SECONDS)
    return ports()[0]


@contextlib.contextmanager
def serving(
    variables: dict[str, str], folder: Path, *, wait_ready: bool = True
) -> Iterator[ScoringServer]:
    """Run a server; on leaving it is interrupted, which skips the drain."""
    child = started(variables, folder / "server.log")
    try:
        port = listening_port(child)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            server = ScoringServer(child, port, client)
            if wait_ready:
                child.wait_until(server.is_ready, READY_SECONDS)
            yield server
            for connection in server.sockets:
                connection.close()
    finally:
        child.send(signal.SIGINT)
        child.stop()
