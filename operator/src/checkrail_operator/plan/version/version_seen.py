"""What a pass knows about one ModelVersion: who needs it, and what becomes of its artifact."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from checkrail_api.object_store import ObjectStore
from checkrail_operator.plan.types import Key


@dataclass(frozen=True)
class ArtifactSeen:
    """The artifact that goes with a ModelVersion.

    Attributes:
        uri: Prefix that holds its files.
        sha256: Digest of its model.onnx.
        store: The service that holds it, completed by the operator's values.
    """

    uri: str
    sha256: str
    store: ObjectStore

    def is_where_published(self, model: str) -> bool:
        """Answer whether it lies where a trainer puts a version of ``model``."""
        return self.uri.rstrip("/").endswith(f"/{model}/{self.sha256}")


@dataclass(frozen=True)
class RemovalSeen:
    """The Job that deletes the artifact.

    Attributes:
        name: Its name.
        since: When it was created.
        finished: Its terminal condition, if it has one.
        said: What went wrong last, in the words of its pod, or what that waits for.
    """

    name: str
    since: datetime | None = None
    finished: Literal["Complete", "Failed"] | None = None
    said: str = ""


@dataclass(frozen=True)
class ModelVersionSeen:
    """One ModelVersion as it was seen at one instant.

    Attributes:
        key: The version.
        uid: Its UID.
        now: The instant; the only clock.
        image: The operator's trainer image: it has the command that deletes.
        deleting: Whether its deletion was asked for.
        held: Whether our finalizer is on it.
        removes: Whether its artifact goes with it: deletionPolicy Delete.
        model: Line of versions that it says it belongs to.
        artifact: That artifact.
        waiting: TrainingJobs and ModelDeployments of its namespace that ask for it, sorted.
        serving: ModelDeployments that serve it, or try it, by name.
        sharing: Other ModelVersions, anywhere, that name the same artifact and keep it, sorted;
            looked for only once the version is being deleted.
        removal: The Job that deletes the artifact, if it exists.
        refused_since: When the API server refused that Job first, as far as it is remembered.
    """

    key: Key
    uid: str
    now: datetime
    image: str
    deleting: bool
    held: bool
    removes: bool
    model: str
    artifact: ArtifactSeen
    waiting: tuple[Key, ...] = ()
    serving: tuple[str, ...] = ()
    sharing: tuple[Key, ...] = ()
    removal: RemovalSeen | None = None
    refused_since: datetime | None = None
