"""What a CRD cannot express, and with which words it is refused."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field

from checkrail_api.model import Model
from checkrail_operator.crdgen.schema import UnexpressibleError, structural_schema

Short = Annotated[str, Field(max_length=8)]


class Part(Model):
    size: Annotated[int, Field(ge=1)] = 3


class Node(Model):
    inner: Node | None = None


class DefaultInItem(Model):
    parts: Annotated[list[Part], Field(max_length=2)] = []


class HalfDefault(Model):
    part: Part = Part(size=4)


class Keys(Model):
    by_name: Annotated[dict[Short, Short], Field(max_length=2)] = {}


class Two(Model):
    value: Short | int


class LooseList(Model):
    value: Annotated[
        int | list[int], Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})
    ]


class Untyped(Model):
    value: Any


class OpenObject(Model):
    value: dict[str, Any]


class LongText(Model):
    text: str


class LongList(Model):
    items: list[Short]


class LargeMap(Model):
    by_name: dict[str, Short]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param(
            Node, ".inner: Node contains itself; a CRD must end somewhere", id="recursion"
        ),
        pytest.param(
            DefaultInItem,
            ".parts[].size: a default in an item of a list or map; make the field required",
            id="a default that GitOps tools would see as drift",
        ),
        pytest.param(
            HalfDefault,
            ".part: a default that its fields' own defaults do not give; change those",
            id="two defaults for one field",
        ),
        pytest.param(
            Keys,
            ".byName: propertyNames has no place in a structural schema; model it otherwise",
            id="a rule on keys",
        ),
        pytest.param(
            Two, ".value: a choice between types; use one type, or IntOrString", id="a union"
        ),
        pytest.param(
            Untyped,
            ".value: any type at all; name one; Scalar takes numbers, booleans and texts",
            id="no type",
        ),
        pytest.param(
            LooseList,
            ".value: x-kubernetes-preserve-unknown-fields on lists or objects; use Scalar",
            id="a union with lists",
        ),
        pytest.param(
            OpenObject,
            ".value: an object of unknown fields; name its fields, or use Scalars",
            id="unknown fields",
        ),
        pytest.param(
            LongText, ".text: a string of any length; give it max_length", id="unbounded text"
        ),
        pytest.param(
            LongList, ".items: a list of any length; give it max_length", id="unbounded list"
        ),
        pytest.param(
            LargeMap, ".byName: a map of any size; give it max_length", id="unbounded map"
        ),
    ],
)
def test_what_a_crd_cannot_express_is_refused_with_its_path(
    model: type[Model], message: str
) -> None:
    with pytest.raises(UnexpressibleError) as refused:
        structural_schema(model)

    assert str(refused.value) == message
