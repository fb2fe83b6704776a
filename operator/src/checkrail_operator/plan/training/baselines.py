"""The published versions that a run's gates compare with, found when an attempt is made."""

from collections.abc import Iterable
from dataclasses import dataclass

from checkrail_api.evaluation import Gate
from checkrail_api.run import BaselineModel
from checkrail_operator.plan.errors import InvalidSpecError
from checkrail_operator.plan.types import Manifest

MAX_BASELINES = 32
"""What a run file holds: each is loaded and scored beside the candidate."""


@dataclass(frozen=True)
class Baselines:
    """What ``notWorseThan`` stands for now.

    Attributes:
        found: The versions, by reference and name.
        missing: Name of a ModelVersion that is needed and does not exist; empty if all do.
        message: What to do about it, for people.
    """

    found: tuple[BaselineModel, ...] = ()
    missing: str = ""
    message: str = ""

    def check(self) -> None:
        """Find out whether a run can compare with all of them.

        Raises:
            InvalidSpecError: There are too many.
        """
        if len(self.found) > MAX_BASELINES:
            raise InvalidSpecError(
                f"spec.evaluation.gates: notWorseThan stands for {len(self.found)} versions, "
                f"expected at most {MAX_BASELINES}: name those that count instead of Serving"
            )


NOTHING_TO_COMPARE = Baselines()


def references(gates: Iterable[Gate]) -> tuple[str, ...]:
    """Return what gates compare with, each once, sorted."""
    return tuple(sorted({gate.not_worse_than for gate in gates if gate.not_worse_than}))


def serving(model: str, deployments: Iterable[Manifest]) -> dict[str, str]:
    """Return the versions of ``model`` that serve, sorted, each with a ModelDeployment of it.

    What serves is what the ModelDeployments' own statuses call stable; a version's name tells its
    model.
    """
    served: dict[str, str] = {}
    for deployment in sorted(deployments, key=lambda body: str(body["metadata"]["name"])):
        name = ((deployment.get("status") or {}).get("stable") or {}).get("version", "")
        if name.rpartition("-")[0] == model:
            served.setdefault(name, deployment["metadata"]["name"])
    return dict(sorted(served.items()))
