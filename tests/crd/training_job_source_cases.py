"""What a TrainingJob may say about its sources and the stores that hold them."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd.cases import Case


def _sources(count: int) -> list[dict[str, str]]:
    return [{"name": f"f{number}", "uri": "s3://lake/a.csv"} for number in range(count)]


CASES = {
    "there is a source": Case(
        {"spec.data.sources": []},
        "spec.data.sources: Invalid value: 0: spec.data.sources in body should have at least 1 items",
    ),
    "there are at most 32 sources": Case(
        {"spec.data.query": "SELECT 1", "spec.data.sources": _sources(33)},
        "spec.data.sources: Too many: 33: must have at most 32 items",
        accepted={"spec.data.query": "SELECT 1", "spec.data.sources": _sources(32)},
    ),
    "names of sources differ": Case(
        {"spec.data.query": "SELECT 1", "spec.data.sources": _sources(1) * 2},
        'spec.data.sources[1]: Duplicate value: {"name":"f0"}',
        accepted={"spec.data.query": "SELECT 1", "spec.data.sources": _sources(2)},
    ),
    "a source's name is a table's name in SQL": Case(
        {"spec.data.sources.0.name": "Flights-2013"},
        "spec.data.sources[0].name: Invalid value: \"Flights-2013\": spec.data.sources[0].name in body should match '^[a-z_][a-z0-9_]*$'",
        accepted={"spec.data.sources.0.name": "_flights_2013"},
    ),
    "a source is no table of the trainer's own": Case(
        {"spec.data.sources.0.name": "checkrail_joined"},
        "spec.data.sources[0].name: Forbidden: names that start with checkrail_ are tables of the trainer's own",
        accepted={"spec.data.sources.0.name": "checkrails"},
    ),
    "a source's uri names a bucket and a key": Case(
        {"spec.data.sources.0.uri": "https://lake/flights.csv"},
        "spec.data.sources[0].uri: Invalid value: \"https://lake/flights.csv\": spec.data.sources[0].uri in body should match '^(s3://[a-z0-9][a-z0-9.-]+/.+|file:///.+)$'",
        accepted={"spec.data.sources.0.uri": "s3://lake/2013/*.csv.gz"},
    ),
    "a source's suffix is its format": Case(
        {"spec.data.sources.0.uri": "s3://lake/flights.xlsx"},
        'spec.data.sources[0].uri: Invalid value: "object": must end in .parquet, .csv or .jsonl, the last two also with .gz or .zst: the suffix is the format',
        accepted={"spec.data.sources.0.uri": "s3://lake/flights.csv"},
    ),
    "Parquet compresses itself": Case(
        {"spec.data.sources.0.uri": "s3://lake/flights.parquet.gz"},
        'spec.data.sources[0].uri: Invalid value: "object": must end in .parquet, .csv or .jsonl, the last two also with .gz or .zst: the suffix is the format',
        accepted={"spec.data.sources.0.uri": "s3://lake/month=*/*.parquet"},
    ),
    "CSV and JSON lines may be compressed by gzip or Zstandard": Case(
        {"spec.data.sources.0.uri": "s3://lake/flights.csv.bz2"},
        'spec.data.sources[0].uri: Invalid value: "object": must end in .parquet, .csv or .jsonl, the last two also with .gz or .zst: the suffix is the format',
        accepted={
            "spec.data.query": "SELECT 1",
            "spec.data.sources": [
                {"name": name, "uri": f"s3://lake/{uri}"}
                for name, uri in (
                    ("a", "a.csv.gz"),
                    ("b", "b.csv.zst"),
                    ("c", "c.jsonl"),
                    ("d", "d.jsonl.gz"),
                    ("e", "e.jsonl.zst"),
                )
            ],
        },
    ),
    "a file has an absolute path": Case(
        {"spec.data.sources.0.uri": "file://flights.csv"},
        "spec.data.sources[0].uri: Invalid value: \"file://flights.csv\": spec.data.sources[0].uri in body should match '^(s3://[a-z0-9][a-z0-9.-]+/.+|file:///.+)$'",
        accepted={"spec.data.sources.0.uri": "file:///opt/data/flights.csv"},
    ),
    "a file is in no object store": Case(
        {
            "spec.data.sources.0.uri": "file:///opt/data/flights.csv",
            "spec.data.sources.0.objectStore": {"region": "us-east-1"},
        },
        "spec.data.sources[0].objectStore: Forbidden: a file is in the trainer's image, not in a store",
        accepted={"spec.data.sources.0.objectStore": {"region": "us-east-1"}},
    ),
    "an endpoint is a URL without a path": Case(
        {"spec.data.objectStore": {"endpoint": "s3.default.svc/lake"}},
        "spec.data.objectStore.endpoint: Invalid value: \"s3.default.svc/lake\": spec.data.objectStore.endpoint in body should match '^https?://[^/$]+$'",
        accepted={"spec.data.objectStore": {"endpoint": "http://s3.default.svc:9000"}},
    ),
    "an endpoint names no variable": Case(
        {"spec.data.objectStore": {"endpoint": "http://$(AWS_SECRET_ACCESS_KEY).example.com"}},
        "spec.data.objectStore.endpoint: Invalid value: \"http://$(AWS_SECRET_ACCESS_KEY).example.com\": spec.data.objectStore.endpoint in body should match '^https?://[^/$]+$'",
        accepted={"spec.data.objectStore": {"endpoint": "http://s3.example.com"}},
    ),
    "a region names no variable": Case(
        {"spec.data.objectStore": {"region": "$(AWS_SECRET_ACCESS_KEY)"}},
        "spec.data.objectStore.region: Invalid value: \"$(AWS_SECRET_ACCESS_KEY)\": spec.data.objectStore.region in body should match '^[^$]+$'",
        accepted={"spec.data.objectStore": {"region": "eu-central-1"}},
    ),
    "addressingStyle is Path or Virtual": Case(
        {"spec.data.objectStore": {"addressingStyle": "path"}},
        'spec.data.objectStore.addressingStyle: Unsupported value: "path": supported values: "Path", "Virtual"',
        accepted={"spec.data.objectStore": {"addressingStyle": "Path"}},
    ),
    "region is not empty": Case(
        {"spec.data.objectStore": {"region": ""}},
        'spec.data.objectStore.region: Invalid value: "": spec.data.objectStore.region in body should be at least 1 chars long',
        accepted={"spec.data.objectStore": {"region": "us-east-1"}},
    ),
    "a reference to a Secret has a name": Case(
        {"spec.data.objectStore": {"credentialsSecretRef": {}}},
        "spec.data.objectStore.credentialsSecretRef.name: Required value",
        accepted={"spec.data.objectStore": {"credentialsSecretRef": {"name": "s3"}}},
    ),
    "a Secret's name is a DNS subdomain": Case(
        {"spec.data.objectStore": {"credentialsSecretRef": {"name": "S3_keys"}}},
        "spec.data.objectStore.credentialsSecretRef.name: Invalid value: \"S3_keys\": spec.data.objectStore.credentialsSecretRef.name in body should match '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'",
        accepted={"spec.data.objectStore": {"credentialsSecretRef": {"name": "s3.keys"}}},
    ),
    "a Secret of another namespace cannot be named": Case(
        {"spec.data.objectStore": {"credentialsSecretRef": {"name": "s3", "namespace": "other"}}},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.data.objectStore.credentialsSecretRef.namespace"',
        accepted={"spec.data.objectStore": {"credentialsSecretRef": {"name": "s3"}}},
    ),
    "an endpoint of one source is a URL without a path": Case(
        {"spec.data.sources.0.objectStore": {"endpoint": "lake.example.com"}},
        "spec.data.sources[0].objectStore.endpoint: Invalid value: \"lake.example.com\": spec.data.sources[0].objectStore.endpoint in body should match '^https?://[^/$]+$'",
        accepted={
            "spec.data.sources.0.objectStore": {
                "endpoint": "https://lake.example.com",
                "credentialsSecretRef": {"name": "lake"},
                "caConfigMapRef": {"name": "lake-ca"},
            }
        },
    ),
    "a reference to certificate authorities has a name": Case(
        {"spec.data.objectStore": {"caConfigMapRef": {}}},
        "spec.data.objectStore.caConfigMapRef.name: Required value",
        accepted={"spec.data.objectStore": {"caConfigMapRef": {"name": "ca"}}},
    ),
    "certificate authorities are named, not written out": Case(
        {"spec.data.objectStore": {"caConfigMapRef": {"name": "ca", "key": "root.pem"}}},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.data.objectStore.caConfigMapRef.key"',
        accepted={"spec.data.objectStore": {"caConfigMapRef": {"name": "ca"}}},
    ),
}
