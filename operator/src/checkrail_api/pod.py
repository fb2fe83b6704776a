"""What users may say about the pods we make: an allow-list, never a raw PodSpec."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkrail_api.affinity import Affinity, LabelKey, LabelSelector
from checkrail_api.model import Model, Name, Quantity, Rule

OURS = ("CHECKRAIL_", "AWS_")
"""Prefixes of the variables that the operator sets. A variable of boto3's that a user set would
stand in for the keys and the store that the spec names."""
BEFORE_US_PREFIXES = ("LD_", "PYTHON")
BEFORE_US = ("GLIBC_TUNABLES", "PATH")
"""Variables of the loader, of the C library and of the interpreter. They choose the code that runs
before the first line of ours, so a replay could not set them; an image can, and it is recorded."""
SCRATCH_NAMES = ("HOME", "TMPDIR")
THREADS_SUFFIX = "_NUM_THREADS"
"""Of OMP_NUM_THREADS, OPENBLAS_NUM_THREADS, MKL_NUM_THREADS, ...: each overrides the next one."""


VariableName = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
]
"""Name of an environment variable."""


def is_reserved(name: str) -> bool:
    """Answer whether no run may set this variable; the API server refuses it by CEL."""
    return (
        name.startswith((*OURS, *BEFORE_US_PREFIXES))
        or name in {*BEFORE_US, *SCRATCH_NAMES}
        or name.endswith(THREADS_SUFFIX)
    )


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
        Rule(
            f"!(self.name in {list(BEFORE_US)})"
            f" && !{list(BEFORE_US_PREFIXES)}.exists(p, self.name.startsWith(p))",
            "GLIBC_TUNABLES, PATH and names that start with LD_ or PYTHON act before the program"
            " starts: set them with ENV in an image built from ours",
            field=".name",
            reason="FieldValueForbidden",
        ),
    )

    name: VariableName
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
    """More environment variables. Those of a trainer go into the provenance of its artifact: no
    keys."""


class TopologySpread(Model):
    """How evenly pods are spread over zones, nodes or other domains, as in core/v1."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
            "needs whenUnsatisfiable: DoNotSchedule",
            field=".minDomains",
        ),
    )

    max_skew: Annotated[int, Field(ge=1, le=1000)]
    """By how many pods domains may differ."""
    topology_key: LabelKey
    """Label of the nodes whose values are the domains."""
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    """Whether a pod that would break it waits or is placed all the same."""
    min_domains: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many domains there must be. Absent: 1."""
    label_selector: LabelSelector | None = None
    """Pods that are counted. Absent: those of the revision itself."""


class ServerPod(Placement):
    """Settings of the server's pods."""

    topology_spread_constraints: Annotated[
        list[TopologySpread],
        Field(
            max_length=4,
            json_schema_extra={"x-kubernetes-list-map-keys": ["topologyKey", "whenUnsatisfiable"]},
        ),
    ] = []
    """How evenly the pods of a revision are spread."""


class Pod(Placement):
    """Settings of the trainer's pod."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"!has(self.env) || self.env.all(e, !(e.name in {list(SCRATCH_NAMES)})"
            f" && !e.name.endsWith('{THREADS_SUFFIX}'))",
            "HOME and TMPDIR are the scratch volume, and threads follow from the cpu of"
            " resources.ladder: leave out HOME, TMPDIR and names that end in _NUM_THREADS",
            field=".env",
            reason="FieldValueForbidden",
        ),
    )

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """Trainer image. Absent: the operator's default."""
