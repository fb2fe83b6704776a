"""A candidate in shadow: compared on live requests, and never in the way of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import small_models
from harness.shadowed_server import VALUES

if TYPE_CHECKING:
    from harness.shadowed_server import ShadowedServer

pytestmark = pytest.mark.images


def test_without_a_candidate_it_says_so(server: ShadowedServer) -> None:
    assert server.report().state == "Off"
    assert "checkrail_shadow" not in server.server.http.get("/metrics").text


def test_a_candidate_is_noticed_and_compared_on_live_requests(server: ShadowedServer) -> None:
    asked = server.ask_for(small_models.shifted(2))
    server.once(lambda found: found.state == "Comparing")

    found = server.compare(VALUES)

    assert (found.version, found.sha256, found.attempt) == (asked.version, asked.sha256, "1")
    assert (found.compared, found.failed) == (10, 0)
    assert [(each.threshold, each.flips) for each in found.flips] == [("0.5", 5)]
    assert sum(found.scores.stable) == sum(found.scores.candidate) == 10
    assert found.scores.stable == [0, *[1] * 10, 0]
    assert found.scores.candidate == [0, *[0] * 8, 5, 5, 0]
    assert sum(found.differences.counts) == 10
    worst = found.worst[0]
    assert worst.id == "request-0"
    assert (worst.stable, worst.candidate) == pytest.approx((0.05, 0.81))


def test_its_figures_are_metrics_too(server: ShadowedServer) -> None:
    server.ask_for(small_models.shifted(3))
    server.once(lambda found: found.state == "Comparing")
    server.compare(VALUES)

    lines = server.server.http.get("/metrics").text.splitlines()

    figures = {line.partition("{")[0]: line.rpartition(" ")[2] for line in lines}
    assert figures["checkrail_shadow_compared_requests_total"] == "10.0"
    assert figures["checkrail_shadow_failed_requests_total"] == "0.0"
    assert figures["checkrail_shadow_flips_total"] == "5.0"
    assert figures["checkrail_shadow_score_difference_bucket"] == "10.0"
    assert figures["checkrail_shadow_score_bucket"] == "10.0"


def test_only_what_clients_asked_is_compared_and_only_its_first_row(
    server: ShadowedServer,
) -> None:
    server.ask_for(small_models.good(4))
    server.once(lambda found: found.state == "Comparing")
    http, rows = server.server.http, {"rows": [{"x": 0.15}, {"x": 0.9}]}
    refused = http.post("/predict", json={"rows": [{"y": 1}]})
    picked = http.post("/predict", json=rows, headers={"x-checkrail-version": "any"})
    assert (refused.status_code, picked.status_code) == (422, 200)

    assert http.post("/predict", json=rows).status_code == 200

    found = server.once(lambda found: found.compared > 0)
    assert (found.compared, found.scores.stable[2]) == (1, 1)


def test_a_candidate_that_fails_or_is_not_finite_flips_every_decision(
    server: ShadowedServer,
) -> None:
    server.ask_for(small_models.not_finite_above(0.5, 5), thresholds=["0.3", "0.5"])
    server.once(lambda found: found.state == "Comparing")

    found = server.compare(VALUES)

    assert (found.compared, found.failed) == (10, 5)
    assert [each.flips for each in found.flips] == [5, 5]
    assert sum(found.scores.candidate) == 5


def test_rows_that_fail_do_not_take_others_with_them(server: ShadowedServer) -> None:
    server.ask_for(small_models.failing_above(1.5, 10))
    server.once(lambda found: found.state == "Comparing")

    found = server.compare([0.05, 1.6, 0.15, 1.7])

    assert (found.compared, found.failed) == (4, 2)
    assert sum(found.scores.candidate) == 2


def test_another_attempt_begins_anew(server: ShadowedServer) -> None:
    model = small_models.good(6)
    server.ask_for(model)
    server.once(lambda found: found.state == "Comparing")
    first = server.compare(VALUES)

    server.ask_for(model, attempt="2")

    found = server.once(lambda found: found.attempt == "2" and found.state == "Comparing")
    assert found.compared == 0
    assert int(found.started) > int(first.started)


def test_a_candidate_that_computes_for_long_is_not_waited_for(server: ShadowedServer) -> None:
    server.ask_for(small_models.slow(9, wide=700))
    server.once(lambda found: found.state == "Comparing")

    for number in range(60):
        server.infer(0.5, f"request-{number}")

    found = server.once(lambda found: found.dropped > 0 and found.compared > 0)
    assert found.compared + found.dropped <= 60
