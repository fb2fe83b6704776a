"""A ModelDeployment with every field set."""

from typing import Any

from harness.serving_situations.serving import ROLLOUT

EVERY_FIELD: dict[str, Any] = {
    "model": {"follow": {"model": "iris"}},
    "replicas": 2,
    "autoscaling": {"minReplicas": 2, "maxReplicas": 6, "targetCPUUtilizationPercent": 70},
    "server": {
        "image": "registry.example.com/server:2",
        "resources": {
            "requests": {"cpu": "1000m", "memory": "1Gi"},
            "limits": {"memory": 2147483648},
        },
        "decisionLog": {
            "store": {
                "uri": "s3://audit/decisions",
                "credentialsSecretRef": {"name": "audit"},
                "caConfigMapRef": {"name": "authorities"},
            },
            "sampleRatio": "0.5",
            "maxDelaySeconds": 30,
            "columns": ["sepal_length"],
        },
        "maxBatchSize": 8,
        "threads": 2,
        "maxBodyBytes": 4_194_304,
    },
    "pod": {
        "serviceAccountName": "scorer",
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "team", "operator": "Equal", "value": "a", "effect": "NoSchedule"}],
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 100,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {},
                        },
                    }
                ]
            }
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "minDomains": 2,
            },
            {
                "maxSkew": 2,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"team": "a"}},
            },
        ],
        "priorityClassName": "serving",
        "env": [{"name": "OMP_WAIT_POLICY", "value": "PASSIVE"}],
    },
    "rollout": ROLLOUT,
    "traffic": {
        "gateway": {
            "parentRefs": [
                {"name": "public", "namespace": "infra", "sectionName": "http"},
                {"name": "inside"},
            ],
            "hostnames": ["iris.example.com", "*.models.example.com"],
            "path": "/iris",
        }
    },
}
