"""The base of every API type: strict where people write, lenient where programs report."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


@dataclass(frozen=True)
class Rule:
    """A validation in CEL that the API server runs; the CRD generator hands it on.

    Attributes:
        rule: True for what is allowed; ``self`` is the part the rule belongs to.
        message: What must be, in the user's words.
        field: Path below that part that the answer points to: ``.timeColumn``; else the part.
        reason: How the API server words its answer.
    """

    rule: str
    message: str
    field: str = ""
    reason: Literal["FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired"] = (
        "FieldValueInvalid"
    )


class Model(BaseModel):
    """A part of a custom resource: camelCase on the wire, frozen, unknown fields refused.

    The CRD generator turns ``cel`` into ``x-kubernetes-validations`` and attribute docstrings into
    what ``kubectl explain`` says.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        defer_build=True,  # a server uses few of them, and starts sooner
    )

    cel: ClassVar[tuple[Rule, ...]] = ()

    def dump(self) -> dict[str, Any]:
        """Return the JSON form: aliases as keys, absent instead of null."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Report(Model):
    """What one of our programs tells another; an older reader skips newer fields."""

    model_config = ConfigDict(extra="ignore")


Name = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
"""Name of an object in the same namespace (DNS-1123 subdomain)."""

ModelName = Annotated[
    str, Field(min_length=1, max_length=54, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
]
"""Name of a line of versions; a version's name adds ``-`` and 8 hexadecimal digits to it."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", min_length=64, max_length=64)]
"""A SHA-256 digest in lower-case hexadecimal."""

Decimal = Annotated[str, Field(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$")]
"""A decimal number, not negative, as a string, so that every client reads the same figure."""

SignedDecimal = Annotated[
    str, Field(max_length=32, pattern=r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$")
]
"""A decimal number as a string."""

LabelValue = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
]
"""The value of a Kubernetes label."""

ColumnName = Annotated[str, Field(min_length=1, max_length=128)]
"""Name of a column of the joined table."""

SourceUri = Annotated[
    str, Field(max_length=1024, pattern=r"^(s3://[a-z0-9][a-z0-9.-]+/.+|file:///.+)$")
]
"""A key or glob in a bucket, ``s3://bucket/key``, or in the image, ``file:///path``."""

PrefixUri = Annotated[str, Field(max_length=1024, pattern=r"^s3://[a-z0-9][a-z0-9.-]+(/[^/]+)*/?$")]
"""A bucket, or a prefix in it: ``s3://bucket/prefix``."""

IntOrString = Annotated[
    int | Annotated[str, Field(max_length=1024)],
    Field(json_schema_extra={"x-kubernetes-int-or-string": True}),
]
"""A whole number, or text."""

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""How many, of anything. A status cannot hold numbers beyond 64 bits, which only forged reports
have; up to this one every reader of JSON keeps the exact number."""

Seconds = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A time to wait, seconds."""

Quantity = Annotated[
    Annotated[int, Field(ge=0)]
    | Annotated[
        str,
        Field(
            max_length=32,
            pattern=r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$",
        ),
    ],
    Field(json_schema_extra={"x-kubernetes-int-or-string": True}),
]
"""A Kubernetes resource quantity, not negative, for example ``500m`` or ``2Gi``."""

Scalar = Annotated[
    bool | int | float | Annotated[str, Field(max_length=256)],
    Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True}),
]
"""A number, a truth value or a short text."""

Scalars = Annotated[dict[str, Scalar], Field(max_length=64)]
"""Any names with scalar values. Nothing nested: a deep or huge object costs every program that
reads it, the operator of all tenants first, far more than its author."""
