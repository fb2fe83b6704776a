"""Scoring servers that compare a candidate in shadow with what they answer, and report it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checkrail_api.shadow import CANDIDATE_FILE, Candidate
from checkrail_operator.plan.deployment.shadow import TENTHS

KUBELET_LAG_SECONDS = 10
"""From a change of the ConfigMap to that of the file in a pod."""


@dataclass(frozen=True)
class ShadowBehaviour:
    """What comes of comparing a candidate.

    Attributes:
        flips: Share of the requests that it decides otherwise.
        shifted: Whether all its scores are in the highest bin.
        refused: Why it is not compared, one word; empty: it is.
        mute: Whether the servers cannot be asked.
        forged: Fields that a report has instead of its own.
    """

    flips: float = 0.0
    shifted: bool = False
    refused: str = ""
    mute: bool = False
    forged: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Heard:
    """A candidate that a pod knows of, and what it had answered by then."""

    candidate: Candidate
    answered: float
    seconds: float = 0.0


@dataclass
class ShadowingServers:
    """What every pod knows of its candidate.

    Attributes:
        behaviour: What comes of comparing.
        heard: By UID of the pod.
        lives: How often their processes have begun anew.
    """

    behaviour: ShadowBehaviour = field(default_factory=ShadowBehaviour)
    heard: dict[str, Heard] = field(default_factory=dict)
    lives: int = 0

    def hear(
        self, pods: Mapping[str, float], config_map: Mapping[str, Any] | None, seconds: float
    ) -> None:
        """Let time pass for pods, by UID, that have answered so much.

        Args:
            pods: Requests answered so far.
            config_map: What they mount; None: it does not exist.
            seconds: How long.
        """
        if config_map is None:
            self.lives += bool(self.heard)  # processes end; others, if any, begin at another time
            self.heard.clear()
            return
        candidate = Candidate.model_validate_json(config_map["data"][CANDIDATE_FILE])
        for pod, answered in pods.items():
            known = self.heard.get(pod)
            if known is None or known.candidate != candidate:
                known = self.heard[pod] = Heard(candidate, answered)
            known.seconds += seconds
            if known.seconds < KUBELET_LAG_SECONDS:
                known.answered = answered
        for gone in self.heard.keys() - pods.keys():
            del self.heard[gone]

    def restart(self) -> None:
        """Let every candidate's process begin anew."""
        self.lives += 1
        self.heard = {
            pod: Heard(known.candidate, known.answered) for pod, known in self.heard.items()
        }

    def report(self, pod: str, answered: float) -> str | None:
        """Return what a pod says that has answered so much; None if it says nothing."""
        if self.behaviour.mute:
            return None
        known = self.heard.get(pod)
        if known is None or known.seconds < KUBELET_LAG_SECONDS:
            return json.dumps({"state": "Off"})
        return json.dumps(self._known(known, int(answered - known.answered)))

    def _known(self, known: Heard, compared: int) -> dict[str, Any]:
        asked = known.candidate
        head = {
            "version": asked.version,
            "sha256": asked.sha256,
            "attempt": asked.attempt,
            "started": str(1000 + self.lives),
        }
        if self.behaviour.refused:
            refusal = {"reason": self.behaviour.refused, "message": "it does not fit"}
            return {**head, "state": "Refused", **refusal, **self.behaviour.forged}
        edges = [*map(float, asked.scores.edges)] if asked.scores else [*map(float, TENTHS)]
        stable = [0, *[compared // 10] * 10, 0] if not asked.scores else [0] * (len(edges) + 1)
        candidate = [0] * len(edges) + [sum(stable)] if self.behaviour.shifted else stable
        flips = int(self.behaviour.flips * compared)
        return {
            **head,
            "state": "Comparing",
            "compared": compared,
            "flips": [{"threshold": each, "flips": flips} for each in asked.thresholds],
            "scores": {"edges": edges, "stable": stable, "candidate": candidate},
            **self.behaviour.forged,
        }
