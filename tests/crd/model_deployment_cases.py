"""What a ModelDeployment may say."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from typing import Any

from crd.cases import ABSENT, Case, example


def _steps(count: int) -> list[dict[str, int]]:
    return [{"weight": number, "holdSeconds": 0} for number in range(1, count + 1)]


def _hosts(count: int) -> list[str]:
    return [f"h{number}.example.com" for number in range(count)]


SPREAD = "spec.pod.topologySpreadConstraints"
CONSTRAINT = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}


def spread(**constraint: int | str) -> dict[str, Any]:
    """Return the change that spreads the pods under one constraint."""
    return {SPREAD: [{**CONSTRAINT, **constraint}]}


def decision_log(**fields: Any) -> dict[str, Any]:
    """Return the change that asks for a decision log."""
    return {"spec.server": {"decisionLog": {"store": {"uri": "s3://audit/decisions"}, **fields}}}


EXAMPLE = example(
    "ModelDeployment",
    "flight-delays",
    {
        "model": {"follow": {"model": "flight-delays"}},
        "traffic": {"gateway": {"parentRefs": [{"name": "checkrail"}]}},
    },
)

CASES = {
    "the name has at most 54 characters": Case(
        {"metadata.name": "a" * 55},
        "metadata.name: Invalid value: \"object\": must have at most 54 characters, start with a letter and hold only lower-case letters, digits and '-': Services are named after it",
        accepted={"metadata.name": "a" * 54},
    ),
    "the name is one of a Service": Case(
        {"metadata.name": "1.a"},
        "metadata.name: Invalid value: \"object\": must have at most 54 characters, start with a letter and hold only lower-case letters, digits and '-': Services are named after it",
        accepted={"metadata.name": "a-1"},
    ),
    "spec is required": Case({"spec": ABSENT}, "spec: Required value"),
    "an unknown field is refused, not ignored": Case(
        {"spec.autoscaler": {}},
        'ModelDeployment in version "v1alpha1" cannot be handled as a ModelDeployment: strict decoding error: unknown field "spec.autoscaler"',
    ),
    "a model is pinned or followed, not both": Case(
        {"spec.model.versionRef": {"name": "a-01234567"}},
        'spec.model: Invalid value: "object": set exactly one of versionRef and follow',
        accepted={"spec.model": {"versionRef": {"name": "a-01234567"}}},
    ),
    "a model is pinned or followed": Case(
        {"spec.model": {}},
        'spec.model: Invalid value: "object": set exactly one of versionRef and follow',
    ),
    "a version's name is a DNS subdomain": Case(
        {"spec.model": {"versionRef": {"name": "A_01234567"}}},
        "spec.model.versionRef.name: Invalid value: \"A_01234567\": spec.model.versionRef.name in body should match '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'",
        accepted={"spec.model": {"versionRef": {"name": "a-01234567"}}},
    ),
    "a followed model's name starts with a letter": Case(
        {"spec.model.follow.model": "-a"},
        "spec.model.follow.model: Invalid value: \"-a\": spec.model.follow.model in body should match '^[a-z]([-a-z0-9]*[a-z0-9])?$'",
        accepted={"spec.model.follow.model": "a"},
    ),
    "replicas are not negative": Case(
        {"spec.replicas": -1},
        (
            "spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0\n"
            ".spec.replicas: Invalid value: -1: should be a non-negative integer"
        ),
        accepted={"spec.replicas": 0},
    ),
    "replicas are at most 1000": Case(
        {"spec.replicas": 1001},
        "spec.replicas: Invalid value: 1001: spec.replicas in body should be less than or equal to 1000",
        accepted={"spec.replicas": 1000},
    ),
    "an autoscaler's bounds are in order": Case(
        {"spec.autoscaling": {"minReplicas": 3, "maxReplicas": 2}},
        'spec.autoscaling.minReplicas: Invalid value: "object": must not be larger than maxReplicas',
        accepted={"spec.autoscaling": {"minReplicas": 2, "maxReplicas": 2}},
    ),
    "an autoscaler's most pods are named": Case(
        {"spec.autoscaling": {"minReplicas": 2}},
        "spec.autoscaling.maxReplicas: Required value",
        accepted={"spec.autoscaling": {"maxReplicas": 1}},
    ),
    "an autoscaler keeps one pod at least": Case(
        {"spec.autoscaling": {"minReplicas": 0, "maxReplicas": 2}},
        "spec.autoscaling.minReplicas: Invalid value: 0: spec.autoscaling.minReplicas in body should be greater than or equal to 1",
        accepted={"spec.autoscaling": {"minReplicas": 1, "maxReplicas": 2}},
    ),
    "an autoscaler makes at most 1000 pods": Case(
        {"spec.autoscaling": {"maxReplicas": 1001}},
        "spec.autoscaling.maxReplicas: Invalid value: 1001: spec.autoscaling.maxReplicas in body should be less than or equal to 1000",
        accepted={"spec.autoscaling": {"maxReplicas": 1000}},
    ),
    "an autoscaler aims at some use of CPU": Case(
        {"spec.autoscaling": {"maxReplicas": 2, "targetCPUUtilizationPercent": 0}},
        "spec.autoscaling.targetCPUUtilizationPercent: Invalid value: 0: spec.autoscaling.targetCPUUtilizationPercent in body should be greater than or equal to 1",
        accepted={"spec.autoscaling": {"maxReplicas": 2, "targetCPUUtilizationPercent": 1}},
    ),
    "an autoscaler needs a request to measure by": Case(
        {
            "spec.autoscaling": {"maxReplicas": 2},
            "spec.server": {"resources": {"requests": {"memory": "1Gi"}}},
        },
        'spec.autoscaling: Invalid value: "object": needs a request of cpu in server.resources: utilization is a share of it',
        accepted={
            "spec.autoscaling": {"maxReplicas": 2},
            "spec.server": {"resources": {"limits": {"cpu": 1}}},
        },
    ),
    "server.image is not empty": Case(
        {"spec.server": {"image": ""}},
        'spec.server.image: Invalid value: "": spec.server.image in body should be at least 1 chars long',
        accepted={"spec.server": {"image": "server:1"}},
    ),
    "server.image has no space": Case(
        {"spec.server": {"image": "UPPER case"}},
        "spec.server.image: Invalid value: \"UPPER case\": spec.server.image in body should match '^\\S+$'",
        accepted={"spec.server": {"image": "registry.example.com:5000/a/server:1@sha256:ab"}},
    ),
    "decisionLog.sampleRatio is greater than 0": Case(
        decision_log(sampleRatio="0.0"),
        'spec.server.decisionLog.sampleRatio: Invalid value: "object": must be greater than 0 and at most 1',
        accepted=decision_log(sampleRatio="0.001"),
    ),
    "decisionLog.sampleRatio is at most 1": Case(
        decision_log(sampleRatio="1.01"),
        'spec.server.decisionLog.sampleRatio: Invalid value: "object": must be greater than 0 and at most 1',
        accepted=decision_log(sampleRatio="1.0"),
    ),
    "decisionLog.maxDelaySeconds is at least 1": Case(
        decision_log(maxDelaySeconds=0),
        "spec.server.decisionLog.maxDelaySeconds: Invalid value: 0: spec.server.decisionLog.maxDelaySeconds in body should be greater than or equal to 1",
        accepted=decision_log(maxDelaySeconds=1),
    ),
    "decisionLog.maxDelaySeconds is at most 3600": Case(
        decision_log(maxDelaySeconds=3601),
        "spec.server.decisionLog.maxDelaySeconds: Invalid value: 3601: spec.server.decisionLog.maxDelaySeconds in body should be less than or equal to 3600",
        accepted=decision_log(maxDelaySeconds=3600),
    ),
    "decisionLog.columns names each input once": Case(
        decision_log(columns=["carrier", "carrier"]),
        'spec.server.decisionLog.columns[1]: Duplicate value: "carrier"',
        accepted=decision_log(columns=[]),
    ),
    "decisionLog.store is a prefix in a bucket": Case(
        decision_log(store={"uri": "file:///tmp"}),
        "spec.server.decisionLog.store.uri: Invalid value: \"file:///tmp\": spec.server.decisionLog.store.uri in body should match '^s3://[a-z0-9][a-z0-9.-]+(/[^/]+)*/?$'",
        accepted=decision_log(
            store={"uri": "s3://audit", "credentialsSecretRef": {"name": "audit"}}
        ),
    ),
    "server.resources are quantities": Case(
        {"spec.server": {"resources": {"limits": {"memory": "a lot"}}}},
        "spec.server.resources.limits.memory: Invalid value: \"a lot\": spec.server.resources.limits.memory in body should match '^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$'",
        accepted={"spec.server": {"resources": {"limits": {"memory": "512Mi"}}}},
    ),
    "a run of the model has rows of at least one request": Case(
        {"spec.server": {"maxBatchSize": 0}},
        "spec.server.maxBatchSize: Invalid value: 0: spec.server.maxBatchSize in body should be greater than or equal to 1",
        accepted={"spec.server": {"maxBatchSize": 1}},
    ),
    "a run of the model has at most 1,024 rows of requests": Case(
        {"spec.server": {"maxBatchSize": 1025}},
        "spec.server.maxBatchSize: Invalid value: 1025: spec.server.maxBatchSize in body should be less than or equal to 1024",
        accepted={"spec.server": {"maxBatchSize": 1024}},
    ),
    "a run of the model has a thread": Case(
        {"spec.server": {"threads": 0}},
        "spec.server.threads: Invalid value: 0: spec.server.threads in body should be greater than or equal to 1",
        accepted={"spec.server": {"threads": 1}},
    ),
    "a run of the model has at most 256 threads": Case(
        {"spec.server": {"threads": 257}},
        "spec.server.threads: Invalid value: 257: spec.server.threads in body should be less than or equal to 256",
        accepted={"spec.server": {"threads": 256}},
    ),
    "a body may have at least 1 KiB": Case(
        {"spec.server": {"maxBodyBytes": 1023}},
        "spec.server.maxBodyBytes: Invalid value: 1023: spec.server.maxBodyBytes in body should be greater than or equal to 1024",
        accepted={"spec.server": {"maxBodyBytes": 1024}},
    ),
    "a body may have at most 16 MiB": Case(
        {"spec.server": {"maxBodyBytes": 16777217}},
        "spec.server.maxBodyBytes: Invalid value: 16777217: spec.server.maxBodyBytes in body should be less than or equal to 16777216",
        accepted={"spec.server": {"maxBodyBytes": 16777216}},
    ),
    "there is a step": Case(
        {"spec.rollout.steps": []},
        "spec.rollout.steps: Invalid value: 0: spec.rollout.steps in body should have at least 1 items",
        accepted={"spec.rollout.steps": [{"weight": 100, "holdSeconds": 0}]},
    ),
    "there are at most 20 steps": Case(
        {"spec.rollout.steps": _steps(21)},
        "spec.rollout.steps: Too many: 21: must have at most 20 items",
        accepted={"spec.rollout.steps": _steps(20)},
    ),
    "weights of steps increase": Case(
        {"spec.rollout.steps": [{"weight": 25, "holdSeconds": 0}, {"weight": 5, "holdSeconds": 0}]},
        'spec.rollout.steps: Invalid value: "object": every weight must be greater than the one before it',
        accepted={
            "spec.rollout.steps": [{"weight": 5, "holdSeconds": 0}, {"weight": 6, "holdSeconds": 0}]
        },
    ),
    "weights of steps differ": Case(
        {"spec.rollout.steps": [{"weight": 5, "holdSeconds": 0}, {"weight": 5, "holdSeconds": 0}]},
        'spec.rollout.steps: Invalid value: "object": every weight must be greater than the one before it',
        accepted={
            "spec.rollout.steps": [
                {"weight": 5, "holdSeconds": 0},
                {"weight": 100, "holdSeconds": 0},
            ]
        },
    ),
    "a weight is at least 1 percent": Case(
        {"spec.rollout.steps": [{"weight": 0, "holdSeconds": 0}]},
        "spec.rollout.steps[0].weight: Invalid value: 0: spec.rollout.steps[0].weight in body should be greater than or equal to 1",
        accepted={"spec.rollout.steps": [{"weight": 1, "holdSeconds": 0}]},
    ),
    "a weight is at most 100 percent": Case(
        {"spec.rollout.steps": [{"weight": 101, "holdSeconds": 0}]},
        "spec.rollout.steps[0].weight: Invalid value: 101: spec.rollout.steps[0].weight in body should be less than or equal to 100",
        accepted={"spec.rollout.steps": [{"weight": 100, "holdSeconds": 0}]},
    ),
    "a weight is a whole number": Case(
        {"spec.rollout.steps": [{"weight": 12.5, "holdSeconds": 0}]},
        'spec.rollout.steps[0].weight: Invalid value: "number": spec.rollout.steps[0].weight in body must be of type integer: "number"',
        accepted={"spec.rollout.steps": [{"weight": 12, "holdSeconds": 0}]},
    ),
    "a step says how long it is held": Case(
        {"spec.rollout.steps": [{"weight": 5}]},
        'spec.rollout.steps[0]: Invalid value: "object": must hold either weight and holdSeconds, or pause alone',
        accepted={"spec.rollout.steps": [{"weight": 5, "holdSeconds": 0}]},
    ),
    "a pause has no share of its own": Case(
        {"spec.rollout.steps": [{"pause": {}, "weight": 5, "holdSeconds": 0}]},
        'spec.rollout.steps[0]: Invalid value: "object": must hold either weight and holdSeconds, or pause alone',
        accepted={
            "spec.rollout.steps": [
                {"weight": 5, "holdSeconds": 0},
                {"pause": {}},
                {"weight": 50, "holdSeconds": 0},
            ]
        },
    ),
    "shares increase across a pause": Case(
        {
            "spec.rollout.steps": [
                {"weight": 50, "holdSeconds": 0},
                {"pause": {}},
                {"weight": 5, "holdSeconds": 0},
            ]
        },
        'spec.rollout.steps: Invalid value: "object": every weight must be greater than the one before it',
        accepted={"spec.rollout.steps": [{"pause": {}}, {"weight": 5, "holdSeconds": 0}]},
    ),
    "a pause has no settings": Case(
        {"spec.rollout.steps": [{"pause": {"duration": "1h"}}]},
        'ModelDeployment in version "v1alpha1" cannot be handled as a ModelDeployment: strict decoding error: unknown field "spec.rollout.steps[0].pause.duration"',
        accepted={"spec.rollout.steps": [{"pause": {}}]},
    ),
    "a hold is at most a week": Case(
        {"spec.rollout.steps": [{"weight": 5, "holdSeconds": 604801}]},
        "spec.rollout.steps[0].holdSeconds: Invalid value: 604801: spec.rollout.steps[0].holdSeconds in body should be less than or equal to 604800",
        accepted={"spec.rollout.steps": [{"weight": 5, "holdSeconds": 604800}]},
    ),
    "allowSignatureChange is a boolean": Case(
        {"spec.rollout.allowSignatureChange": "yes"},
        'spec.rollout.allowSignatureChange: Invalid value: "string": spec.rollout.allowSignatureChange in body must be of type boolean: "string"',
        accepted={"spec.rollout.allowSignatureChange": True},
    ),
    "progressDeadlineSeconds is at least 10": Case(
        {"spec.rollout.progressDeadlineSeconds": 9},
        "spec.rollout.progressDeadlineSeconds: Invalid value: 9: spec.rollout.progressDeadlineSeconds in body should be greater than or equal to 10",
        accepted={"spec.rollout.progressDeadlineSeconds": 10},
    ),
    "progressDeadlineSeconds is at most a day": Case(
        {"spec.rollout.progressDeadlineSeconds": 86401},
        "spec.rollout.progressDeadlineSeconds: Invalid value: 86401: spec.rollout.progressDeadlineSeconds in body should be less than or equal to 86400",
        accepted={"spec.rollout.progressDeadlineSeconds": 86400},
    ),
    "promote has at most 253 characters, as a name": Case(
        {"spec.rollout.promote": "v" * 254},
        "spec.rollout.promote: Too long: may not be more than 253 bytes",
        accepted={"spec.rollout.promote": "v" * 253},
    ),
    "abort has at most 253 characters, as a name": Case(
        {"spec.rollout.abort": "v" * 254},
        "spec.rollout.abort: Too long: may not be more than 253 bytes",
        accepted={"spec.rollout.abort": "v" * 253},
    ),
    "suspend is a boolean": Case(
        {"spec.suspend": "yes"},
        'spec.suspend: Invalid value: "string": spec.suspend in body must be of type boolean: "string"',
        accepted={"spec.suspend": True},
    ),
    "retry has at most 64 characters": Case(
        {"spec.rollout.retry": "r" * 65},
        "spec.rollout.retry: Too long: may not be more than 64 bytes",
        accepted={"spec.rollout.retry": "r" * 64},
    ),
    "a gateway is named, or there is none": Case(
        {"spec.traffic.gateway": {}},
        "spec.traffic.gateway.parentRefs: Required value",
        accepted={"spec.traffic": ABSENT},
    ),
    "a route has a Gateway": Case(
        {"spec.traffic.gateway.parentRefs": []},
        "spec.traffic.gateway.parentRefs: Invalid value: 0: spec.traffic.gateway.parentRefs in body should have at least 1 items",
    ),
    "a route has at most 8 Gateways": Case(
        {"spec.traffic.gateway.parentRefs": [{"name": "checkrail"}] * 9},
        "spec.traffic.gateway.parentRefs: Too many: 9: must have at most 8 items",
        accepted={"spec.traffic.gateway.parentRefs": [{"name": "checkrail"}] * 8},
    ),
    "a Gateway's namespace is a DNS name": Case(
        {"spec.traffic.gateway.parentRefs.0.namespace": "Gateways!"},
        "spec.traffic.gateway.parentRefs[0].namespace: Invalid value: \"Gateways!\": spec.traffic.gateway.parentRefs[0].namespace in body should match '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'",
        accepted={
            "spec.traffic.gateway.parentRefs.0.namespace": "gateways",
            "spec.traffic.gateway.parentRefs.0.sectionName": "web",
        },
    ),
    "a host name may begin with a wildcard": Case(
        {"spec.traffic.gateway.hostnames": ["flights.*.com"]},
        "spec.traffic.gateway.hostnames[0]: Invalid value: \"flights.*.com\": spec.traffic.gateway.hostnames[0] in body should match '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'",
        accepted={"spec.traffic.gateway.hostnames": ["*.example.com"]},
    ),
    "no part of a host name is empty": Case(
        {"spec.traffic.gateway.hostnames": ["a..b"]},
        "spec.traffic.gateway.hostnames[0]: Invalid value: \"a..b\": spec.traffic.gateway.hostnames[0] in body should match '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'",
        accepted={"spec.traffic.gateway.hostnames": ["a.b-c.d"]},
    ),
    "host names differ": Case(
        {"spec.traffic.gateway.hostnames": ["a.example.com", "a.example.com"]},
        'spec.traffic.gateway.hostnames[1]: Duplicate value: "a.example.com"',
        accepted={"spec.traffic.gateway.hostnames": ["a.example.com", "b.example.com"]},
    ),
    "there are at most 16 host names": Case(
        {"spec.traffic.gateway.hostnames": _hosts(17)},
        "spec.traffic.gateway.hostnames: Too many: 17: must have at most 16 items",
        accepted={"spec.traffic.gateway.hostnames": _hosts(16)},
    ),
    "a path begins with a slash": Case(
        {"spec.traffic.gateway.path": "models"},
        "spec.traffic.gateway.path: Invalid value: \"models\": spec.traffic.gateway.path in body should match '^/[A-Za-z0-9/._~-]*$'",
        accepted={"spec.traffic.gateway.path": "/models/flights"},
    ),
    "a server's variables of the operator cannot be set": Case(
        {"spec.pod": {"env": [{"name": "CHECKRAIL_PORT"}]}},
        "spec.pod.env[0].name: Forbidden: names that start with CHECKRAIL_ or AWS_ are set by the operator",
        accepted={"spec.pod": {"env": [{"name": "A"}]}},
    ),
    "a server's code is not changed by a variable": Case(
        {"spec.pod": {"env": [{"name": "PYTHONPATH", "value": "/mine"}]}},
        "spec.pod.env[0].name: Forbidden: GLIBC_TUNABLES, PATH and names that start with LD_ or PYTHON act before the program starts: set them with ENV in an image built from ours",
        accepted={"spec.pod": {"env": [{"name": "TMPDIR", "value": "/cache"}]}},
    ),
    "pods are spread with a skew of 1 at least": Case(
        spread(maxSkew=0),
        "spec.pod.topologySpreadConstraints[0].maxSkew: Invalid value: 0: spec.pod.topologySpreadConstraints[0].maxSkew in body should be greater than or equal to 1",
        accepted=spread(maxSkew=1),
    ),
    "pods are spread under at most 4 constraints": Case(
        {SPREAD: [{**CONSTRAINT, "topologyKey": f"zone-{number}"} for number in range(5)]},
        "spec.pod.topologySpreadConstraints: Too many: 5: must have at most 4 items",
        accepted={SPREAD: [{**CONSTRAINT, "topologyKey": f"zone-{n}"} for n in range(4)]},
    ),
    "pods that cannot be spread wait or run anyway": Case(
        spread(whenUnsatisfiable="Wait"),
        f'{SPREAD}[0].whenUnsatisfiable: Unsupported value: "Wait": supported values: "DoNotSchedule", "ScheduleAnyway"',
        accepted=spread(whenUnsatisfiable="ScheduleAnyway"),
    ),
    "domains are counted only for pods that wait": Case(
        spread(minDomains=2, whenUnsatisfiable="ScheduleAnyway"),
        'spec.pod.topologySpreadConstraints[0].minDomains: Invalid value: "object": needs whenUnsatisfiable: DoNotSchedule',
        accepted=spread(minDomains=2),
    ),
    "pods are spread over a domain in one way": Case(
        {SPREAD: [CONSTRAINT, CONSTRAINT]},
        'spec.pod.topologySpreadConstraints[1]: Duplicate value: {"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}',
        accepted={SPREAD: [CONSTRAINT, {**CONSTRAINT, "whenUnsatisfiable": "ScheduleAnyway"}]},
    ),
    "a server's pod has no image of its own": Case(
        {"spec.pod": {"image": "server:1"}},
        'ModelDeployment in version "v1alpha1" cannot be handled as a ModelDeployment: strict decoding error: unknown field "spec.pod.image"',
        accepted={"spec.pod": {"serviceAccountName": "reader"}},
    ),
}
