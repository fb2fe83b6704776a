"""What the server answers to whom: connections on one side, the model on the other."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from checkrail_api import serving
from checkrail_server import logs, openapi
from checkrail_server.answers import PROMETHEUS, Answer, Renderer, document
from checkrail_server.body_budget import BodyBudget
from checkrail_server.errors import RequestError, unavailable
from checkrail_server.inference_queue import InferenceQueue
from checkrail_server.known_heads import KnownHeads
from checkrail_server.metrics import Metrics
from checkrail_server.page import page
from checkrail_server.routes import OPENAPI_PATH, PAGE_PATH, PLATFORM, Routes
from checkrail_server.run_answers import RunAnswers
from checkrail_server.shadow import Shadow
from checkrail_server.shadow_reserve import reserve
from checkrail_server.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkrail_server.decisions.recording import Recording
    from checkrail_server.exchange import Exchange, Peer
    from checkrail_server.exposition import Exposition
    from checkrail_server.limits import Limits
    from checkrail_server.model import Model
    from checkrail_server.scoring import ScoringJob
    from checkrail_server.settings import Settings

LEFT = 499
"""Status that is counted for a request whose client was gone before its answer, as nginx does."""
GIVEN_UP = unavailable("the answer took too long; try again in a second")


class Service:
    """One model and everybody who asks for it. All methods are called from the event loop."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        """Serve nothing until ``take_model``."""
        self.settings = settings
        self.limits = limits
        self.bodies = BodyBudget(limits.held_bytes)
        self.known_heads = KnownHeads()
        self.turns = Turns()
        self.renderer = Renderer()
        self.metrics = Metrics()
        self.shadow = Shadow(settings.shadow, self._reserve)
        self.draining = False
        """Whether the process was asked to end: not ready, answers close their connection."""
        self.model: Model | None = None
        self.exposition: Exposition | None = None
        """Set with the model: prometheus_client is imported by the thread that loads it."""
        self.recording: Recording | None = None
        """The decision log, set before the model; None: answers are not recorded."""
        self.connections: set[Peer] = set()
        self.empty = asyncio.Event()
        """Set while there is no connection."""
        self.empty.set()
        self.routes = Routes(self)
        self._queue: InferenceQueue[ScoringJob] | None = None
        self._made_once: dict[bytes, Answer] = {}
        self.model_headers = b"%b: %b\r\n%b: %b\r\n" % (
            serving.DIGEST_HEADER.encode(),
            settings.sha256.encode(),
            serving.VERSION_HEADER.encode(),
            settings.version.encode(),
        )
        """Header lines of every answer of the model."""

    # the life of the process

    def take_model(self, model: Model, exposition: Exposition) -> None:
        """Be ready."""
        self.metrics.take_model(model)
        self._queue = InferenceQueue(
            model,
            RunAnswers(self, model).finish,
            limit=self.limits.queued,
            batch_rows=self.settings.batch_rows,
        )
        self._made_once = {
            OPENAPI_PATH: document(200, openapi.document(self.settings, self.limits, model)),
            PAGE_PATH: page(self.settings, model),
        }
        self.shadow.take_model(model)
        exposition.add_shadow(self.shadow)
        self.exposition = exposition
        self.model = model

    @property
    def ready(self) -> bool:
        """Whether requests should be sent here."""
        return self.model is not None and not self.draining

    def tick(self) -> None:
        """Enforce deadlines; called a few times a second."""
        self.renderer.tick()
        if self.recording:
            self.recording.log.tick()
        now = time.perf_counter()
        self.shadow.tick(now)
        for connection in tuple(self.connections):
            connection.enforce_deadline(now)

    def close_idle(self) -> None:
        """Close every connection on which nothing is under way."""
        for connection in tuple(self.connections):
            if connection.idle:
                connection.close()

    def evict_all(self) -> None:
        """Close every connection at once, whatever is under way."""
        for connection in tuple(self.connections):
            connection.evict()

    def _reserve(self) -> int:
        """Return how much memory a candidate in shadow must leave."""
        return reserve(self.limits, self.recording.writer_bytes if self.recording else None)

    # connections call these

    def admit(self, connection: Peer) -> bool:
        """Take a new connection; at the limit, evict another for it. False: there is none."""
        evicted = None
        full = len(self.connections) >= self.limits.connections
        if full and (evicted := self._first_to_go()):
            # at once, so that the connection made next evicts another one
            self.connections.discard(evicted)
            evicted.evict()
        self.connections.add(connection)
        self.empty.clear()
        return not full or evicted is not None

    def replace(self, connection: Peer, successor: Peer) -> None:
        """Have ``successor`` in the place of ``connection``."""
        self.connections.discard(connection)
        self.connections.add(successor)

    def forget(self, connection: Peer) -> None:
        """Drop a connection that is closed."""
        self.connections.discard(connection)
        if not self.connections:
            self.empty.set()

    def handle(self, exchange: Exchange, respond: Callable[[Exchange], Answer | None]) -> None:
        """Answer a request by ``respond``: now, or when it is inferred."""
        try:
            answer = respond(exchange)
        except RequestError as error:
            self.refuse(exchange, error)
        except Exception as error:  # noqa: BLE001 - a bug fails one request, not the process
            self.fail(exchange, error)
        else:
            if answer is not None:
                self.send(exchange, answer)

    def refuse(self, exchange: Exchange, error: RequestError) -> None:
        """Answer an error."""
        self.send(exchange, exchange.failure(error))

    def give_up(self, exchange: Exchange) -> None:
        """Answer 503 to who has waited for too long."""
        self.refuse(exchange, GIVEN_UP)

    def fail(self, exchange: Exchange, error: BaseException) -> None:
        """Answer 500 and log what happened."""
        self.report_bug(error)
        self.refuse(exchange, RequestError(500, "the server failed on this request"))

    def report_bug(self, error: BaseException) -> None:
        """Log what this program did not expect."""
        logs.bug("request failed", error)

    def send(self, exchange: Exchange, answer: Answer) -> None:
        """Send an answer and count it, once for each exchange."""
        if exchange.abandoned:
            return
        route = exchange.route or self.routes.find(exchange.path)
        if route and route.model:
            answer = answer._replace(headers=answer.headers + self.model_headers)
        if route and route.scoring:
            self._count(exchange, answer.status)
        exchange.connection.answer(exchange, answer)

    def send_scores(self, answers: list[tuple[Exchange, Answer]]) -> None:
        """Send answers 200 of scoring requests, with the model's headers, and count them."""
        now = time.perf_counter()
        seconds = []
        for exchange, answer in answers:
            if exchange.abandoned:
                continue
            if exchange.picked:
                self.metrics.picked += 1
            else:
                seconds.append(now - exchange.started)
            exchange.connection.answer(exchange, answer)
        self.metrics.all_answered(200, seconds)

    def left(self, exchange: Exchange) -> None:
        """Count a scoring request whose client did not wait for its answer."""
        route = self.routes.find(exchange.path)
        if route and route.scoring and not exchange.abandoned:
            self._count(exchange, LEFT)

    def _count(self, exchange: Exchange, status: int) -> None:
        if exchange.picked:
            self.metrics.picked += 1
        else:
            self.metrics.answered(status, time.perf_counter() - exchange.started)

    def _first_to_go(self) -> Peer | None:
        ordered = [
            (order, id(connection), connection)
            for connection in self.connections
            if (order := connection.eviction_order)
        ]
        return min(ordered)[2] if ordered else None

    # routes call these

    def score(self, exchange: Exchange, kind: type[ScoringJob]) -> None:
        """Read a scoring request and queue its inference."""
        if self.model is None or self._queue is None:
            raise unavailable("the model is being loaded; try again in a second")
        self._queue.submit(kind(self, self.model, exchange))
        exchange.begin_inference()

    def metrics_text(self) -> Answer:
        """Answer the metrics."""
        if self.exposition is None or self._queue is None:
            raise unavailable("the model is being loaded; try again in a second")
        self.exposition.connections = len(self.connections)
        self.exposition.queued = self._queue.length
        self.exposition.recording = self.recording
        return Answer(200, self.exposition.text(), PROMETHEUS)

    def described_model(self) -> Answer:
        """Answer the model's metadata."""
        if self.model is None:
            raise unavailable("the model is being loaded; try again in a second")
        return document(
            200,
            {
                "name": self.settings.model,
                "versions": self.settings.versions,
                "platform": PLATFORM,
                "inputs": [spec.described() for spec in self.model.inputs],
                "outputs": [spec.described() for spec in self.model.outputs],
                "parameters": {"sha256": self.settings.sha256},
            },
        )

    def made_once(self, path: bytes) -> Answer:
        """Answer what was made of the model when it was loaded."""
        if self.model is None:
            raise unavailable("the model is being loaded; try again in a second")
        return self._made_once[path]
