"""What the tests of both images rely on: an S3 server that behaves like the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


def test_objects_are_read_back_and_listed(object_store: ObjectStoreServer) -> None:
    object_store.make_bucket("shelf")
    object_store.put("s3://shelf/a/one", b"1")
    object_store.put("s3://shelf/a/two", b"2")

    assert object_store.get("s3://shelf/a/one") == b"1"
    assert object_store.keys("s3://shelf/a/") == ["one", "two"]


def test_a_conditional_write_never_replaces_an_object(object_store: ObjectStoreServer) -> None:
    object_store.make_bucket("once")
    client = object_store.client()
    client.put_object(Bucket="once", Key="key", Body=b"first", IfNoneMatch="*")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket="once", Key="key", Body=b"second", IfNoneMatch="*")

    assert object_store.get("s3://once/key") == b"first"
