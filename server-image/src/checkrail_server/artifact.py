"""The artifact as fetched: every file verified before anything parses it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from checkrail_api.artifact import (
    MANIFEST_FILE,
    MAX_MODEL_BYTES,
    MODEL_FILE,
    PROFILE_FILE,
    SIGNATURE_FILE,
    Component,
    Manifest,
    Profile,
    SignatureFile,
)
from checkrail_server import logs
from checkrail_server.errors import LoadError, StoreUnavailableError

if TYPE_CHECKING:
    from checkrail_server.store import Store

MANIFEST_BYTES = 1 << 20
DOCUMENT_BYTES = 8 << 20

STORE_SECONDS = 60.0
"""How long a store that does not answer is asked again."""
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0

Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True)
class Artifact:
    """The files the server needs, each with the digest its manifest states."""

    model: bytes
    """``model.onnx``, of the digest that the operator asked for."""
    signature: SignatureFile | None
    """What the trainer says the model takes and answers; None when it published none."""
    profile: Profile | None
    """What training saw; None when it published none."""


@dataclass(frozen=True)
class PatientStore:
    """A store that is asked again, with growing pauses, while it does not answer."""

    store: Store
    seconds: float = STORE_SECONDS

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return a file, see ``Store``; LoadError after ``seconds`` without an answer."""
        deadline = time.monotonic() + self.seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return self.store.read(name, max_bytes)
            except StoreUnavailableError as error:
                if time.monotonic() + pause > deadline:
                    raise LoadError(
                        f"the store did not answer for {self.seconds:g} s; last: {error}"
                    ) from error
                logs.info("store does not answer", pause_seconds=pause, error=str(error))
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def close(self) -> None:
        """Let go of what asking takes."""
        self.store.close()


def fetch(store: Store, sha256: str, max_model_bytes: int = MAX_MODEL_BYTES) -> Artifact:
    """Fetch and verify the artifact whose model has the digest ``sha256``.

    Args:
        store: Where it is.
        sha256: What the operator asked for.
        max_model_bytes: Size that the model may have; never more than ``MAX_MODEL_BYTES``.

    Raises:
        LoadError: A file is missing, or is not what the manifest or ``sha256`` says.
        StoreUnavailableError: The store does not answer.
    """
    content = store.read(MANIFEST_FILE, MANIFEST_BYTES)
    manifest = _document(Manifest, MANIFEST_FILE, content)
    if manifest.sha256 != sha256:
        raise LoadError(
            f"{MANIFEST_FILE} is of model digest {manifest.sha256}, expected {sha256}: "
            "the ModelVersion points at another artifact"
        )
    listed = {component.name: component for component in manifest.components}
    model = store.read(MODEL_FILE, min(max_model_bytes, MAX_MODEL_BYTES))
    if MODEL_FILE in listed:
        _verify_size(listed[MODEL_FILE], model)
    _verify_digest(MODEL_FILE, model, sha256)
    return Artifact(
        model=model,
        signature=_component(store, listed.get(SIGNATURE_FILE), SignatureFile),
        profile=_component(store, listed.get(PROFILE_FILE), Profile),
    )


def _component(store: Store, component: Component | None, kind: type[Document]) -> Document | None:
    if component is None:
        return None
    content = store.read(component.name, DOCUMENT_BYTES)
    _verify_size(component, content)
    _verify_digest(component.name, content, component.sha256)
    return _document(kind, component.name, content)


def _verify_size(component: Component, content: bytes) -> None:
    if len(content) != component.size_bytes:
        raise LoadError(
            f"{component.name} has {len(content)} bytes, its manifest says {component.size_bytes}: "
            "the file was cut or changed after it was published"
        )


def _verify_digest(name: str, content: bytes, expected: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise LoadError(
            f"{name} has SHA-256 {found}, expected {expected}: "
            "the file was changed after it was published"
        )


def _document(kind: type[Document], name: str, content: bytes) -> Document:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "document"
        raise LoadError(f"{name} is not valid: {field}: {first['msg']}") from error
