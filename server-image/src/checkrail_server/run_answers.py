"""The end of a run of the model: its requests answered and counted, each by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from checkrail_server.answer_texts import AnswerTexts
from checkrail_server.answers import JSON, Answer
from checkrail_server.batches import parts, rows_of
from checkrail_server.decisions.gathered import Requests
from checkrail_server.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.answer_texts import RowTexts
    from checkrail_server.decisions.recording import Recording
    from checkrail_server.inference_queue import Run
    from checkrail_server.model import Model
    from checkrail_server.scoring import Answered, ScoringJob
    from checkrail_server.service import Service


class RunAnswers:
    """Ends the runs of one model."""

    def __init__(self, service: Service, model: Model) -> None:
        """Answer by ``service`` what ``model`` has inferred."""
        self._service = service
        self._model = model
        self._headers = service.model_headers
        self._texts = (
            AnswerTexts(model, service.settings.version) if AnswerTexts.fits(model) else None
        )

    def finish(self, jobs: list[ScoringJob], run: Run) -> None:
        """Answer and count ``jobs``, whose rows ``run`` has inferred."""
        try:
            finite = self._model.finite.hold(run.outputs)
            texts = self._texts.rows(run.outputs) if self._texts and finite else None
            answered = [
                (job, part, answer)
                for job, part in zip(jobs, parts(jobs), strict=True)
                if not job.abandoned and (answer := self._answer(job, part, run, texts))
            ]
            self._service.send_scores([(job.exchange, answer) for job, _, answer in answered])
            # what nobody waits for comes after the answers, which uvloop writes at once
            self._remember(jobs, run, answered, finite=finite)
        except Exception as error:  # noqa: BLE001 - a bug fails these requests, not the queue
            for job in jobs:
                self._service.fail(job.exchange, error)
        finally:
            for job in jobs:
                job.exchange.end_inference()

    def _remember(
        self, jobs: list[ScoringJob], run: Run, answered: list[Answered], *, finite: bool
    ) -> None:
        """Record, count and compare what was answered; a bug in it is told once."""
        try:
            if self._service.recording:
                self._record(self._service.recording, jobs, run, answered)
            self._service.metrics.inferred(run.outputs, run.seconds)
            self._count(answered, run, finite=finite and len(answered) == len(jobs))
            self._service.shadow.offer(run, answered)
        except Exception as error:  # noqa: BLE001 - a bug here fails no request
            self._service.report_bug(error)

    def _answer(
        self, job: ScoringJob, part: slice, run: Run, texts: RowTexts | None
    ) -> Answer | None:
        """Return what ``job`` gets; None: it is refused already."""
        try:
            if texts and job.plain:
                return Answer(200, self._body(job, part, run, texts), JSON, self._headers)
            outputs = rows_of(run.outputs, part)
            # a label is chosen from the probabilities: whoever gets one relies on the other
            asked = None if self._model.classifier else job.answered
            self._model.finite.check(outputs, asked)
            answer = job.answer(outputs)
            return answer._replace(headers=answer.headers + self._headers)
        except RequestError as error:
            self._service.refuse(job.exchange, error)
        except Exception as error:  # noqa: BLE001 - a bug fails one request, not its neighbours
            self._service.fail(job.exchange, error)
        return None

    def _record(
        self,
        recording: Recording,
        jobs: Sequence[ScoringJob],
        run: Run,
        answered: Sequence[Answered],
    ) -> None:
        """Add the answers to the decision log."""
        now = time.perf_counter()
        told = {id(job) for job, _, _ in answered}
        requests = Requests(
            ids=[job.told_id for job in jobs],
            rows=[job.rows for job in jobs],
            seconds=[now - job.exchange.started for job in jobs],
            recorded=[id(job) in told for job in jobs],
        )
        recording.log.take(run.feeds, run.outputs, requests)

    def _body(self, job: ScoringJob, part: slice, run: Run, texts: RowTexts) -> bytes:
        assert self._texts  # noqa: S101 - it made the texts
        return self._texts.body(texts, part, run.outputs, job.id)

    def _count(self, answered: Sequence[Answered], run: Run, *, finite: bool) -> None:
        """Count what rollout checks compare; of all requests at once where nothing is wrong."""
        metrics = self._service.metrics
        if finite and not any(job.exchange.picked for job, _, _ in answered):
            metrics.all_scored(run.feeds, [part.start for _, part, _ in answered], run.outputs)
            return
        for job, part, _ in answered:
            if not job.exchange.picked:
                outputs = rows_of(run.outputs, part)
                feeds = {name: values[part] for name, values in run.feeds.items()}
                metrics.scored(feeds, job.rows, outputs, finite=self._model.finite.hold(outputs))
