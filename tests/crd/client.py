"""The API server as the schema tests speak to it: whole answers, warnings included."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx

from checkrail_api.kind import GROUP, VERSION

if TYPE_CHECKING:
    from types import TracebackType

    from harness.control_plane import ControlPlane

OURS = {
    kind: f"/apis/{GROUP}/{VERSION}/namespaces/default/{kind.lower()}s"
    for kind in ("ModelDeployment", "ModelVersion", "TrainingJob")
}
PATHS = OURS | {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "Job": "/apis/batch/v1/namespaces/default/jobs",
}


@dataclass(frozen=True)
class Answer:
    """What the API server said.

    Attributes:
        code: HTTP status.
        body: The object, or a Status that says why not.
        warnings: ``Warning`` headers, which kubectl prints and other clients hide.
    """

    code: int
    body: Any
    warnings: tuple[str, ...]

    @property
    def refusal(self) -> str:
        """Every cause as ``field: message``, a line each; the message where none is given.

        Without the cause that the API server adds whenever the schema alone refuses.
        """
        causes = self.body.get("details", {}).get("causes", [])
        lines = [
            f"{cause['field']}: {cause['message']}"
            for cause in causes
            if "some validation rules were not checked" not in cause["message"]
        ]
        return "\n".join(lines) or str(self.body.get("message", ""))


class Client:
    """Requests of the administrator, with the field validation that kubectl asks for."""

    def __init__(self, plane: ControlPlane) -> None:
        trusting = ssl.create_default_context(cafile=str(plane.layout.pki / "ca.crt"))
        trusting.load_cert_chain(plane.layout.pki / "admin.crt", plane.layout.pki / "admin.key")
        self.plane = plane
        self._http = httpx.Client(
            base_url=plane.server, verify=trusting, timeout=30, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def create(self, body: Any, *, dry_run: bool = False) -> Answer:
        """Create an object; a dry run is validated and defaulted but not stored."""
        query = {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
        return self._send("POST", PATHS[body["kind"]], json=body, params=query)

    def merge(self, body: Any, patch: Any, *, subresource: str = "") -> Answer:
        """Merge ``patch`` into the object that ``body`` names."""
        path = f"{PATHS[body['kind']]}/{body['metadata']['name']}{subresource}"
        return self._send(
            "PATCH",
            path,
            json=patch,
            params={"fieldValidation": "Strict"},
            headers={"Content-Type": "application/merge-patch+json"},
        )

    def names(self, kind: str, field_selector: str) -> list[str]:
        """Return the names of the objects that a field selector selects."""
        answer = self._send("GET", PATHS[kind], params={"fieldSelector": field_selector})
        assert answer.code == httpx.codes.OK, answer.refusal
        return [item["metadata"]["name"] for item in answer.body["items"]]

    def delete_all(self) -> None:
        """Delete every object of our kinds."""
        for path in OURS.values():
            self._send("DELETE", path)

    def schemas(self) -> set[str]:
        """Return the group versions whose schemas are published, which kubectl explain reads."""
        return set(self._send("GET", "/openapi/v3").body["paths"])

    def _send(self, method: str, path: str, **options: Any) -> Answer:
        response = self._http.request(method, path, **options)
        warnings = tuple(response.headers.get_list("warning"))
        return Answer(response.status_code, response.json(), warnings)
