"""From one pydantic model to one structural schema, the dialect that the API server speaks.

Pydantic writes JSON Schema 2020-12: references, ``anyOf`` with null, numbers as exclusive bounds.
A structural schema has none of that: every node states its type, nothing is shared, absence is
the only null. What has no translation raises, with the path of the field.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from checkrail_operator.crdgen.defaults import filled, is_empty, without_empty
from checkrail_operator.crdgen.docstrings import attribute_docstrings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

    from checkrail_api.model import Model, Rule

Schema = dict[str, Any]

INT_OR_STRING = "x-kubernetes-int-or-string"
PRESERVE = "x-kubernetes-preserve-unknown-fields"
LIST_TYPE = "x-kubernetes-list-type"
MAP_KEYS = "x-kubernetes-list-map-keys"
VALIDATIONS = "x-kubernetes-validations"

_KEPT = (
    "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf",
    "minItems", "maxItems", "minProperties", "maxProperties", VALIDATIONS,
)  # fmt: skip
_TRANSLATED = {
    "type", "title", "description", "default", "const", "exclusiveMinimum", "exclusiveMaximum",
    "items", "properties", "required", "additionalProperties",
    INT_OR_STRING, PRESERVE, LIST_TYPE, MAP_KEYS,
}  # fmt: skip
_JSON_TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


class UnexpressibleError(Exception):
    """A model asks for what a structural schema cannot say; the message names the field."""


@dataclass(frozen=True)
class _Place:
    """Where in the kind a node stands.

    Attributes:
        path: Fields from the root, as users write them.
        definitions: What references point to.
        within: Names of the definitions that enclose the node.
        is_told: In the status, which programs write whole: a default there would only decorate.
        is_item: In a list or map, where a default makes GitOps tools see endless differences.
    """

    path: str
    definitions: Mapping[str, Schema]
    within: tuple[str, ...] = ()
    is_told: bool = False
    is_item: bool = False

    def field(self, name: str) -> _Place:
        told = self.is_told or (not self.path and name == "status")
        return replace(self, path=f"{self.path}.{name}", is_told=told)

    def item(self, mark: str) -> _Place:
        return replace(self, path=f"{self.path}{mark}", is_item=True)

    def fail(self, found: str, advice: str) -> UnexpressibleError:
        return UnexpressibleError(f"{self.path or '.'}: {found}; {advice}")


class _WithRules(GenerateJsonSchema):
    """Pydantic's generator, which also carries each model's CEL rules and docstrings."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        model, json_schema = schema["cls"], super().model_schema(schema)
        if rules := validations(model.cel):
            json_schema[VALIDATIONS] = rules
        for name, text in attribute_docstrings(model).items():
            if field := model.model_fields.get(name):
                json_schema["properties"][field.alias or name].setdefault("description", text)
        return json_schema


def validations(rules: Iterable[Rule]) -> list[Schema]:
    """Write CEL rules as ``x-kubernetes-validations``."""
    return [
        {
            "rule": rule.rule,
            "message": rule.message,
            **({"fieldPath": rule.field} if rule.field else {}),
            **({"reason": rule.reason} if rule.reason != "FieldValueInvalid" else {}),
        }
        for rule in rules
    ]


def structural_schema(model: type[Model]) -> Schema:
    """Write ``model`` as a structural schema.

    Raises:
        UnexpressibleError: A field has no translation, or no bound: the cost of a rule in CEL is
            estimated from the bounds, and etcd holds 1.5 MiB an object.
    """
    raw = model.model_json_schema(by_alias=True, schema_generator=_WithRules)
    return _convert(raw, _Place("", raw.pop("$defs", {})))


def _convert(raw: Schema, place: _Place) -> Schema:
    node, place = _flat(raw, place)
    if unknown := sorted(set(node) - _TRANSLATED - set(_KEPT)):
        raise place.fail(f"{unknown[0]} has no place in a structural schema", "model it otherwise")
    schema = _type(node, place)
    schema |= {key: node[key] for key in _KEPT if key in node}
    schema |= _exclusive_bounds(node)
    schema |= _contents(node, place)
    _require_bound(schema, place)
    schema |= _default(node, schema, place)
    return _description(node, schema) | schema


def _flat(node: Schema, place: _Place) -> tuple[Schema, _Place]:
    """Replace references and choices by the one schema they stand for; siblings win."""
    while True:
        siblings = {key: value for key, value in node.items() if key not in {"$ref", "anyOf"}}
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/$defs/")
            if name in place.within:
                raise place.fail(f"{name} contains itself", "a CRD must end somewhere")
            place = replace(place, within=(*place.within, name))
            node = place.definitions[name] | siblings
        elif "anyOf" in node:
            node = _one_of(node["anyOf"], siblings, place) | siblings
        else:
            return node, place


def _one_of(branches: list[Schema], siblings: Schema, place: _Place) -> Schema:
    """Return the branch that is not null, or the merged branches of an int-or-string or scalar."""
    values = [branch for branch in branches if branch.get("type") != "null"]
    if INT_OR_STRING in siblings:
        if {branch.get("type") for branch in values} != {"integer", "string"}:
            raise place.fail(f"{INT_OR_STRING} on other types", "use an integer and a string")
        return _merged(values)
    if PRESERVE in siblings:
        if not {branch.get("type") for branch in values} <= {
            "boolean",
            "integer",
            "number",
            "string",
        }:
            raise place.fail(f"{PRESERVE} on lists or objects", "use Scalar")
        return _merged(values)
    if len(values) != 1:
        raise place.fail("a choice between types", "use one type, or IntOrString")
    return values[0]


def _merged(branches: list[Schema]) -> Schema:
    """Join choices: a bound on strings says nothing about numbers, nor the other way round."""
    return {key: value for branch in branches for key, value in branch.items() if key != "type"}


def _type(node: Schema, place: _Place) -> Schema:
    if INT_OR_STRING in node:
        return {"anyOf": [{"type": "integer"}, {"type": "string"}], INT_OR_STRING: True}
    if "const" in node:
        return {"type": _JSON_TYPES[type(node["const"])], "enum": [node["const"]]}
    if PRESERVE in node:
        # a structural schema has no union of scalars: what is no scalar must be empty
        return {PRESERVE: True, "maxItems": 0, "maxProperties": 0}
    if "type" not in node:
        raise place.fail("any type at all", "name one; Scalar takes numbers, booleans and texts")
    return {"type": node["type"]}


def _exclusive_bounds(node: Schema) -> Schema:
    """Write exclusive bounds as OpenAPI 3.0 does: the number, and a flag beside it."""
    bounds: Schema = {}
    for side in ("minimum", "maximum"):
        exclusive = f"exclusive{side.capitalize()}"
        if exclusive in node:
            bounds |= {side: node[exclusive], exclusive: True}
    return bounds


def _contents(node: Schema, place: _Place) -> Schema:
    match node.get("type"):
        case "array":
            return _list(node, place)
        case "object":
            return _object(node, place)
        case _:
            return {}


def _list(node: Schema, place: _Place) -> Schema:
    if MAP_KEYS in node:
        kind = {LIST_TYPE: "map", MAP_KEYS: node[MAP_KEYS]}
    else:
        kind = {LIST_TYPE: node.get(LIST_TYPE, "atomic")}
    return kind | {"items": _convert(node["items"], place.item("[]"))}


def _object(node: Schema, place: _Place) -> Schema:
    if "properties" in node:
        fields = {
            name: _convert(field, place.field(name)) for name, field in node["properties"].items()
        }
        required = {"required": node["required"]} if node.get("required") else {}
        return {"properties": fields} | required
    values = node.get("additionalProperties")
    if not isinstance(values, dict):
        raise place.fail("an object of unknown fields", "name its fields, or use Scalars")
    return {"additionalProperties": _convert(values, place.item("{}"))}


def _require_bound(schema: Schema, place: _Place) -> None:
    match schema.get("type"):
        case "string" if "maxLength" not in schema and "enum" not in schema:
            raise place.fail("a string of any length", "give it max_length")
        case "array" if "maxItems" not in schema:
            raise place.fail("a list of any length", "give it max_length")
        case "object" if "additionalProperties" in schema and "maxProperties" not in schema:
            raise place.fail("a map of any size", "give it max_length")


def _default(node: Schema, schema: Schema, place: _Place) -> Schema:
    """Return the default as the API server fills it in, or nothing.

    An empty default (no text, list or map) means what absence means, and is left out so that
    objects are not decorated. A part's default is written out whole: the API server checks it
    against the part's rules before the defaults of its fields would fill it.
    """
    default = without_empty(node.get("default"))
    if is_empty(default) or place.is_told:
        return {}
    if place.is_item:
        raise place.fail("a default in an item of a list or map", "make the field required")
    if "properties" in schema and default != filled(schema):
        raise place.fail("a default that its fields' own defaults do not give", "change those")
    return {"default": default}


def _description(node: Schema, schema: Schema) -> Schema:
    """Return the docstring with the default, which ``kubectl explain`` does not show by itself.

    Lines are joined, for kubectl wraps them anew; paragraphs are kept.
    """
    paragraphs = node.get("description", "").replace("``", "").split("\n\n")
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    match schema.get("default"):
        case bool(default):
            text = f"{text} Default: {str(default).lower()}.".lstrip()
        case str(default) | int(default) | float(default):
            text = f"{text} Default: {default}.".lstrip()
    return {"description": text} if text else {}
