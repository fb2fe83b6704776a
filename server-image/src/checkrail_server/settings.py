"""What this process was told: which artifact to serve, from where, and as whose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkrail_api import serving

if TYPE_CHECKING:
    from collections.abc import Mapping

SHA256 = re.compile(r"[0-9a-f]{64}")
URI = re.compile(r"(s3://[^/]+/.+|file:///.+)")
SHORT_DIGEST = 8
MAX_PORT = 65_535
MAX_BYTES = 1 << 50


class SettingsError(Exception):
    """The environment does not say what to serve."""


@dataclass(frozen=True)
class Settings:
    """The environment, read and checked once."""

    namespace: str
    """Namespace of the ModelDeployment."""
    model: str
    """Name of the ModelDeployment: the model's name in the Open Inference Protocol."""
    version: str
    """Name of the ModelVersion: the version in the Open Inference Protocol."""
    artifact_uri: str
    """Prefix that holds the artifact's files, without a slash at its end."""
    sha256: str
    """Digest that model.onnx must have."""
    endpoint: str | None
    """URL of the object store; None for Amazon S3."""
    region: str | None
    """Region that requests are signed for."""
    addressing_style: str
    """``path`` or ``virtual``, as botocore spells them."""
    threads: int
    """Threads of one run of the model."""
    port: int
    """Port to listen on; 0 takes a free one, which the log then names."""
    trial_memory_bytes: int | None = None
    """What a model may take while it is tried; None: by the container's limit."""
    trial_seconds: int = 40
    """How long a model may take to load and to answer a few rows."""
    batch_rows: int = serving.DEFAULT_BATCH_ROWS
    """Rows that requests may have together when they share a run of the model."""
    body_bytes: int = serving.DEFAULT_BODY_BYTES
    """Bytes that the body of one request may have."""
    reference_scores: str | None = None
    """Score bins of the version that this one is compared with, as JSON; read with the model."""
    decision_log: str | None = None
    """Where and how answers are recorded, as JSON; None: they are not."""
    shadow: str | None = None
    """Path of the file that names a candidate to score in shadow; it need not exist."""

    @property
    def versions(self) -> tuple[str, str]:
        """What the version is called in the Open Inference Protocol: its name, and its digest."""
        return self.version, self.sha256

    @property
    def short_digest(self) -> str:
        """The digest as metrics label it: its first 8 digits, as in the version's name."""
        return self.sha256[:SHORT_DIGEST]


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: A variable is missing or is not what it must be; all such are named.
    """
    wrong: list[str] = []

    def required(name: str) -> str:
        value = environment.get(name, "")
        if not value:
            wrong.append(f"{name} is not set")
        return value

    def matching(name: str, pattern: re.Pattern[str], expected: str) -> str:
        value = required(name)
        if value and not pattern.fullmatch(value):
            wrong.append(f"{name} is {value!r}; it must be {expected}")
        return value

    def whole(name: str, default: int, low: int, high: int) -> int:
        text = environment.get(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            wrong.append(f"{name} is {text!r}; it must be a whole number from {low} to {high}")
            return default
        return int(text)

    style = environment.get(serving.ENV_STORE_ADDRESSING_STYLE) or "Path"
    if style not in {"Path", "Virtual"}:
        wrong.append(f"{serving.ENV_STORE_ADDRESSING_STYLE} is {style!r}; it is Path or Virtual")
    settings = Settings(
        namespace=required(serving.ENV_NAMESPACE),
        model=required(serving.ENV_MODEL_DEPLOYMENT),
        version=required(serving.ENV_MODEL_VERSION),
        artifact_uri=matching(
            serving.ENV_ARTIFACT_URI, URI, "s3://bucket/prefix or file:///directory"
        ).rstrip("/"),
        sha256=matching(serving.ENV_ARTIFACT_SHA256, SHA256, "64 lower-case hexadecimal digits"),
        endpoint=environment.get(serving.ENV_STORE_ENDPOINT) or None,
        region=environment.get(serving.ENV_STORE_REGION) or None,
        addressing_style=style.lower(),
        threads=whole(serving.ENV_THREADS, serving.DEFAULT_THREADS, 1, serving.MOST_THREADS),
        trial_memory_bytes=whole(serving.ENV_TRIAL_MEMORY, 0, 1, MAX_BYTES) or None,
        trial_seconds=whole(serving.ENV_TRIAL_SECONDS, Settings.trial_seconds, 1, 3_600),
        port=whole(serving.ENV_PORT, serving.SERVER_PORT, 0, MAX_PORT),
        batch_rows=whole(
            serving.ENV_MAX_BATCH_SIZE, serving.DEFAULT_BATCH_ROWS, 1, serving.MOST_BATCH_ROWS
        ),
        body_bytes=whole(
            serving.ENV_MAX_BODY_BYTES,
            serving.DEFAULT_BODY_BYTES,
            serving.LEAST_BODY_BYTES,
            serving.MOST_BODY_BYTES,
        ),
        reference_scores=environment.get(serving.ENV_REFERENCE_SCORES) or None,
        decision_log=environment.get(serving.ENV_DECISION_LOG) or None,
        shadow=environment.get(serving.ENV_SHADOW) or None,
    )
    if wrong:
        raise SettingsError("; ".join(wrong))
    return settings
