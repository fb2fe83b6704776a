"""The server's page in a real browser: what a person sees, scores and watches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from checkrail_api import serving as env
from harness.browser import chromium, opened
from harness.scoring_server import (
    MODEL,
    ROW,
    VERSION,
    ScoringServer,
    artifact_files,
    flight_files,
    flight_model,
    serialised,
    serving,
    written,
)
from harness.typed_model import typed_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.images

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">$model 'Ü"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: ScoringServer) -> Iterator[Page]:
    with opened(browser, f"http://127.0.0.1:{server.port}/") as shown:
        yield shown


def test_it_says_which_model_this_is_and_what_it_takes(page: Page, server: ScoringServer) -> None:
    digest = server.http.get(f"/v2/models/{MODEL}").json()["parameters"]["sha256"]

    assert page.title() == MODEL
    assert page.inner_text("h1") == MODEL
    assert page.inner_text("header p") == f"Version {VERSION}, SHA-256 {digest}"
    assert page.inner_text("section:last-of-type table").splitlines() == [
        "Tensor\tDatatype\tShape",
        "Inputs",
        "distance\tFP32\trows \u00d7 1",
        "dep_hour\tFP32\trows \u00d7 1",
        "carrier\tBYTES\trows \u00d7 1",
        "Outputs",
        "label\tINT64\trows",
        "probabilities\tFP32\trows \u00d7 2",
    ]


def test_a_row_is_scored_as_onnxruntime_scores_it(page: Page) -> None:
    feeds = {
        "distance": np.array([[500.25]], np.float32),
        "dep_hour": np.array([[7]], np.float32),
        "carrier": np.array([["UA"]], object),
    }
    label, probabilities = ort.InferenceSession(flight_model()).run(None, feeds)

    for name, values in feeds.items():
        page.get_by_label(name).fill(str(values.item()))
    page.get_by_role("button", name="Score").click()
    page.wait_for_selector("#answer table")

    assert page.inner_text("#answer p") == f"Label {label.item()}"
    told = dict(row.split("\t") for row in page.inner_text("#answer table").splitlines())
    assert {name: float(p) for name, p in told.items()} == {
        str(number): p for number, p in enumerate(probabilities[0].tolist())
    }


def test_a_wrong_row_is_told_what_is_wrong(page: Page) -> None:
    page.get_by_label("distance").fill("far")
    page.get_by_role("button", name="Score").click()

    page.wait_for_selector("#answer .refused")
    assert (
        page.inner_text("#answer") == "input 'distance': the string \"far\" is not a value of FP32"
    )


FIGURES_WHEN = """([id, text]) => new Promise((done, fail) => {
  const end = performance.now() + 20000;
  const look = () => {
    if (document.getElementById(id).textContent === text) {
      const figures = [...document.querySelectorAll("dd")].map(each => [each.id, each.textContent]);
      const points = document.querySelector("polyline").getAttribute("points").split(" ");
      done({ ...Object.fromEntries(figures), last: points.at(-1) });
    } else if (performance.now() > end) {
      fail(new Error(`${id} is not ${text}`));
    } else {
      setTimeout(look, 20);
    }
  };
  look();
})"""
"""In one step, so that no figure is of another moment."""


def test_rate_and_latency_are_those_of_the_last_seconds(page: Page, server: ScoringServer) -> None:
    idle = page.evaluate(FIGURES_WHEN, ["rate", "0"])
    requests = int(idle["requests"]) + 20
    for _ in range(20):
        server.http.post("/predict", json=ROW)
    busy = page.evaluate(FIGURES_WHEN, ["requests", str(requests)])
    server.http.post("/predict", json={})
    refused = page.evaluate(FIGURES_WHEN, ["failed", "100 %"])

    assert (idle["latency"], idle["failed"]) == ("\u2013", "\u2013")
    assert 0 < float(busy["rate"]) <= 20
    assert re.fullmatch(r"\d+(\.\d+)? ms", busy["latency"])
    assert busy["failed"] == "0 %"
    assert float(busy["last"].split(",")[1]) < 39
    assert refused["requests"] == str(requests + 1)


def test_a_row_scored_here_is_no_traffic(page: Page, server: ScoringServer) -> None:
    stats = f"/v2/models/{MODEL}/stats"
    before = server.http.get(stats).json()["model_stats"][0]
    page.get_by_label("distance").fill("500")
    page.get_by_label("dep_hour").fill("7")
    page.get_by_role("button", name="Score").click()
    page.wait_for_selector("#answer table")
    after = server.http.get(stats).json()["model_stats"][0]

    assert after["inference_count"] == before["inference_count"] + 1
    assert after["inference_stats"]["success"] == before["inference_stats"]["success"]


def test_a_server_that_is_gone_is_told(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    with serving(written(flight_files(), tmp_path / "artifact"), tmp_path) as server:
        page.goto(f"http://127.0.0.1:{server.port}/")
        page.evaluate(FIGURES_WHEN, ["rate", "0"])
    gone = page.evaluate(FIGURES_WHEN, ["rate", "\u2013"])

    assert gone["latency"] == "\u2013"
    assert page.inner_text("#heard").startswith("No figures: ")
    page.close()


def test_it_is_light_or_dark_as_the_person_likes(page: Page) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    seen = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen.add(page.evaluate(colour))

    assert len(seen) == 2


def test_every_control_has_a_label(page: Page) -> None:
    unlabelled = "[...document.querySelectorAll('input, select')].filter(e => !e.labels.length)"

    assert page.evaluate(f"{unlabelled}.length") == 0


def test_a_model_that_takes_tensors_has_no_form(browser: Browser, tmp_path: Path) -> None:
    variables = written(artifact_files(typed_model()), tmp_path / "artifact")
    with (
        serving(variables, tmp_path) as server,
        opened(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        assert page.query_selector("form") is None
        assert f"/v2/models/{MODEL}/infer" in page.inner_text("section >> nth=1")


def hostile_model() -> bytes:
    """Return a classifier whose inputs and classes are called like an attack."""
    nodes = [
        helper.make_node(
            "LinearClassifier",
            [HOSTILE],
            ["label", "probabilities"],
            domain="ai.onnx.ml",
            classlabels_strings=[f"no {HOSTILE}", f"yes {HOSTILE}"],
            coefficients=[-1.0, 1.0],
            intercepts=[0.0, 0.0],
            post_transform="LOGISTIC",
        )
    ]
    graph = helper.make_graph(
        nodes,
        "hostile",
        [helper.make_tensor_value_info(HOSTILE, TensorProto.FLOAT, ["rows", 1])],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2]),
        ],
    )
    return serialised(graph)


def test_whatever_a_model_is_called_is_text(browser: Browser, tmp_path: Path) -> None:
    variables = written(artifact_files(hostile_model()), tmp_path / "artifact")
    variables[env.ENV_MODEL_DEPLOYMENT] = HOSTILE
    with (
        serving(variables, tmp_path) as server,
        opened(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        page.get_by_role("textbox").fill("3")
        page.get_by_role("button", name="Score").click()
        page.wait_for_selector("#answer table")

        assert page.text_content("h1") == HOSTILE
        assert page.text_content("label bdi") == HOSTILE
        assert page.text_content("#answer b") == f"yes {HOSTILE}"
        assert page.locator("#answer th").all_text_contents() == [
            f"no {HOSTILE}",
            f"yes {HOSTILE}",
        ]
        assert page.evaluate("[document.images.length, document.scripts.length]") == [0, 1]


def test_no_other_script_runs_on_it(browser: Browser, server: ScoringServer) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/")

    assert (
        page.evaluate("""() => {
      const image = document.createElement("img");
      try { image.setAttribute("onerror", "document.title = 'owned'") } catch {}
      image.src = "x:";
      document.body.append(image);
      try { document.body.innerHTML = "<b>owned</b>" } catch (error) { return error.name }
    }""")
        == "TypeError"
    )
    assert page.title() == MODEL
    page.close()
