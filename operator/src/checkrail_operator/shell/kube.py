"""The API server: the only door through which the operator reads and writes the cluster."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.dynamic import DynamicClient

from checkrail_operator.plan.errors import InvalidSpecError, TransientError
from checkrail_operator.plan.types import Manifest, Ref
from checkrail_operator.shell.cluster import StatusRefusedError
from checkrail_operator.shell.kinds import resource
from checkrail_operator.shell.translate import CONFLICT, NOT_FOUND, status_of, translated

MANAGER = "checkrail"
OVERLAY_MANAGER = "checkrail-overlay"
"""Owns what changes in objects that else stay as they were made: to server-side apply, the manager
that made them would otherwise take everything else away."""
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
WITH_PORTS = frozenset({"Deployment", "Service"})
"""Kinds with lists of ports, whose names an apply can make clash."""
PAGE = 500
LINE_BYTES = 16_384
"""Where container runtimes cut a line in two."""
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
"""Of one request, seconds."""

Recorder = Callable[[str, str, str], None]
"""Told of every answer: verb, kind, status code (or the name of the failure)."""


class KubeCluster:
    """``Cluster`` by kubernetes' asyncio client; server-side apply with one field manager."""

    def __init__(
        self,
        api: ApiClient,
        *,
        may_write: Callable[[], None],
        record: Recorder,
        namespaces: Sequence[str] = (),
    ) -> None:
        """Use ``api``.

        Args:
            api: The configured client; the caller closes it.
            namespaces: Where the operator has its rights; empty means all.
            may_write: Asked before each write; does not return when the Lease is lost.
            record: Told of every answer.
        """
        self._client: Any = DynamicClient(api)  # type: ignore[no-untyped-call]
        self._may_write = may_write
        self._record = record
        self._namespaces = namespaces or (None,)

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return one object, or None."""
        target = resource(self._client, api_version, kind)
        path = target.path(name=name, namespace=namespace)
        answer = await self._send("get", kind, f"get {kind} {name}", path, absent=True)
        return None if answer is None else await _json(answer)

    async def pages(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[list[Manifest]]:
        """Yield the objects page by page; nothing when the cluster does not know the kind."""
        query = {"label_selector": labels, "field_selector": fields, "limit": PAGE}
        for each in self._namespaces if namespace is None else (namespace,):
            path = resource(self._client, api_version, kind).path(namespace=each)
            async for page in self._pages(api_version, kind, path, query):
                yield page

    async def _pages(
        self, api_version: str, kind: str, path: str, query: dict[str, Any]
    ) -> AsyncIterator[list[Manifest]]:
        more: str | None = None
        while True:
            answer = await self._send(
                "list", kind, f"list {kind}", path, absent=True, _continue=more, **query
            )
            if answer is None:
                return
            page = await _json(answer)
            yield [{"apiVersion": api_version, "kind": kind, **item} for item in page["items"]]
            more = page["metadata"].get("continue")
            if not more:
                return

    async def log(self, namespace: str, pod: str, lines: int) -> str:
        """Return the last lines of a pod's log, 16 KiB of each; empty when there is none."""
        path = resource(self._client, "v1", "Pod").path(name=pod, namespace=namespace) + "/log"
        query = [("tailLines", lines), ("limitBytes", lines * LINE_BYTES)]
        try:
            answer = await self._send(
                "log", "Pod", f"log of Pod {pod}", path, absent=True, query_params=query
            )
        except InvalidSpecError:  # 400: the container has not started, or is gone already
            return ""
        return "" if answer is None else (await answer.read()).decode(errors="replace")

    async def create(self, manifest: Manifest) -> bool:
        """Create an object and return whether it was made: False when the name is taken."""
        kind, metadata = manifest["kind"], manifest["metadata"]
        target = resource(self._client, manifest["apiVersion"], kind)
        try:
            await self._write(
                "post",
                kind,
                f"create {kind} {metadata['name']}",
                target.path(namespace=metadata["namespace"]),
                body=manifest,
                field_manager=MANAGER,
            )
        except _AlreadyExistsError:
            return False
        return True

    async def apply(self, manifest: Manifest, *, uid: str | None = None) -> None:
        """Server-side apply; with ``uid`` only to the object that has it.

        A port that somebody changed stays in its list beside ours, and makes what we apply invalid:
        two ports of one name. A merge patch replaces lists whole, so where an apply to an object
        with ports is refused, its spec goes first in one.
        """
        if uid is not None:
            manifest = {**manifest, "metadata": {**manifest["metadata"], "uid": uid}}
        kind, metadata = manifest["kind"], manifest["metadata"]
        target = resource(self._client, manifest["apiVersion"], kind)
        what = f"apply {kind} {metadata['name']}"
        try:
            await self._apply(kind, what, target, manifest)
        except InvalidSpecError:
            if uid is None or kind not in WITH_PORTS:
                raise
            identity = {field: metadata[field] for field in ("name", "namespace", "uid")}
            part = {"metadata": identity, "spec": manifest["spec"]}
            await self._merge(kind, what, target, part)
            await self._apply(kind, what, target, manifest)

    async def overlay(self, part: Manifest) -> None:
        """Server-side apply a part of the object that has the ``uid`` in ``part``, and no more."""
        kind, name = part["kind"], part["metadata"]["name"]
        target = resource(self._client, part["apiVersion"], kind)
        await self._apply(kind, f"apply part of {kind} {name}", target, part, OVERLAY_MANAGER)

    async def apply_status(self, owner: Manifest, status: Manifest) -> None:
        """Write the whole status, if the owner is still exactly as it was read."""
        kind, metadata = owner["kind"], owner["metadata"]
        kept = ("name", "namespace", "uid", "resourceVersion")
        manifest = {
            "apiVersion": owner["apiVersion"],
            "kind": kind,
            "metadata": {field: metadata[field] for field in kept},
            "status": status,
        }
        target = resource(self._client, owner["apiVersion"], kind).subresources["status"]
        what = f"apply status of {kind} {metadata['name']}"
        try:
            await self._apply(f"{kind}/status", what, target, manifest)
        except InvalidSpecError as error:
            raise StatusRefusedError(str(error)) from error

    async def set_finalizers(self, owner: Manifest, finalizers: Sequence[str]) -> None:
        """Replace the finalizers, if the owner is still exactly as it was read."""
        kind, metadata = owner["kind"], owner["metadata"]
        kept = ("name", "namespace", "uid", "resourceVersion")
        expected = {field: metadata[field] for field in kept}
        await self._merge(
            kind,
            f"set finalizers of {kind} {metadata['name']}",
            resource(self._client, owner["apiVersion"], kind),
            {"metadata": {**expected, "finalizers": list(finalizers)}},
            absent=True,
        )

    async def delete(self, ref: Ref) -> None:
        """Delete the object, dependents in the background, if it is still exactly as seen."""
        path = resource(self._client, ref.api_version, ref.kind).path(
            name=ref.name, namespace=ref.namespace
        )
        body = {
            "propagationPolicy": "Background",
            "preconditions": {"uid": ref.uid, "resourceVersion": ref.resource_version},
        }
        await self._write(
            "delete", ref.kind, f"delete {ref.kind} {ref.name}", path, body=body, absent=True
        )

    async def create_lease(self, manifest: Manifest) -> Manifest:
        """Create the Lease; ``TransientError`` when somebody else just did."""
        kind, namespace = manifest["kind"], manifest["metadata"]["namespace"]
        path = resource(self._client, manifest["apiVersion"], kind).path(namespace=namespace)
        try:
            answer = await self._send("post", kind, f"create {kind}", path, body=manifest)
        except _AlreadyExistsError as error:
            raise TransientError("somebody else just created the Lease") from error
        return await _json(answer)

    async def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object that is still at its ``resourceVersion``; for the Lease itself.

        The Lease is what ``may_write`` asks for, so it alone is written without asking.
        """
        kind, metadata = manifest["kind"], manifest["metadata"]
        path = resource(self._client, manifest["apiVersion"], kind).path(
            name=metadata["name"], namespace=metadata["namespace"]
        )
        answer = await self._send("put", kind, f"replace {kind}", path, body=manifest)
        return await _json(answer)

    async def _apply(
        self, kind: str, what: str, target: Any, manifest: Manifest, manager: str = MANAGER
    ) -> None:
        how = {"content_type": APPLY, "field_manager": manager, "force_conflicts": True}
        await self._patch(kind, what, target, manifest, **how)

    async def _merge(
        self, kind: str, what: str, target: Any, part: Manifest, *, absent: bool = False
    ) -> None:
        how = {"content_type": MERGE, "field_manager": MANAGER, "absent": absent}
        await self._patch(kind, what, target, part, **how)

    async def _patch(self, kind: str, what: str, target: Any, body: Manifest, **how: Any) -> None:
        metadata = body["metadata"]
        path = target.path(name=metadata["name"], namespace=metadata["namespace"])
        await self._write("patch", kind, what, path, body=body, **how)

    async def _write(self, verb: str, kind: str, what: str, path: str, **arguments: Any) -> None:
        self._may_write()
        answer = await self._send(verb, kind, what, path, **arguments)
        if answer is not None:
            answer.release()

    async def _send(
        self, verb: str, kind: str, what: str, path: str, *, absent: bool = False, **arguments: Any
    ) -> Any:
        method = "get" if verb in {"list", "log"} else verb
        with translated(what):
            try:
                answer = await self._client.request(
                    method, path, serialize=False, _request_timeout=TIMEOUT, **arguments
                )
            except ApiException as error:
                if absent and error.status == NOT_FOUND:
                    return None  # an answer, not a failure
                self._record(verb, kind, str(error.status))
                if error.status == CONFLICT and status_of(error).get("reason") == "AlreadyExists":
                    raise _AlreadyExistsError from error
                raise
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self._record(verb, kind, type(error).__name__)
                raise
        self._record(verb, kind, str(answer.status))
        return answer


class _AlreadyExistsError(Exception):
    """The name is taken."""


async def _json(answer: Any) -> dict[str, Any]:
    """Return the body of an answer.

    Raises:
        TransientError: It did not arrive, is cut off, or is nested too deep to be read.
    """
    with translated("read an answer"):
        try:
            body: dict[str, Any] = await answer.json()
        except (RecursionError, ValueError) as error:
            raise TransientError(
                f"the API server's answer is no JSON we can read: {error}"
            ) from error
    return body
