"""Which nodes pods prefer or need, by the nodes' labels and by the pods already there (core/v1).

The same fields as in a Pod, but bounded: the API server estimates what a validation costs from the
largest object there can be. Nothing in a list has a default.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from checkrail_api.model import Model, Rule

LabelKey = Annotated[
    str,
    Field(
        min_length=1,
        max_length=317,
        pattern=(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"),
    ),
]
"""A label's key, with or without a prefix."""

AnyLabelValue = Annotated[
    str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
]
"""The value of a label; it may be empty."""

Weight = Annotated[int, Field(ge=1, le=100)]
"""How much meeting the preference counts, against the others."""

_WITH_VALUES = Rule(
    "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
    "operator In and NotIn need values",
    field=".values",
    reason="FieldValueRequired",
)
_WITHOUT_VALUES = Rule(
    "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || size(self.values) == 0",
    "operator Exists and DoesNotExist take no values",
    field=".values",
)


class NodeRequirement(Model):
    """A condition on a node's labels."""

    cel: ClassVar[tuple[Rule, ...]] = (
        _WITH_VALUES,
        _WITHOUT_VALUES,
        Rule(
            "!(self.operator in ['Gt', 'Lt']) || (has(self.values) && size(self.values) == 1"
            " && self.values[0].matches('^[0-9]+$'))",
            "operator Gt and Lt take one value, a whole number",
            field=".values",
        ),
    )

    key: LabelKey
    """Key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    """How the label's value is compared with values."""
    values: Annotated[list[AnyLabelValue], Field(max_length=16)] = []
    """For In and NotIn: the values. For Gt and Lt: one whole number."""


class NodeFieldRequirement(Model):
    """A condition on a node's name."""

    key: Literal["metadata.name"]
    """The only field there is to ask for."""
    operator: Literal["In", "NotIn"]
    """How the name is compared with values."""
    values: Annotated[
        list[Annotated[str, Field(max_length=253)]], Field(min_length=1, max_length=1)
    ]
    """The node's name."""


class NodeTerm(Model):
    """Conditions on a node that must all hold. A term without any matches no node."""

    match_expressions: Annotated[list[NodeRequirement], Field(max_length=8)] = []
    """Conditions on its labels."""
    match_fields: Annotated[list[NodeFieldRequirement], Field(max_length=2)] = []
    """Conditions on its name."""


class NodeSelector(Model):
    """Terms of which one must hold."""

    node_selector_terms: Annotated[list[NodeTerm], Field(min_length=1, max_length=8)]
    """The terms."""


class PreferredNodes(Model):
    """Nodes that are preferred."""

    weight: Weight
    """How much they are preferred."""
    preference: NodeTerm
    """Which they are."""


class NodeAffinity(Model):
    """Nodes for the pods, by the nodes' labels."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """Nodes that the pods may be put on. Absent: all."""
    preferred_during_scheduling_ignored_during_execution: Annotated[
        list[PreferredNodes], Field(max_length=8)
    ] = []
    """Nodes that the scheduler prefers."""


class LabelRequirement(Model):
    """A condition on labels."""

    cel: ClassVar[tuple[Rule, ...]] = (_WITH_VALUES, _WITHOUT_VALUES)

    key: LabelKey
    """Key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label's value is compared with values."""
    values: Annotated[list[AnyLabelValue], Field(max_length=16)] = []
    """For In and NotIn: the values."""


class LabelSelector(Model):
    """Objects by their labels; all conditions must hold, and an empty one selects everything."""

    match_labels: Annotated[dict[str, AnyLabelValue], Field(max_length=16)] = {}
    """Labels that they have."""
    match_expressions: Annotated[list[LabelRequirement], Field(max_length=8)] = []
    """Conditions on their labels."""


class PodTerm(Model):
    """Pods to be near to, or away from."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.labelSelector)"
            " || (!has(self.matchLabelKeys) && !has(self.mismatchLabelKeys))",
            "matchLabelKeys and mismatchLabelKeys need labelSelector",
            field=".labelSelector",
            reason="FieldValueRequired",
        ),
    )

    label_selector: LabelSelector | None = None
    """Which pods. Absent: none."""
    topology_key: LabelKey
    """What is near: nodes with the same value of this label, for example kubernetes.io/hostname."""
    namespaces: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=63)]], Field(max_length=16)
    ] = []
    """Namespaces of those pods. Empty, with no namespaceSelector: the object's own."""
    namespace_selector: LabelSelector | None = None
    """Namespaces of those pods, by label; an empty one selects all."""
    match_label_keys: Annotated[list[LabelKey], Field(max_length=8)] = []
    """Keys of labels in which those pods agree with this one; needs labelSelector."""
    mismatch_label_keys: Annotated[list[LabelKey], Field(max_length=8)] = []
    """Keys of labels in which those pods differ from this one; needs labelSelector."""


class PreferredPods(Model):
    """Pods whose nearness, or distance, is preferred."""

    weight: Weight
    """How much it is preferred."""
    pod_affinity_term: PodTerm
    """Which they are."""


class PodAffinity(Model):
    """Nodes for the pods, by the pods that are there already."""

    required_during_scheduling_ignored_during_execution: Annotated[
        list[PodTerm], Field(max_length=8)
    ] = []
    """All must hold for a node to be used."""
    preferred_during_scheduling_ignored_during_execution: Annotated[
        list[PreferredPods], Field(max_length=8)
    ] = []
    """What the scheduler prefers."""


class Affinity(Model):
    """Where the scheduler puts the pods, as in core/v1."""

    node_affinity: NodeAffinity | None = None
    """By the labels of nodes."""
    pod_affinity: PodAffinity | None = None
    """Near to these pods."""
    pod_anti_affinity: PodAffinity | None = None
    """Away from these pods."""

    def manifest(self) -> dict[str, Any]:
        """Return it for a pod, without what it leaves out: absent and empty selectors differ."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
