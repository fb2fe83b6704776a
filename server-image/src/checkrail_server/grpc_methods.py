"""The calls of gRPC: ``inference.GRPCInferenceService`` and ``grpc.health.v1.Health``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from checkrail_server import VERSION, grpc_inference
from checkrail_server import grpc_health_pb2 as health
from checkrail_server import open_inference_pb2 as protocol
from checkrail_server.answers import Answer
from checkrail_server.errors import RequestError, malformed, unavailable
from checkrail_server.names import SHOWN
from checkrail_server.routes import EXTENSIONS, PLATFORM
from checkrail_server.scoring import ScoringJob
from checkrail_server.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkrail_server.exchange import Exchange
    from checkrail_server.model import Model
    from checkrail_server.scoring import Answerer
    from checkrail_server.service import Service
    from checkrail_server.settings import Settings
    from checkrail_server.tensors import Array

    Respond = Callable[[Exchange], Answer | None]

SERVICE = "inference.GRPCInferenceService"
MEDIA_TYPE = b"application/grpc"
INFER = f"/{SERVICE}/ModelInfer".encode()
PREFIX = 5
"""Bytes before a message: whether it is compressed, and its size in four."""


def find(service: Service, call: Exchange) -> Respond:
    """Return what answers ``call``; an inference takes the path that it has over HTTP/1.1.

    Raises:
        RequestError: 415, it is no call of gRPC; 501, there is no such method.
    """
    if not call.content_type.startswith(MEDIA_TYPE):
        raise RequestError(415, "HTTP/2 is for gRPC here; REST is answered over HTTP/1.1")
    method = METHODS.get(call.path)
    if method is None:
        shown = call.path[:SHOWN].decode("utf-8", "replace")
        known = ", ".join(path.decode() for path in METHODS)
        raise RequestError(501, f"{shown} is not here; this server answers {known}")
    if call.path == INFER:
        # it is counted as the request that it is
        call.target = service.routes.infer_path
    return lambda call: method(service, call)


class GrpcInferJob(ScoringJob):
    """An inference of the Open Inference Protocol over gRPC."""

    __slots__ = ("_message", "_request", "answered", "id")

    def __init__(self, service: Answerer, model: Model, exchange: Exchange) -> None:
        """Read the request, see ``open_inference.InferRequest`` for what is raised."""
        super().__init__(service, model, exchange)
        self._message = message(protocol.ModelInferRequest, exchange)
        check_name(service.settings, self._message.model_name, self._message.model_version)
        self.source = self._request = grpc_inference.read(self._message, model, service.limits.rows)
        self.id = self._request.id
        self.rows = self._request.rows
        self.answered = self._request.outputs

    def answer(self, outputs: list[Array]) -> Answer:
        """Return the protocol's answer."""
        version = self._service.settings.version
        answer = grpc_inference.answer(self._message, self._request, self._model, version, outputs)
        return Answer(200, answer)


def message(kind: Any, call: Exchange) -> Any:
    """Return the one message of ``call``, which is of ``kind``.

    Raises:
        RequestError: 400, it is not; 501, it is compressed.
    """
    body = call.body
    if len(body) < PREFIX or int.from_bytes(body[1:PREFIX], "big") != len(body) - PREFIX:
        raise malformed("a call takes one message: 0, its size in 4 bytes, and its bytes")
    if body[0]:
        raise RequestError(501, "compressed messages are not taken; send them as they are")
    try:
        return kind.FromString(bytes(memoryview(body)[PREFIX:]))
    except DecodeError:
        raise malformed(f"the message is not a {kind.DESCRIPTOR.full_name}") from None


def check_name(settings: Settings, name: str, version: str) -> None:
    """Raise RequestError 404 unless that model is served, and that version if one is named."""
    if name != settings.model or version not in ("", *settings.versions):
        raise RequestError(
            404,
            f"model {name[:SHOWN]!r}, version {version[:SHOWN]!r} is not here; this server has the "
            f"model {settings.model!r}, version {settings.version!r}",
        )


def _live(_: Service, call: Exchange) -> Answer:
    message(protocol.ServerLiveRequest, call)
    return _answer(protocol.ServerLiveResponse(live=True))


def _ready(service: Service, call: Exchange) -> Answer:
    message(protocol.ServerReadyRequest, call)
    return _answer(protocol.ServerReadyResponse(ready=service.ready))


def _model_ready(service: Service, call: Exchange) -> Answer:
    asked = message(protocol.ModelReadyRequest, call)
    check_name(service.settings, asked.name, asked.version)
    return _answer(protocol.ModelReadyResponse(ready=service.ready))


def _server_metadata(_: Service, call: Exchange) -> Answer:
    message(protocol.ServerMetadataRequest, call)
    told = protocol.ServerMetadataResponse(name="checkrail", version=VERSION, extensions=EXTENSIONS)
    return _answer(told)


def _model_metadata(service: Service, call: Exchange) -> Answer:
    asked = message(protocol.ModelMetadataRequest, call)
    check_name(service.settings, asked.name, asked.version)
    if service.model is None:
        raise unavailable("the model is being loaded; try again in a second")
    answer = protocol.ModelMetadataResponse(
        name=service.settings.model,
        versions=service.settings.versions,
        platform=PLATFORM,
        inputs=[spec.described() for spec in service.model.inputs],
        outputs=[spec.described() for spec in service.model.outputs],
    )
    return _answer(answer)


def _infer(service: Service, call: Exchange) -> None:
    service.score(call, GrpcInferJob)


def _statistics(service: Service, call: Exchange) -> Answer:
    asked = message(protocol.ModelStatisticsRequest, call)
    if asked.name or asked.version:
        check_name(service.settings, asked.name, asked.version)
    told = statistics(service.metrics, service.settings)
    return _answer(protocol.ModelStatisticsResponse(**told))


def _check(service: Service, call: Exchange) -> Answer:
    asked = message(health.HealthCheckRequest, call)
    if asked.service not in ("", SERVICE):
        raise RequestError(404, f"no service {asked.service[:SHOWN]!r}; ask for {SERVICE} or none")
    status = health.HealthCheckResponse
    return _answer(status(status=status.SERVING if service.ready else status.NOT_SERVING))


def _answer(told: Any) -> Answer:
    return Answer(200, told.SerializeToString())


METHODS: dict[bytes, Callable[[Service, Exchange], Answer | None]] = {
    f"/{SERVICE}/ServerLive".encode(): _live,
    f"/{SERVICE}/ServerReady".encode(): _ready,
    f"/{SERVICE}/ModelReady".encode(): _model_ready,
    f"/{SERVICE}/ServerMetadata".encode(): _server_metadata,
    f"/{SERVICE}/ModelMetadata".encode(): _model_metadata,
    INFER: _infer,
    f"/{SERVICE}/ModelStatistics".encode(): _statistics,
    b"/grpc.health.v1.Health/Check": _check,
}
