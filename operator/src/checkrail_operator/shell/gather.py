"""Everything one pass reads, live: no cache, so no ghost and no stale decision."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from checkrail_api.kind import API_VERSION
from checkrail_api.names import LABEL_KIND, LABEL_OWNER
from checkrail_api.object_store import CA_KEY
from checkrail_operator.observe.raw import (
    CONFIG_MAP,
    Query,
    Raw,
    awaited_authorities,
    child_kinds,
    following_queries,
    log_lines,
    related_queries,
)
from checkrail_operator.observe.rollout_reads import rollout_reads
from checkrail_operator.plan.errors import TransientError
from checkrail_operator.plan.types import Key, Manifest
from checkrail_operator.shell.cluster import Cluster
from checkrail_operator.shell.web import Web


async def gather(cluster: Cluster, key: Key) -> Raw | None:
    """Read an object, its children, the others that its plan needs and its pods' last lines.

    Returns:
        None when the object does not exist: the garbage collector takes what it owned.
    """
    owner = await cluster.get(API_VERSION, key.kind, key.namespace, key.name)
    if owner is None:
        return None
    raw_children, related = await asyncio.gather(
        _children(cluster, key, child_kinds(owner)),
        _answers(cluster, key.namespace, related_queries(owner)),
    )
    wanted, awaited = log_lines(owner, raw_children), awaited_authorities(raw_children)
    logs, lacking = await asyncio.gather(
        asyncio.gather(*(_log(cluster, key.namespace, *each) for each in wanted.items())),
        asyncio.gather(*(_lacking(cluster, key.namespace, name) for name in awaited)),
    )
    following = following_queries(Raw(owner, raw_children, related))
    more = await _answers(cluster, key.namespace, following)
    return Raw(
        owner=owner,
        children=raw_children,
        related=unique([*related, *more]),
        lacking={name: said for name, said in zip(awaited, lacking, strict=True) if said},
        logs={pod: log for pod, log in zip(wanted, logs, strict=True) if log is not None},
    )


async def read_servers(raw: Raw, web: Web, now: datetime) -> Raw:
    """Return ``raw`` with what servers and Prometheus say, where a rollout needs that now."""
    reads = rollout_reads(raw.owner, raw.children, now)
    found, answers = await web.read(reads)
    if reads.shadow:
        return replace(raw, shadows=found)
    return replace(raw, metrics=found, answers=answers)


def unique(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return each object once: a version that is named is also found by its model."""
    return tuple({m["metadata"]["uid"]: m for m in manifests}.values())


async def _children(
    cluster: Cluster, key: Key, kinds: Iterable[tuple[str, str]]
) -> tuple[Manifest, ...]:
    labels = f"{LABEL_KIND}={key.kind},{LABEL_OWNER}={key.name}"
    lists = (_list(cluster, *kind, key.namespace, labels=labels) for kind in kinds)
    return tuple(chain.from_iterable(await asyncio.gather(*lists)))


async def _answers(
    cluster: Cluster, namespace: str, queries: Iterable[Query]
) -> tuple[Manifest, ...]:
    answers = await asyncio.gather(*(_ask(cluster, query, namespace) for query in queries))
    return unique(chain.from_iterable(answers))


async def _log(cluster: Cluster, namespace: str, pod: str, lines: int) -> str | None:
    """Return a log, or None when its node does not hand it out now: the pass goes on without."""
    try:
        return await cluster.log(namespace, pod, lines)
    except TransientError:
        return None


async def _lacking(cluster: Cluster, namespace: str, name: str) -> str:
    """Return what is missing of a ConfigMap with certificate authorities; empty if nothing is."""
    found = await cluster.get(*CONFIG_MAP, namespace, name)
    said = f"ConfigMap {name} in namespace {namespace}"
    if found is None:
        return said
    keys = (found.get("data") or {}).keys() | (found.get("binaryData") or {}).keys()
    return "" if CA_KEY in keys else f"key {CA_KEY} of {said}"


async def _ask(cluster: Cluster, query: Query, namespace: str) -> list[Manifest]:
    if query.name is None:
        where = None if query.everywhere else namespace
        return await _list(
            cluster, query.api_version, query.kind, where, fields=query.field_selector
        )
    found = await cluster.get(query.api_version, query.kind, namespace, query.name)
    return [] if found is None else [found]


async def _list(
    cluster: Cluster, api_version: str, kind: str, namespace: str | None, **selectors: Any
) -> list[Manifest]:
    pages = cluster.pages(api_version, kind, namespace, **selectors)
    return [manifest async for page in pages for manifest in page]
