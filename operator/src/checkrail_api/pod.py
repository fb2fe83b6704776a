"""What users may say about the pods we make: an allow-list, never a raw PodSpec."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkrail_api.affinity import Affinity
from checkrail_api.model import Model, Name, Quantity, Rule


class Resources(Model):
    """Requests and limits of a container."""

    requests: Annotated[dict[str, Quantity], Field(max_length=16)] = {}
    """What the scheduler reserves."""

    limits: Annotated[dict[str, Quantity], Field(max_length=16)] = {}
    """What the container may not exceed."""


class EnvVar(Model):
    """An environment variable with a literal value."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!self.name.startsWith('CHECKRAIL_') && !self.name.startsWith('AWS_')",
            "names that start with CHECKRAIL_ or AWS_ are set by the operator",
            field=".name",
            reason="FieldValueForbidden",
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Name of the variable."""

    value: Annotated[str, Field(max_length=2048)] = ""
    """Its value."""


class Toleration(Model):
    """A taint that the pod tolerates, as in core/v1."""

    key: Annotated[str, Field(max_length=316)] | None = None
    """Key of the taint. Absent with operator Exists: every taint."""
    operator: Literal["Exists", "Equal"] | None = None
    """How value is compared. Absent: Equal."""
    value: Annotated[str, Field(max_length=63)] | None = None
    """Value of the taint."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Effect of the taint. Absent: every effect."""
    toleration_seconds: Annotated[int, Field(ge=0)] | None = None
    """With NoExecute: how long the pod stays, seconds."""


class Placement(Model):
    """Where pods run, and as whom."""

    service_account_name: Name | None = None
    """Service account of the pods. Absent: the namespace's default, without a token mounted."""

    node_selector: Annotated[
        dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=32)
    ] = {}
    """Labels that the node must have."""

    tolerations: Annotated[list[Toleration], Field(max_length=16)] = []
    """Taints that the pods tolerate."""

    affinity: Affinity | None = None
    """Nodes that the pods need or prefer, and pods that they are near to or away from."""

    priority_class_name: Name | None = None
    """Priority class of the pods."""

    env: Annotated[
        list[EnvVar],
        Field(max_length=32, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]}),
    ] = []
    """More environment variables."""


class Pod(Placement):
    """Settings of the trainer's pod."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """Trainer image. Absent: the operator's default."""
