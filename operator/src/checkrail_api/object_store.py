"""Where objects are kept, and as whom they are read and written."""

from typing import Annotated, Literal

from pydantic import Field

from checkrail_api.model import Model, Name, PrefixUri

CREDENTIAL_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Keys of a credentials Secret, the AWS variable names; the last one is optional."""


CA_KEY = "ca.crt"
"""Key of a ConfigMap with certificate authorities."""


class LocalRef(Model):
    """An object in the same namespace."""

    name: Name
    """Name of the object."""


class ObjectStore(Model):
    """An S3-compatible service and the Secret that opens it."""

    endpoint: Annotated[str, Field(max_length=512, pattern=r"^https?://[^/$]+$")] | None = None
    """URL of the service, for example http://s3.default.svc:9000. Absent: Amazon S3."""

    region: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^$]+$")] | None = None
    """Region that requests are signed for. Absent: the operator's default."""

    addressing_style: Literal["Path", "Virtual"] | None = None
    """Path puts the bucket into the URL's path (most S3-compatible servers); Virtual puts it into
    the host name (Amazon S3). Absent: the operator's default, or else Path where there is an
    endpoint."""

    credentials_secret_ref: LocalRef | None = None
    """Secret with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and optionally AWS_SESSION_TOKEN.
    Absent: the pod's own identity."""

    ca_config_map_ref: LocalRef | None = None
    """ConfigMap whose key ca.crt holds the certificate authorities of the endpoint, PEM. Absent:
    the public ones."""


class Store(ObjectStore):
    """Where artifacts are published."""

    uri: PrefixUri
    """Prefix under which models are kept: s3://bucket/prefix."""
