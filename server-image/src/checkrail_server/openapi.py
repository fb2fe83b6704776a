"""The OpenAPI 3.1 document of one model's server: every path, what it takes, what it answers.

Made once, when the model is loaded, from its inputs and outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkrail_api import serving
from checkrail_server import VERSION, openapi_schemas
from checkrail_server.openapi_schemas import closed

if TYPE_CHECKING:
    from checkrail_server.limits import Limits
    from checkrail_server.model import Model
    from checkrail_server.settings import Settings

Object = dict[str, Any]

ERRORS = {
    400: "Not HTTP/1.1, not JSON, or not the protocol's form.",
    404: "No such path, model or version.",
    405: "Not that method.",
    408: "The request did not arrive in time.",
    413: "The body is too large.",
    415: "Neither JSON nor JSON and bytes, or compressed.",
    417: "An expectation other than 100-continue.",
    422: "Names, shapes, datatypes or values that do not fit the model; too many rows.",
    431: "The header is too large.",
    500: "The model's output is not finite, or the server failed.",
    503: "Loading, ending, or too much waits here.",
}
READING = (400, 408, 413, 417, 431, 500, 503)
"""What any request may be answered."""
SCORING = (400, 408, 413, 415, 417, 422, 431, 500, 503)
HEAD = "-head"
"""End of the names of answers to HEAD, which have no body."""
ABOUT = (
    'Every answer of 4xx and 5xx has the body `{{"error": "what was found, what to do"}}`. Paths '
    "that are not here are answered 404, other methods 405. One request has at most {rows:,} rows "
    "and a body of at most {bytes:,} bytes. gRPC is answered on the same port."
)
STATISTICS = "Requests and inferences since the start, and how long they took"
SHADOW = "The candidate that is scored beside this model, and what both think of the same requests"
EXAMPLE_VALUES = 1_000
SIZE_FIELD = "inference-header-content-length"
COUNT: Object = {"type": "integer", "minimum": 0}
TEXT: Object = {"type": "string"}
DURATIONS = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output")


def document(settings: Settings, limits: Limits, model: Model) -> Object:
    """Return the document; whatever strings the model has are in it as they are."""
    base = f"/v2/models/{settings.model}"
    live, ready = closed({"live": {"const": True}}), closed({"ready": {"const": True}})
    paths = {
        "/": _read("page", "This model as a page", "text/html", TEXT),
        "/openapi.json": _read("openapi", "This document", "application/json", {"type": "object"}),
        "/v2": _read(
            "server", "Name and version of the server", "application/json", _ref("Server")
        ),
        serving.LIVE_PATH: _read("live", "200 while it runs", "application/json", live),
        serving.READY_PATH: _read("ready", "200 or 503", "application/json", ready),
        serving.METRICS_PATH: _read("metrics", "Prometheus text", "text/plain", TEXT),
        serving.SHADOW_PATH: _read("shadow", SHADOW, "application/json", _ref("ShadowReport")),
        "/v2/models/stats": _read("statistics", STATISTICS, "application/json", _ref("Statistics")),
        **_of_model(base, "Model", model),
        **_of_model(f"{base}/versions/{settings.version}", "Version", model),
        **_of_model(f"{base}/versions/{settings.sha256}", "Digest", model),
    }
    if model.takes_rows:
        paths["/predict"] = {"post": _predict(model)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": settings.model,
            "version": settings.version,
            "summary": f"Scores of one model, by Checkrail {VERSION}",
            "description": ABOUT.format(rows=limits.rows, bytes=limits.body_bytes),
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(settings, limits, model),
            "responses": _errors(),
            "headers": {
                serving.DIGEST_HEADER: _header("SHA-256 of model.onnx.", const=settings.sha256),
                serving.VERSION_HEADER: _header("The ModelVersion.", const=settings.version),
            },
        },
    }


def _of_model(base: str, what: str, model: Model) -> Object:
    """Return the paths of the model, or of its version."""
    ready = closed({"name": {"const": model.name}, "ready": {"const": True}})
    read = [
        ("", "metadata", "Inputs, outputs and digest", _ref("Metadata")),
        ("/ready", "ready", "200 or 503", ready),
        ("/stats", "statistics", STATISTICS, _ref("Statistics")),
    ]
    paths = {
        base + path: _read(name + what, summary, "application/json", schema, _model_headers())
        for path, name, summary, schema in read
    }
    return {**paths, f"{base}/infer": {"post": _infer(f"infer{what}", model)}}


def _read(
    name: str, summary: str, media_type: str, schema: Object, headers: Object | None = None
) -> Object:
    """Return GET and HEAD of a path; HEAD answers the header of GET."""
    head = {"description": summary, "headers": headers or {}}
    get = {**head, "content": {media_type: {"schema": schema}}}
    return {
        "get": {"operationId": name, "summary": summary, "responses": _responses(get, READING)},
        "head": {
            "operationId": f"{name}Head",
            "summary": summary,
            "responses": _responses(head, READING, HEAD),
        },
    }


def _predict(model: Model) -> Object:
    zeros = {spec.name: {"BYTES": "", "BOOL": False}.get(spec.datatype, 0) for spec in model.inputs}
    body = {"schema": _ref("Rows"), "example": {"rows": [zeros]}}
    answer = {"schema": _ref("Predictions")}
    return _scoring("predict", "Rows in, predictions out", body, answer)


def _infer(name: str, model: Model) -> Object:
    body = {"schema": _ref("InferRequest"), **_infer_example(model)}
    answer = {"schema": _ref("InferAnswer")}
    operation = _scoring(name, "Tensors in, tensors out", body, answer)
    size = {
        "description": "Size of the JSON at the start of the body; the bytes of the tensors whose "
        "parameters have a binary_data_size follow it. application/octet-stream needs it.",
        "schema": COUNT,
    }
    operation["parameters"].append({"name": SIZE_FIELD, "in": "header", **size})
    operation["requestBody"]["content"]["application/octet-stream"] = {}
    answered = operation["responses"]["200"]
    answered["content"]["application/octet-stream"] = {}
    answered["headers"][SIZE_FIELD] = size
    return operation


def _infer_example(model: Model) -> Object:
    """Return an example of zeros, unless a row of the model is too long to be one."""
    inputs = [
        {
            "name": spec.name,
            "datatype": spec.datatype,
            "shape": list(values.shape),
            "data": values.ravel().tolist(),
        }
        for spec, values in zip(model.inputs, model.blank(1).values(), strict=True)
    ]
    short = sum(len(each["data"]) for each in inputs) <= EXAMPLE_VALUES
    return {"example": {"inputs": inputs}} if short else {}


def _scoring(name: str, summary: str, body: Object, answer: Object) -> Object:
    pick = {
        "name": serving.PICK_HEADER,
        "in": "header",
        "description": "Who picks a version by this is counted in no rollout.",
        "schema": TEXT,
    }
    found = {
        "description": summary,
        "headers": _model_headers(),
        "content": {"application/json": answer},
    }
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [pick],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": _responses(found, SCORING),
    }


def _responses(found: Object, errors: tuple[int, ...], end: str = "") -> Object:
    refused = {str(code): {"$ref": f"#/components/responses/{code}{end}"} for code in errors}
    return {"200": found, **refused}


def _errors() -> Object:
    """Return every answer 4xx and 5xx, and the same without a body."""
    fields = {
        405: {"allow": _header("The methods of the path.", type="string")},
        503: {"retry-after": _header("Seconds.", const=1)},
    }
    responses: Object = {}
    for code, text in ERRORS.items():
        head: Object = {"description": text, "headers": fields.get(code, {})}
        responses[f"{code}{HEAD}"] = head
        content = {"application/json": {"schema": _ref("Error")}}
        responses[str(code)] = {**head, "content": content}
    return responses


def _header(description: str, **schema: object) -> Object:
    return {"description": description, "required": True, "schema": schema}


def _model_headers() -> Object:
    names = (serving.DIGEST_HEADER, serving.VERSION_HEADER)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _ref(schema: str) -> Object:
    return {"$ref": f"#/components/schemas/{schema}"}


def _schemas(settings: Settings, limits: Limits, model: Model) -> Object:
    name: Object = {"const": settings.model}
    version: Object = {"const": settings.version}
    digest: Object = {"const": settings.sha256}
    texts = {"type": "array", "items": TEXT}
    shape = {"type": "array", "items": {"type": "integer", "minimum": -1}}
    tensors = {
        "type": "array",
        "items": closed({"name": TEXT, "datatype": TEXT, "shape": shape}),
    }
    statistics: Object = {
        "name": name,
        "version": version,
        "last_inference": {**COUNT, "description": "Milliseconds since 1970; 0: there was none."},
        "inference_count": {**COUNT, "description": "Rows."},
        "execution_count": COUNT,
        "inference_stats": closed(dict.fromkeys(DURATIONS, closed({"count": COUNT, "ns": COUNT}))),
    }
    metadata: Object = {
        "name": name,
        "versions": {"const": settings.versions},
        "platform": TEXT,
        "inputs": tensors,
        "outputs": tensors,
        "parameters": closed({"sha256": digest}),
    }
    predictions: Object = {
        "model": name,
        "version": version,
        "sha256": digest,
        "predictions": {"type": "array", "items": _ref("Prediction")},
    }
    rows = {
        "Row": openapi_schemas.row(model),
        "Rows": openapi_schemas.rows_request(limits.rows),
        "Prediction": openapi_schemas.prediction(model),
        "Predictions": closed(predictions),
    }
    return {
        "Error": closed({"error": TEXT}),
        "Server": closed({"name": TEXT, "version": TEXT, "extensions": texts}),
        "Metadata": closed(metadata),
        "Statistics": closed({"model_stats": {"type": "array", "items": closed(statistics)}}),
        "InferRequest": openapi_schemas.infer_request(model, limits.rows),
        "InferAnswer": openapi_schemas.infer_answer(model, settings.version),
        **(rows if model.takes_rows else {}),
        **openapi_schemas.shadow_report(),
    }
