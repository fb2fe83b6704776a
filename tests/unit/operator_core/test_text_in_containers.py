"""A container gets what a user wrote, whatever Kubernetes makes of dollar signs."""

import re
from typing import Any

import pytest

from checkrail_operator.plan.verbatim import verbatim
from harness.serving_world import ServingWorld
from harness.training_world import TrainingWorld, spec
from harness.version_world import VersionWorld, version

SECRET = "CHECKRAIL_STORE_AWS_SECRET_ACCESS_KEY"  # noqa: S105 - a variable's name
EXPANSION = re.compile(r"\$\$|\$\(([-._a-zA-Z0-9]+)\)")
"""The documented rule: two dollar signs are one, a known variable in $(...) becomes its value."""
WRITTEN = f"s3://models/$${SECRET}/$({SECRET})/$"


def expanded(text: str) -> str:
    """Return ``text`` as a container gets it, when every variable that it names is known."""
    return EXPANSION.sub(lambda found: "leaked" if found[1] else "$", text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("http://s3.default.svc:9000", id="without a dollar sign"),
        pytest.param(f"http://$({SECRET}).example.com", id="a variable"),
        pytest.param(f"$$({SECRET})", id="a variable behind a dollar sign"),
        pytest.param("models/$$x", id="two dollar signs"),
        pytest.param("models/$", id="one at the end"),
    ],
)
def test_a_container_gets_the_text_that_was_written(text: str) -> None:
    assert expanded(verbatim(text)) == text


def container(job: dict[str, Any]) -> dict[str, Any]:
    """Return the one container of a Job's or Deployment's pods."""
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return dict(only)


def variables(of: dict[str, Any]) -> dict[str, str]:
    """Return the variables as the process in the container sees them."""
    return {each["name"]: expanded(each["value"]) for each in of["env"] if "value" in each}


async def test_the_command_that_deletes_gets_the_uri_that_was_written() -> None:
    world = VersionWorld()
    body = version()
    body["spec"]["artifact"]["uri"] = (
        f"{WRITTEN}/flight-delays/{body['spec']['artifact']['sha256']}"
    )
    world.cluster.put(body)
    await world.run_pass()
    world.cluster.ask_to_delete(world.owner)
    await world.run_pass()

    words = [expanded(word) for word in container(world.job)["command"]]

    assert words[2] == body["spec"]["artifact"]["uri"]


async def test_a_trainer_gets_the_variables_that_were_written() -> None:
    world = TrainingWorld()
    world.apply(spec(pod={"env": [{"name": "NOTE", "value": WRITTEN}]}))
    await world.run_pass()

    assert variables(container(world.job))["NOTE"] == WRITTEN


def test_a_server_gets_the_variables_and_the_uri_that_were_written() -> None:
    world = ServingWorld()
    world.versions[1]["spec"]["artifact"]["uri"] = WRITTEN
    world.owner["spec"]["pod"] = {"env": [{"name": "NOTE", "value": WRITTEN}]}
    world.run_pass()

    (server,) = (each for (_, kind, _), each in world.objects.items() if kind == "Deployment")
    told = variables(container(server))
    assert (told["NOTE"], told["CHECKRAIL_ARTIFACT_URI"]) == (WRITTEN, WRITTEN)
