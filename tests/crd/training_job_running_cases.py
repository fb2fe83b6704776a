"""What a TrainingJob may say about its attempts, its pods and where it publishes."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd.cases import Case

CASES = {
    "an owner is the value of a label": Case(
        {"spec.ownership": {"owner": "ops@team-a"}},
        "spec.ownership.owner: Invalid value: \"ops@team-a\": spec.ownership.owner in body should match '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'",
        accepted={"spec.ownership": {"owner": "Ops_team.a", "project": "punctuality"}},
    ),
    "a project has at most 63 characters": Case(
        {"spec.ownership": {"project": "p" * 64}},
        "spec.ownership.project: Too long: may not be more than 63 bytes",
        accepted={"spec.ownership": {"project": "p" * 63}},
    ),
    "a queue's name is a DNS label": Case(
        {"spec.queueName": "Batch"},
        "spec.queueName: Invalid value: \"Batch\": spec.queueName in body should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'",
        accepted={"spec.queueName": "batch"},
    ),
    "a queue's name has at most 63 characters, for it is the value of a label": Case(
        {"spec.queueName": "q" * 64},
        "spec.queueName: Too long: may not be more than 63 bytes",
        accepted={"spec.queueName": "q" * 63},
    ),
    "suspend is true or false": Case(
        {"spec.suspend": "yes"},
        'spec.suspend: Invalid value: "string": spec.suspend in body must be of type boolean: "string"',
        accepted={"spec.suspend": True},
    ),
    "ttlSecondsAfterFinished is not negative": Case(
        {"spec.ttlSecondsAfterFinished": -1},
        "spec.ttlSecondsAfterFinished: Invalid value: -1: spec.ttlSecondsAfterFinished in body should be greater than or equal to 0",
        accepted={"spec.ttlSecondsAfterFinished": 0},
    ),
    "ttlSecondsAfterFinished is at most a year": Case(
        {"spec.ttlSecondsAfterFinished": 31536001},
        "spec.ttlSecondsAfterFinished: Invalid value: 31536001: spec.ttlSecondsAfterFinished in body should be less than or equal to 31536000",
        accepted={"spec.ttlSecondsAfterFinished": 31536000},
    ),
    "backoffLimit is a whole number": Case(
        {"spec.backoffLimit": "3"},
        'spec.backoffLimit: Invalid value: "string": spec.backoffLimit in body must be of type integer: "string"',
        accepted={"spec.backoffLimit": 0},
    ),
    "backoffLimit is not negative": Case(
        {"spec.backoffLimit": -1},
        "spec.backoffLimit: Invalid value: -1: spec.backoffLimit in body should be greater than or equal to 0",
        accepted={"spec.backoffLimit": 0},
    ),
    "backoffLimit is at most 20": Case(
        {"spec.backoffLimit": 21},
        "spec.backoffLimit: Invalid value: 21: spec.backoffLimit in body should be less than or equal to 20",
        accepted={"spec.backoffLimit": 20},
    ),
    "activeDeadlineSeconds is at least 10": Case(
        {"spec.activeDeadlineSeconds": 9},
        "spec.activeDeadlineSeconds: Invalid value: 9: spec.activeDeadlineSeconds in body should be greater than or equal to 10",
        accepted={"spec.activeDeadlineSeconds": 10},
    ),
    "activeDeadlineSeconds is at most a week": Case(
        {"spec.activeDeadlineSeconds": 604801},
        "spec.activeDeadlineSeconds: Invalid value: 604801: spec.activeDeadlineSeconds in body should be less than or equal to 604800",
        accepted={"spec.activeDeadlineSeconds": 604800},
    ),
    "a ladder has a rung": Case(
        {"spec.resources.ladder": []},
        "spec.resources.ladder: Invalid value: 0: spec.resources.ladder in body should have at least 1 items",
        accepted={"spec.resources.ladder": [{}]},
    ),
    "a ladder has at most 8 rungs": Case(
        {"spec.resources.ladder": [{}] * 9},
        "spec.resources.ladder: Too many: 9: must have at most 8 items",
        accepted={"spec.resources.ladder": [{}] * 8},
    ),
    "a limit is a quantity": Case(
        {"spec.resources.ladder": [{"limits": {"memory": "2 GB"}}]},
        "spec.resources.ladder[0].limits.memory: Invalid value: \"2 GB\": spec.resources.ladder[0].limits.memory in body should match '^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$'",
        accepted={
            "spec.resources.ladder": [
                {"requests": {"cpu": 1, "memory": "1.5Gi"}, "limits": {"memory": "2e9"}}
            ]
        },
    ),
    "a request is not negative": Case(
        {"spec.resources.ladder": [{"requests": {"cpu": -1}}]},
        "spec.resources.ladder[0].requests.cpu: Invalid value: -1: spec.resources.ladder[0].requests.cpu in body should be greater than or equal to 0",
        accepted={"spec.resources.ladder": [{"requests": {"cpu": 0}}]},
    ),
    "there are at most 16 requests": Case(
        {"spec.resources.ladder": [{"requests": {f"r{number}": 1 for number in range(17)}}]},
        "spec.resources.ladder[0].requests: Too many: 17: must have at most 16 items",
        accepted={
            "spec.resources.ladder": [{"requests": {f"r{number}": 1 for number in range(16)}}]
        },
    ),
    "image is not empty": Case(
        {"spec.pod": {"image": ""}},
        'spec.pod.image: Invalid value: "": spec.pod.image in body should be at least 1 chars long',
        accepted={"spec.pod": {"image": "registry.example/trainer@sha256:0"}},
    ),
    "a node label's value has at most 63 characters": Case(
        {"spec.pod": {"nodeSelector": {"pool": "p" * 64}}},
        "spec.pod.nodeSelector.pool: Too long: may not be more than 63 bytes",
        accepted={"spec.pod": {"nodeSelector": {"pool": "p" * 63}}},
    ),
    "a toleration's operator is Exists or Equal": Case(
        {"spec.pod": {"tolerations": [{"key": "gpu", "operator": "In"}]}},
        'spec.pod.tolerations[0].operator: Unsupported value: "In": supported values: "Exists", "Equal"',
        accepted={"spec.pod": {"tolerations": [{"key": "gpu", "operator": "Exists"}]}},
    ),
    "a toleration's effect is one of Kubernetes'": Case(
        {"spec.pod": {"tolerations": [{"key": "gpu", "effect": "Never"}]}},
        'spec.pod.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        accepted={
            "spec.pod": {
                "tolerations": [{"key": "gpu", "effect": "NoExecute", "tolerationSeconds": 60}]
            }
        },
    ),
    "a variable's name is one of a shell": Case(
        {"spec.pod": {"env": [{"name": "1-2"}]}},
        "spec.pod.env[0].name: Invalid value: \"1-2\": spec.pod.env[0].name in body should match '^[A-Za-z_][A-Za-z0-9_]*$'",
        accepted={"spec.pod": {"env": [{"name": "_1", "value": "1"}]}},
    ),
    "names of variables differ": Case(
        {"spec.pod": {"env": [{"name": "A"}, {"name": "A"}]}},
        'spec.pod.env[1]: Duplicate value: {"name":"A"}',
        accepted={"spec.pod": {"env": [{"name": "A"}, {"name": "B"}]}},
    ),
    "variables of the operator cannot be set": Case(
        {"spec.pod": {"env": [{"name": "AWS_PROFILE"}]}},
        "spec.pod.env[0].name: Forbidden: names that start with CHECKRAIL_ or AWS_ are set by the operator",
        accepted={"spec.pod": {"env": [{"name": "MY_AWS_PROFILE"}]}},
    ),
    **{
        f"{name} acts before the trainer starts": Case(
            {"spec.pod": {"env": [{"name": name, "value": "1"}]}},
            "spec.pod.env[0].name: Forbidden: GLIBC_TUNABLES, PATH and names that start with LD_ or PYTHON act before the program starts: set them with ENV in an image built from ours",
            accepted={"spec.pod": {"env": [{"name": f"MY_{name}", "value": "1"}]}},
        )
        for name in ("LD_PRELOAD", "PYTHONPATH", "GLIBC_TUNABLES", "PATH")
    },
    **{
        f"{name} is the trainer's own": Case(
            {"spec.pod": {"env": [{"name": "A"}, {"name": name, "value": "1"}]}},
            "spec.pod.env: Forbidden: HOME and TMPDIR are the scratch volume, and threads follow from the cpu of resources.ladder: leave out HOME, TMPDIR and names that end in _NUM_THREADS",
            accepted={"spec.pod": {"env": [{"name": f"{name}_", "value": "1"}]}},
        )
        for name in ("HOME", "TMPDIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    },
    "a variable has a literal value and no source": Case(
        {"spec.pod": {"env": [{"name": "A", "valueFrom": {}}]}},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.pod.env[0].valueFrom"',
        accepted={"spec.pod": {"env": [{"name": "A", "value": "1"}]}},
    ),
    "a pod is an allow-list": Case(
        {"spec.pod": {"hostNetwork": True}},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.pod.hostNetwork"',
        accepted={"spec.pod": {"serviceAccountName": "reader", "priorityClassName": "batch"}},
    ),
    "a store has a uri": Case(
        {"spec.store": {}},
        "spec.store.uri: Required value",
        accepted={"spec.store": {"uri": "s3://models"}},
    ),
    "a store's uri is a bucket, or a prefix in it": Case(
        {"spec.store": {"uri": "models/team-a"}},
        "spec.store.uri: Invalid value: \"models/team-a\": spec.store.uri in body should match '^s3://[a-z0-9][a-z0-9.-]+(/[^/]+)*/?$'",
        accepted={"spec.store": {"uri": "s3://models/team-a"}},
    ),
}
