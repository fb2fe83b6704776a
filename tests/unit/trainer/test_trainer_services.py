"""Who opens a source: its own service or the common one, addressed as the spec says."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse

from checkrail_api.object_store import ObjectStore
from checkrail_api.run import ENV_DATA_PREFIX, ENV_STORE_PREFIX, Run, baseline_prefix, source_prefix
from checkrail_trainer.authorities import BUNDLE, bundle, trusting
from checkrail_trainer.environment import read_environment
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.s3 import Bucketeer, s3_errors
from checkrail_trainer.sources import services
from harness.run_files import small_run

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.awsrequest import AWSPreparedRequest

KEYS = {
    f"{prefix}AWS_{name}": f"{prefix}{name}"
    for prefix in ("CHECKRAIL_DATA_", "CHECKRAIL_SOURCE_1_")
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
}


def run(*sources: dict[str, Any], **store: Any) -> Run:
    named = [{"name": f"t{number}", **each} for number, each in enumerate(sources)]
    return small_run(
        {"sources": named, "objectStore": {"endpoint": "http://common:9000"}},
        store={"uri": "s3://models", **store},
    )


def test_a_source_with_a_service_of_its_own_is_opened_with_its_own_keys() -> None:
    wanted = run(
        {"uri": "s3://lake/a.csv"},
        {"uri": "s3://lake/b.csv", "objectStore": {"endpoint": "http://other:9000"}},
        {"uri": "file:///data/c.csv"},
        {"uri": "s3://lake/d.csv"},
    )

    common, other, local, again = services(wanted, KEYS)

    assert common is again
    assert local is None
    assert [(each.where, each.keys().access_key) for each in (common, other) if each] == [
        ("http://common:9000", "CHECKRAIL_DATA_ACCESS_KEY_ID"),
        ("http://other:9000", "CHECKRAIL_SOURCE_1_ACCESS_KEY_ID"),
    ]


@pytest.mark.parametrize(
    ("store", "bucket", "path"),
    [
        pytest.param({"addressingStyle": "Path"}, "lake", True, id="as written: path"),
        pytest.param({"addressingStyle": "Virtual"}, "lake", False, id="as written: virtual"),
        pytest.param({"addressingStyle": "Virtual"}, "a.b", True, id="no certificate covers it"),
        pytest.param(
            {"addressingStyle": "Virtual", "endpoint": "http://s3.example.org"},
            "a.b",
            False,
            id="no certificate is asked for",
        ),
        pytest.param(
            {"addressingStyle": "Virtual", "endpoint": "http://10.0.0.7:9000"},
            "lake",
            True,
            id="virtual, of an address",
        ),
        pytest.param(
            {"addressingStyle": "Virtual", "endpoint": "http://localhost:9000"},
            "lake",
            False,
            id="virtual, of this host",
        ),
        pytest.param({}, "lake", False, id="Amazon S3"),
        pytest.param({}, "lake.eu", True, id="a bucket with a dot"),
        pytest.param({"endpoint": "http://10.0.0.7:9000"}, "lake", True, id="an address"),
        pytest.param({"endpoint": "http://localhost:9000"}, "lake", True, id="this host"),
        pytest.param({"endpoint": "https://s3.example.org"}, "lake", True, id="a host name"),
    ],
)
def test_boto3_and_duckdb_put_the_bucket_into_the_same_part_of_the_url(
    store: dict[str, Any],
    bucket: str,
    path: bool,  # noqa: FBT001 - a table's column
) -> None:
    bucketeer = Bucketeer(ObjectStore.model_validate(store), KEYS, ENV_DATA_PREFIX)
    sent: list[str] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(urlsplit(request.url).path)
        return AWSResponse(request.url, 200, {}, HTTPResponse(BytesIO(), preload_content=False))

    bucketeer.client.meta.events.register("before-send.s3.HeadObject", answer)
    bucketeer.client.head_object(Bucket=bucket, Key="key")

    assert bucketeer.path_style([bucket]) is path
    assert sent == [f"/{bucket}/key" if path else "/key"]


@pytest.mark.parametrize(
    ("prefix", "field"),
    [
        pytest.param(ENV_DATA_PREFIX, "spec.data.objectStore", id="all sources"),
        pytest.param(source_prefix(12), "spec.data.sources[12].objectStore", id="one source"),
        pytest.param(ENV_STORE_PREFIX, "spec.store", id="the store"),
        pytest.param(
            baseline_prefix(0),
            "spec.store of the ModelVersion that a gate compares with",
            id="a baseline",
        ),
        pytest.param("", "the environment", id="the environment"),
    ],
)
def test_refused_credentials_are_named_by_the_field_that_asked_for_them(
    prefix: str, field: str
) -> None:
    bucketeer = Bucketeer(ObjectStore(endpoint="http://s3:9000"), {}, prefix)
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")

    with pytest.raises(RunFailedError) as caught, s3_errors(bucketeer, "lake"):
        raise denied

    assert caught.value.message == (
        f"http://s3:9000 refused the credentials of {field} for bucket `lake` (AccessDenied): "
        "they must be allowed to list, read and, in the store, write. Correct the Secret, or the "
        "bucket's policy"
    )


def test_a_store_that_answers_with_an_error_of_its_own_is_asked_again() -> None:
    bucketeer = Bucketeer(ObjectStore(endpoint="http://s3:9000"), {}, ENV_STORE_PREFIX)
    answer: Any = {
        "Error": {"Code": "SlowDown"},
        "ResponseMetadata": {"HTTPStatusCode": 503},
    }

    with pytest.raises(RunFailedError) as caught, s3_errors(bucketeer, "models"):
        raise ClientError(answer, "PutObject")

    assert caught.value.reason.value == "StoreUnavailable"
    assert caught.value.message == (
        "http://s3:9000 answered 503 SlowDown for bucket `models`. The run is retried; if that "
        "does not help, look at the store"
    )


def test_authorities_of_services_join_those_that_are_trusted_anyway(tmp_path: Path) -> None:
    public = bundle({}).read_text()
    begin = public.index("-----BEGIN CERTIFICATE-----")
    end = public.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----\n")
    (tmp_path / "ca" / "own").mkdir(parents=True)
    (tmp_path / "ca" / "own" / "ca.crt").write_text(public[begin:end])
    environment = read_environment(
        {"CHECKRAIL_CA_DIR": str(tmp_path / "ca"), "CHECKRAIL_SCRATCH_DIR": str(tmp_path)}
    )

    trusted = trusting(environment, run({"uri": "s3://lake/b.csv"}, caConfigMapRef={"name": "own"}))

    assert trusted.variables["AWS_CA_BUNDLE"] == str(tmp_path / BUNDLE)
    assert (tmp_path / BUNDLE).read_text() == f"{public}\n{public[begin:end]}"
    assert trusting(environment, run({"uri": "s3://lake/b.csv"})) is environment


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("no certificate", id="text"),
        pytest.param("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", id="broken"),
        pytest.param("", id="empty"),
    ],
)
def test_authorities_that_are_none_are_refused_by_the_name_of_their_config_map(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "ca.crt").write_text(text)
    environment = read_environment({"CHECKRAIL_CA_DIR": str(tmp_path)})

    with pytest.raises(RunFailedError, match="ConfigMap `own`, named by caConfigMapRef") as caught:
        trusting(environment, run({"uri": "s3://lake/b.csv"}, caConfigMapRef={"name": "own"}))

    assert caught.value.reason.value == "InvalidSpec"
