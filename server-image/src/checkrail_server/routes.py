"""Paths and methods: which of the service's answers a request gets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checkrail_api import serving
from checkrail_server import VERSION
from checkrail_server.answers import JSON, OCTETS, Answer, document
from checkrail_server.errors import RequestError, unavailable
from checkrail_server.exchange import Route
from checkrail_server.scoring import InferJob, PredictJob
from checkrail_server.statistics import statistics

if TYPE_CHECKING:
    from checkrail_server.exchange import Exchange
    from checkrail_server.service import Service

PREDICT_PATH = b"/predict"
OPENAPI_PATH = b"/openapi.json"
PAGE_PATH = b"/"
EXTENSIONS = ["binary_tensor_data", "statistics"]
"""Of the protocol, as Triton names them."""
PLATFORM = "onnx_onnxruntime"
READERS = (b"GET", b"HEAD")
POSTERS = (b"POST",)
SHOWN = 100
"""Bytes of a client's path that an answer repeats."""


class Routes:
    """All paths of one service: a dictionary, because model and version are known at the start."""

    def __init__(self, service: Service) -> None:
        """Make the table of ``service``."""
        self._service = service
        settings = service.settings
        model = f"/v2/models/{settings.model}"
        versions = [f"{model}/versions/{version}" for version in settings.versions]
        table = {
            "/v2": Route(READERS, _server_metadata),
            serving.LIVE_PATH: Route(READERS, lambda _: document(200, {"live": True})),
            serving.READY_PATH: Route(READERS, self._ready),
            serving.METRICS_PATH: Route(READERS, lambda _: service.metrics_text()),
            serving.SHADOW_PATH: Route(READERS, lambda _: document(200, service.shadow.report())),
            OPENAPI_PATH.decode(): Route(READERS, self._made_once),
            PAGE_PATH.decode(): Route(READERS, self._made_once),
            PREDICT_PATH.decode(): Route(POSTERS, self._predict, model=True, scoring=True),
        }
        for prefix in (model, *versions):
            table[prefix] = Route(READERS, lambda _: service.described_model(), model=True)
            table[f"{prefix}/stats"] = Route(READERS, self._statistics, model=True)
            table[f"{prefix}/ready"] = Route(READERS, self._model_ready, model=True)
            table[f"{prefix}/infer"] = Route(
                POSTERS, self._infer, model=True, binary=True, scoring=True
            )
        table["/v2/models/stats"] = Route(READERS, self._statistics)
        self.paths = frozenset(table)
        """Everything that is answered."""
        self.infer_path = f"{model}/infer".encode()
        self._table = {path.encode(): route for path, route in table.items()}

    def answer(self, exchange: Exchange) -> Answer | None:
        """Answer now, or None when the answer comes later.

        Raises:
            RequestError: 404, 405, 415 and whatever the route raises.
        """
        path = _origin_form(exchange)
        route = self._table.get(path)
        if route is None:
            raise RequestError(404, self._nothing_here(path))
        if exchange.method not in route.methods:
            allowed = b", ".join(route.methods)
            raise RequestError(
                405,
                f"{exchange.method.decode('latin-1')} is not answered here; use "
                + allowed.decode(),
                headers=b"allow: %b\r\n" % allowed,
            )
        if route.methods == POSTERS:
            _check_media_type(exchange, binary=route.binary)
        exchange.route = route
        return route.respond(exchange)

    def find(self, path: bytes) -> Route | None:
        """Return what is at ``path``."""
        return self._table.get(path)

    def _infer(self, exchange: Exchange) -> None:
        self._service.score(exchange, InferJob)

    def _predict(self, exchange: Exchange) -> None:
        self._service.score(exchange, PredictJob)

    def _made_once(self, exchange: Exchange) -> Answer:
        return self._service.made_once(exchange.path)

    def _statistics(self, _: Exchange) -> Answer:
        return document(200, statistics(self._service.metrics, self._service.settings))

    def _ready(self, _: Exchange) -> Answer:
        if not self._service.ready:
            raise unavailable("not ready: " + self._why())
        return document(200, {"ready": True})

    def _model_ready(self, _: Exchange) -> Answer:
        if not self._service.ready:
            raise unavailable("not ready: " + self._why())
        return document(200, {"name": self._service.settings.model, "ready": True})

    def _why(self) -> str:
        return "the server ends" if self._service.draining else "the model is being loaded"

    def _nothing_here(self, path: bytes) -> str:
        settings = self._service.settings
        shown = path[:SHOWN].decode("utf-8", "replace")
        if path.startswith(b"/v2/models/"):
            return (
                f"{shown} is not here; this server has the model {settings.model!r}, "
                f"version {settings.version!r}"
            )
        return f"{shown} is not here; requests go to /predict or /v2/models/{settings.model}/infer"


def _server_metadata(_: Exchange) -> Answer:
    return document(200, {"name": "checkrail", "version": VERSION, "extensions": EXTENSIONS})


def _origin_form(exchange: Exchange) -> bytes:
    """Return the path; a target in absolute form (``GET http://host/path``) is cut to it."""
    if exchange.target.startswith(b"/"):
        return exchange.path
    if b"://" not in exchange.target:  # of CONNECT and OPTIONS: no path
        return exchange.target
    try:
        exchange.target = urlsplit(exchange.target).path or b"/"
    except ValueError as error:
        raise RequestError(400, "the request's target is not a URL") from error
    return exchange.target


def _check_media_type(exchange: Exchange, *, binary: bool) -> None:
    """Accept JSON, octets with ``binary`` tensors, and no media type; refuse compressed bodies."""
    if exchange.content_encoding not in (b"", b"identity"):
        raise RequestError(415, "compressed bodies are not taken; send plain JSON")
    media_type = exchange.content_type.partition(b";")[0].strip().lower()
    if media_type in (b"", JSON) or (binary and exchange.json_size and media_type == OCTETS):
        return
    octets = "; application/octet-stream needs the header inference-header-content-length"
    raise RequestError(
        415,
        f"{media_type[:SHOWN].decode('latin-1')} is not taken; "
        "send JSON with content-type: application/json" + (octets if binary else ""),
    )
