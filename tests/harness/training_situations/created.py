"""What users apply."""

from harness.training_world import TrainingWorld, spec


async def just_created(world: TrainingWorld) -> None:
    """Nothing but the TrainingJob."""
    world.apply()


async def created_with_few_words(world: TrainingWorld) -> None:
    """A spec that leaves everything to the operator's defaults."""
    body = spec()
    del body["resources"]
    world.apply(body)


async def created_with_every_setting(world: TrainingWorld) -> None:
    """A spec that leaves out nothing."""
    world.apply(
        spec(
            pod={
                "image": "registry.example/own-trainer:2",
                "serviceAccountName": "trainer",
                "nodeSelector": {"disk": "fast"},
                "tolerations": [{"key": "training", "operator": "Exists"}],
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}
                            ]
                        }
                    }
                },
                "priorityClassName": "batch",
                "env": [{"name": "TZ", "value": "UTC"}, {"name": "A", "value": "b"}],
            },
            store={"uri": "s3://models/team-a", "credentialsSecretRef": {"name": "own"}},
            backoffLimit=0,
            activeDeadlineSeconds=600,
        )
    )


async def created_with_every_store(world: TrainingWorld) -> None:
    """Each source, and the artifact, in a store of its own; two share their authorities."""
    lake = {"endpoint": "https://lake.example", "caConfigMapRef": {"name": "internal-ca"}}
    other = {"credentialsSecretRef": {"name": "other"}, "caConfigMapRef": {"name": "other-ca"}}
    uri = "s3://lake/flights.parquet"
    body = spec(
        store={"uri": "s3://models/team-a", "caConfigMapRef": {"name": "internal-ca"}},
        ownership={"owner": "ops", "project": "punctuality"},
    )
    body["data"] |= {
        "sources": [
            {"name": "flights", "uri": uri},
            {"name": "weather", "uri": uri, "objectStore": other},
            {"name": "planes", "uri": uri, "objectStore": {"region": "eu-west-1"}},
        ],
        "objectStore": lake,
        "query": "SELECT * FROM flights JOIN weather USING (origin) JOIN planes USING (tailnum)",
    }
    world.apply(body)
