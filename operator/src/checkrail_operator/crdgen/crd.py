"""One CustomResourceDefinition from one kind's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from checkrail_api.kind import GROUP, VERSION, Column, Crd
from checkrail_api.model_deployment import ModelDeployment
from checkrail_api.model_version import ModelVersion
from checkrail_api.training_job import TrainingJob
from checkrail_operator.crdgen.schema import VALIDATIONS, structural_schema, validations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_api.model import Model

KINDS: Sequence[type[Model]] = (ModelDeployment, ModelVersion, TrainingJob)

_OBJECT_FIELDS = {
    "apiVersion": {
        "description": "Group and version of this representation: checkrail.dev/v1alpha1.",
        "type": "string",
    },
    "kind": {
        "description": "Kind of the object.",
        "type": "string",
    },
    "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
}


class _Kind(Protocol):
    crd: Crd


def custom_resource_definition(model: type[Model]) -> dict[str, Any]:
    """Write the kind that ``model`` describes, which needs a ``crd``.

    Raises:
        UnexpressibleError: See ``structural_schema``.
    """
    kind: type[_Kind] = model  # type: ignore[assignment]  # a ClassVar only the kinds have
    crd = kind.crd
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{crd.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "categories": list(crd.categories),
                "kind": crd.kind,
                "listKind": f"{crd.kind}List",
                "plural": crd.plural,
                "shortNames": list(crd.short_names),
                "singular": crd.singular,
            },
            "scope": "Namespaced",
            "versions": [_version(crd, _root_schema(model, crd))],
        },
    }


def _version(crd: Crd, schema: dict[str, Any]) -> dict[str, Any]:
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [_column(column) for column in crd.columns],
        "schema": {"openAPIV3Schema": schema},
    }
    if crd.selectable_fields:
        version["selectableFields"] = [{"jsonPath": path} for path in crd.selectable_fields]
    if subresources := _subresources(crd):
        version["subresources"] = subresources
    return version


def _root_schema(model: type[Model], crd: Crd) -> dict[str, Any]:
    schema = structural_schema(model)
    schema["properties"] = _OBJECT_FIELDS | schema["properties"]
    if crd.root_cel:
        schema[VALIDATIONS] = schema.get(VALIDATIONS, []) + validations(crd.root_cel)
    return schema


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.json_path,
        **({"description": column.description} if column.description else {}),
        **({"priority": 1} if column.wide else {}),
    }


def _subresources(crd: Crd) -> dict[str, Any]:
    subresources: dict[str, Any] = {"status": {}} if crd.status else {}
    if crd.scale:
        subresources["scale"] = {
            "specReplicasPath": crd.scale.spec_replicas_path,
            "statusReplicasPath": crd.scale.status_replicas_path,
            "labelSelectorPath": crd.scale.label_selector_path,
        }
    return subresources
