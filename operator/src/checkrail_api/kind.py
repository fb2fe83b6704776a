"""What a CustomResourceDefinition says beside its schema."""

from dataclasses import dataclass

from checkrail_api.model import Rule

GROUP = "checkrail.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"


@dataclass(frozen=True)
class Column:
    """A column of ``kubectl get``; ``wide`` ones need ``-o wide``."""

    name: str
    json_path: str
    type: str = "string"
    description: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Scale:
    """Where the scale subresource finds its figures."""

    spec_replicas_path: str = ".spec.replicas"
    status_replicas_path: str = ".status.replicas"
    label_selector_path: str = ".status.selector"


@dataclass(frozen=True)
class Crd:
    """Names and views of one kind."""

    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]
    categories: tuple[str, ...] = ("checkrail",)
    selectable_fields: tuple[str, ...] = ()
    status: bool = True
    scale: Scale | None = None
    root_cel: tuple[Rule, ...] = ()
    """Rules on the whole object; only they see ``self.metadata.name``."""


def condition_column(name: str, condition: str, what: str = "status", **kwargs: bool) -> Column:
    """Return a column that shows ``what`` (status, reason, message) of a condition type."""
    path = f'.status.conditions[?(@.type=="{condition}")].{what}'
    return Column(name, path, wide=kwargs.get("wide", False))
