"""Which objects a child needs, so that it is not applied while one of them is missing."""

from collections.abc import Iterator

from checkrail_operator.plan.types import Manifest


def backing(child: Manifest) -> frozenset[tuple[str, str]]:
    """Return kind and name of what ``child`` sends requests to or mounts.

    A backend without a share gets no request: a route that takes traffic off it needs it not.
    """
    match child["kind"]:
        case "HTTPRoute":
            return frozenset(_backends(child))
        case "Job":
            volumes = child["spec"]["template"]["spec"].get("volumes", ())
            return frozenset(
                ("ConfigMap", v["configMap"]["name"]) for v in volumes if "configMap" in v
            )
        case _:
            return frozenset()


def _backends(route: Manifest) -> Iterator[tuple[str, str]]:
    for rule in route["spec"]["rules"]:
        for backend in rule["backendRefs"]:
            if backend["weight"]:
                yield backend["kind"], backend["name"]
