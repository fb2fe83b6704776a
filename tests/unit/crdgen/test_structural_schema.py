"""What becomes of each thing a model can say."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkrail_api.model import IntOrString, Model, Rule, Scalars
from checkrail_operator.crdgen.schema import structural_schema

Short = Annotated[str, Field(max_length=8)]


class Part(Model):
    """A ``part``."""

    size: Annotated[int, Field(ge=1)] = 3
    """Size, metres."""


class Item(Model):
    """An item."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule("has(self.name)", "must have a name", field=".name", reason="FieldValueRequired"),
    )

    name: Short
    note: Short = ""


class Choice(Model):
    left: Short | None = None
    right: Short | None = None


class Items(Model):
    plain: Annotated[list[Item], Field(max_length=2)] = []
    named: Annotated[
        list[Item],
        Field(max_length=2, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]}),
    ] = []
    distinct: Annotated[
        list[Short], Field(max_length=2, json_schema_extra={"x-kubernetes-list-type": "set"})
    ] = ["a"]
    chosen: Annotated[list[Choice], Field(max_length=2)] = [Choice(left="a")]


class Values(Model):
    text: Short
    choice: Literal["A", "B"] | None = None
    fixed: Literal["ONNX"] = "ONNX"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    held: bool = False
    either: IntOrString | None = None
    anything: Scalars = {}
    by_name: Annotated[dict[str, Short], Field(max_length=2)] = {}


class Parts(Model):
    wanted: Part = Part()
    """The part,
    on two lines.

    And a paragraph."""
    other: Part | None = None


class Told(Model):
    status: Part | None = None


SHORT = {"type": "string", "maxLength": 8}
ITEM = {
    "description": "An item.",
    "type": "object",
    "x-kubernetes-validations": [
        {
            "rule": "has(self.name)",
            "message": "must have a name",
            "fieldPath": ".name",
            "reason": "FieldValueRequired",
        }
    ],
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "note": {"type": "string", "maxLength": 8},
    },
    "required": ["name"],
}
SIZE = {
    "description": "Size, metres. Default: 3.",
    "type": "integer",
    "minimum": 1,
    "default": 3,
}


def test_lists_say_how_appliers_share_them_and_items_have_no_defaults() -> None:
    assert structural_schema(Items)["properties"] == {
        "plain": {
            "type": "array",
            "maxItems": 2,
            "x-kubernetes-list-type": "atomic",
            "items": ITEM,
        },
        "named": {
            "type": "array",
            "maxItems": 2,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": ITEM,
        },
        "distinct": {
            "type": "array",
            "maxItems": 2,
            "x-kubernetes-list-type": "set",
            "items": {"type": "string", "maxLength": 8},
            "default": ["a"],
        },
        "chosen": {
            "type": "array",
            "maxItems": 2,
            "x-kubernetes-list-type": "atomic",
            "items": {"type": "object", "properties": {"left": SHORT, "right": SHORT}},
            "default": [{"left": "a"}],
        },
    }


def test_values_keep_their_type_and_bounds_and_are_never_null() -> None:
    schema = structural_schema(Values)

    assert schema["required"] == ["text"]
    assert schema["properties"] == {
        "text": {"type": "string", "maxLength": 8},
        "choice": {"type": "string", "enum": ["A", "B"]},
        "fixed": {
            "description": "Default: ONNX.",
            "type": "string",
            "enum": ["ONNX"],
            "default": "ONNX",
        },
        "share": {
            "description": "Default: 0.5.",
            "type": "number",
            "minimum": 0,
            "exclusiveMinimum": True,
            "maximum": 1,
            "exclusiveMaximum": True,
            "default": 0.5,
        },
        "held": {"description": "Default: false.", "type": "boolean", "default": False},
        "either": {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "maxLength": 1024,
        },
        "anything": {
            "type": "object",
            "maxProperties": 64,
            "additionalProperties": {
                "x-kubernetes-preserve-unknown-fields": True,
                "maxItems": 0,
                "maxProperties": 0,
                "maxLength": 256,
            },
        },
        "byName": {
            "type": "object",
            "maxProperties": 2,
            "additionalProperties": {"type": "string", "maxLength": 8},
        },
    }


def test_parts_are_written_where_they_are_used_with_what_the_field_says_of_them() -> None:
    assert structural_schema(Parts)["properties"] == {
        "wanted": {
            "description": "The part, on two lines.\n\nAnd a paragraph.",
            "type": "object",
            "properties": {"size": SIZE},
            "default": {"size": 3},
        },
        "other": {"description": "A part.", "type": "object", "properties": {"size": SIZE}},
    }


def test_the_status_has_no_defaults_for_programs_write_it_whole() -> None:
    status = structural_schema(Told)["properties"]["status"]

    assert status["properties"] == {
        "size": {"description": "Size, metres.", "type": "integer", "minimum": 1}
    }
