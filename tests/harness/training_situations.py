"""Every situation of the status table, and the ways into it: one function each."""

import contextlib
import json
from collections.abc import Awaitable, Callable

from harness.baseline_bodies import NEW, OLD, compared_with, publish, serve
from harness.fake_cluster import OperatorDiedError
from harness.training_world import SUCCESS, TrainingWorld, failure, progress_line, spec

Situation = Callable[[TrainingWorld], Awaitable[None]]
"""Plays a new world up to the pass that matters, which is not run."""


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


async def created_suspended(world: TrainingWorld) -> None:
    """The run is held from the start."""
    world.apply(spec(suspend=True))


async def created_suspended_and_let_go(world: TrainingWorld) -> None:
    """It was held from the start, and now it may begin."""
    await created_suspended(world)
    await world.run_pass()
    world.later(3600)
    world.edit(suspend=False)


async def created_in_a_queue(world: TrainingWorld) -> None:
    """Kueue shall decide when it runs."""
    world.apply(spec(queueName="batch", ownership={"owner": "ops", "project": "punctuality"}))


async def waiting_in_a_queue(world: TrainingWorld) -> None:
    """Its Job is there and Kueue has not admitted it."""
    await created_in_a_queue(world)
    await world.run_pass()
    world.later(3600)


async def admitted_from_a_queue(world: TrainingWorld) -> None:
    """Kueue let the Job go, and the trainer runs."""
    await waiting_in_a_queue(world)
    world.kueue_says(suspend=False)
    world.pod_runs(progress_line("Fetching", 5))


async def preempted_in_a_queue(world: TrainingWorld) -> None:
    """Kueue took its quota for another one: the Job is suspended, its pod on its way out."""
    await admitted_from_a_queue(world)
    await world.run_pass()
    world.later(60)
    world.kueue_says(suspend=True)
    world.job_is_suspended()


async def suspended_in_a_queue(world: TrainingWorld) -> None:
    """Its user holds it while it runs."""
    await admitted_from_a_queue(world)
    await world.run_pass()
    world.edit(suspend=True)


async def suspended_in_a_queue_and_let_go(world: TrainingWorld) -> None:
    """It queues anew."""
    await suspended_in_a_queue(world)
    await world.rest()
    world.later(60)
    world.edit(suspend=False)


async def job_made(world: TrainingWorld) -> None:
    """The first pass is over and the Job has no pod yet."""
    await just_created(world)
    await world.run_pass()


async def job_without_pod(world: TrainingWorld) -> None:
    """The Job controller cannot make the pod, say for a quota."""
    await job_made(world)
    world.later(21)


async def image_missing(world: TrainingWorld) -> None:
    """The kubelet cannot pull the image."""
    await job_made(world)
    world.pod_waits("ImagePullBackOff", 'Back-off pulling image "checkrail-trainer:1"')


async def image_being_pulled(world: TrainingWorld) -> None:
    """The kubelet still makes the container, a minute after the pod."""
    await job_made(world)
    world.pod_waits("ContainerCreating")
    world.later(61)


async def image_missing_told(world: TrainingWorld) -> None:
    """Status says that the image cannot be pulled; nobody is told a second time."""
    await image_missing(world)
    await world.run_pass()


async def unschedulable(world: TrainingWorld) -> None:
    """No node fits."""
    await job_made(world)
    message = "0/1 nodes are available: 1 Insufficient memory."
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    world.pod({"phase": "Pending", "conditions": [{**scheduled, "message": message}]})


async def secret_missing_for_a_moment(world: TrainingWorld) -> None:
    """The Secret may be applied a little after the TrainingJob."""
    await job_made(world)
    world.pod_waits("CreateContainerConfigError", 'secret "s3" not found')
    world.later(20)


async def secret_missing(world: TrainingWorld) -> None:
    """The Secret does not come."""
    await secret_missing_for_a_moment(world)
    world.later(1)


async def secret_missing_told(world: TrainingWorld) -> None:
    """Status says that the run has failed; its Job still waits for the Secret."""
    await secret_missing(world)
    await world.run_pass()


async def authorities_missing_for_a_moment(world: TrainingWorld) -> None:
    """The ConfigMap with the store's authorities may be applied a little after the TrainingJob."""
    store = {"uri": "s3://models/team-a", "caConfigMapRef": {"name": "store-ca"}}
    world.apply(spec(store=store))
    await world.run_pass()
    world.pod_waits("ContainerCreating")
    world.later(20)


async def authorities_missing(world: TrainingWorld) -> None:
    """The ConfigMap does not come."""
    await authorities_missing_for_a_moment(world)
    world.later(1)


async def authorities_without_their_key(world: TrainingWorld) -> None:
    """The ConfigMap is there and holds something else."""
    await authorities_missing(world)
    metadata = {"name": "store-ca", "namespace": "team-a"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.pem": "x"}}
    world.cluster.put(body)


async def training(world: TrainingWorld) -> None:
    """The trainer runs and reports."""
    await job_made(world)
    lines = ("noise", progress_line("Fetching", 5), progress_line("Training", 42, 31), '{"a": 1}')
    world.pod_runs("\n".join(lines))


async def suspended(world: TrainingWorld) -> None:
    """Its user holds it while it trains."""
    await training(world)
    await world.run_pass()
    world.later(60)
    world.edit(suspend=True)


async def suspended_and_ended(world: TrainingWorld) -> None:
    """The Job controller ends its pod."""
    await suspended(world)
    await world.run_pass()
    world.job_is_suspended()
    deleted = world.cluster.of_kind("Pod")[0]["metadata"]["deletionTimestamp"]
    world.pod_ends(143, deletionTimestamp=deleted)


async def resumed_too_soon(world: TrainingWorld) -> None:
    """It may go on, and the trainer that was told to end has not ended yet."""
    await suspended(world)
    await world.run_pass()
    world.job_is_suspended()
    world.later(5)
    world.edit(suspend=False)


async def resumed(world: TrainingWorld) -> None:
    """It may go on, and its pod is gone."""
    await suspended_and_ended(world)
    await world.run_pass()
    world.remove_pod()
    world.later(600)
    world.edit(suspend=False)


async def training_again(world: TrainingWorld) -> None:
    """The same attempt trains from the beginning; its clock runs from the resumption on."""
    await resumed(world)
    await world.run_pass()
    world.later(2)
    world.job_is_resumed()
    world.later(7000)
    world.pod_runs(progress_line("Training", 20, 99))


async def published_while_suspended(world: TrainingWorld) -> None:
    """The trainer was at its last step and finished it before it was ended."""
    await suspended(world)
    await world.run_pass()
    world.job_is_suspended()
    world.pod_ends(0, json.dumps(SUCCESS), deletionTimestamp="2026-11-23T12:01:00Z")


async def failed_while_suspended(world: TrainingWorld) -> None:
    """The trainer failed by itself before it could be ended, and the Job controller counts it."""
    await suspended(world)
    world.pod_ends(1, "Traceback: boom")
    world.job_ends("Failed", "BackoffLimitExceeded")


async def suspended_in_backoff(world: TrainingWorld) -> None:
    """Its user holds it between two attempts."""
    await store_away(world)
    await world.run_pass()
    world.later(10)
    world.edit(suspend=True)


async def publishing(world: TrainingWorld) -> None:
    """The trainer is at its last step."""
    await job_made(world)
    world.pod_runs(progress_line("Publishing", 97))


async def job_deleted(world: TrainingWorld) -> None:
    """Somebody deleted the Job of a running attempt, and its pod is gone too."""
    await training(world)
    await world.run_pass()
    world.later(100)
    world.cluster.remove(world.job)


async def published(world: TrainingWorld) -> None:
    """The trainer ended well."""
    await training(world)
    await world.run_pass()
    world.later(60)
    world.pod_ends(0, json.dumps(SUCCESS))


async def published_told(world: TrainingWorld) -> None:
    """The run is over; now somebody deletes its Job."""
    await published(world)
    await world.run_pass()
    world.cluster.remove(world.job)


async def kept_for_an_hour(world: TrainingWorld) -> None:
    """The run has ended, and its Job is to stay a while."""
    world.apply(spec(ttlSecondsAfterFinished=3600))
    await world.run_pass()
    world.pod_ends(0, json.dumps(SUCCESS))
    await world.run_pass()
    world.later(600)


async def kept_long_enough(world: TrainingWorld) -> None:
    """The time of its Job is over."""
    await kept_for_an_hour(world)
    world.later(3000)


async def kept_no_longer(world: TrainingWorld) -> None:
    """Its user shortens the time after the end."""
    await kept_for_an_hour(world)
    world.edit(ttlSecondsAfterFinished=0)


async def bad_data(world: TrainingWorld) -> None:
    """The trainer says that an edit is needed."""
    await training(world)
    message = 'label "late" is not in the table; its columns are: dep_hour, carrier.'
    world.pod_ends(10, failure("LabelNotFound", message))


async def parity_failed(world: TrainingWorld) -> None:
    """The exported model differs."""
    await training(world)
    await world.run_pass()
    world.pod_ends(12, failure("ParityFailed", "3 of 2100 rows flip; at most 0 may."))


async def store_away(world: TrainingWorld) -> None:
    """The store did not answer, the first time."""
    await training(world)
    world.pod_ends(20, failure("StoreUnavailable", "http://s3:9000 did not answer for 60 s."))


async def backoff_over(world: TrainingWorld) -> None:
    """The second attempt is due."""
    await store_away(world)
    await world.run_pass()
    world.later(10)


async def out_of_memory(world: TrainingWorld) -> None:
    """The kernel killed the trainer on the first rung."""
    await training(world)
    world.pod_ends(137, reason="OOMKilled")


async def second_rung(world: TrainingWorld) -> None:
    """Status tells the kill: the next rung is due at once."""
    await out_of_memory(world)
    await world.run_pass()


async def out_of_memory_on_the_last_rung(world: TrainingWorld) -> None:
    """The ladder is climbed."""
    await second_rung(world)
    await world.run_pass()
    world.pod_ends(137, reason="OOMKilled")


async def scratch_full_on_the_last_rung(world: TrainingWorld) -> None:
    """The trainer says itself what it ran out of."""
    await second_rung(world)
    await world.run_pass()
    full = "spec.data.query: failed to offload data. DuckDB has filled its share of the scratch"
    world.pod_ends(137, failure("OOMKilled", full))


async def all_retries_used(world: TrainingWorld) -> None:
    """The fourth attempt crashed, and three retries are allowed."""
    await training(world)
    for pause in (10, 20, 40):
        world.pod_ends(1, "Traceback: boom")
        await world.run_pass()
        world.later(pause)
        await world.run_pass()
    world.pod_ends(1, "Traceback: boom")


async def evicted(world: TrainingWorld) -> None:
    """The node took the pod away."""
    await training(world)
    message = "The node was low on resource: memory."
    world.pod({"phase": "Failed", "reason": "Evicted", "message": message})


async def pod_lost(world: TrainingWorld) -> None:
    """The Job says failed and nothing is left to ask why."""
    await training(world)
    world.remove_pod()
    world.job_ends("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")


async def deadline_over(world: TrainingWorld) -> None:
    """The run takes too long."""
    await training(world)
    await world.run_pass()
    world.later(7200)


async def deadline_over_without_image(world: TrainingWorld) -> None:
    """The whole of its time passed while the kubelet could not pull the image."""
    await image_missing(world)
    await world.run_pass()
    world.later(7200)


async def deadline_over_between_attempts(world: TrainingWorld) -> None:
    """The store stayed away until the time was over, and nothing trains at the end."""
    await store_away(world)
    await world.run_pass()
    world.later(7200)


async def deadline_told(world: TrainingWorld) -> None:
    """Status says that the time is over; the trainer still runs."""
    await deadline_over(world)
    await world.run_pass()


async def gate_while_nothing_serves(world: TrainingWorld) -> None:
    """There is nothing that the candidate could be worse than."""
    world.apply(compared_with("Serving"))


async def gate_beside_what_serves(world: TrainingWorld) -> None:
    """Two ModelDeployments serve two versions, one of them in a store of its own."""
    own = {"endpoint": "http://own:9000", "credentialsSecretRef": {"name": "own"}}
    publish(world, OLD, store=own)
    publish(world, NEW)
    serve(world, NEW, "main")
    serve(world, OLD, "slow")
    serve(world, NEW, "twin")
    serve(world, "other-00000000", "other-model")
    world.apply(compared_with("Serving", OLD))


async def gate_with_a_version_that_is_not_there(world: TrainingWorld) -> None:
    """A gate names a version that is yet to be published."""
    world.apply(compared_with(OLD))


async def gate_with_a_served_version_that_is_gone(world: TrainingWorld) -> None:
    """Somebody deleted the ModelVersion of what serves."""
    serve(world, OLD, "main")
    world.apply(compared_with("Serving"))


async def gate_told_before_something_else_served(world: TrainingWorld) -> None:
    """The operator died after it wrote the run file; meanwhile another version was promoted."""
    publish(world, OLD)
    publish(world, NEW)
    serve(world, OLD, "main")
    world.apply(compared_with("Serving"))
    world.cluster.dies_after = 1
    with contextlib.suppress(OperatorDiedError):
        await world.run_pass()
    world.cluster.revive()
    serve(world, NEW, "main")


SITUATIONS: dict[str, Situation] = {
    function.__name__: function
    for function in (
        just_created,
        created_with_few_words,
        created_with_every_setting,
        created_with_every_store,
        created_suspended,
        created_suspended_and_let_go,
        created_in_a_queue,
        waiting_in_a_queue,
        admitted_from_a_queue,
        preempted_in_a_queue,
        suspended_in_a_queue,
        suspended_in_a_queue_and_let_go,
        job_made,
        job_without_pod,
        image_missing,
        image_missing_told,
        image_being_pulled,
        unschedulable,
        secret_missing_for_a_moment,
        secret_missing,
        secret_missing_told,
        authorities_missing_for_a_moment,
        authorities_missing,
        authorities_without_their_key,
        training,
        suspended,
        suspended_and_ended,
        resumed_too_soon,
        resumed,
        training_again,
        published_while_suspended,
        failed_while_suspended,
        suspended_in_backoff,
        publishing,
        job_deleted,
        published,
        published_told,
        kept_for_an_hour,
        kept_long_enough,
        kept_no_longer,
        bad_data,
        parity_failed,
        store_away,
        backoff_over,
        out_of_memory,
        second_rung,
        out_of_memory_on_the_last_rung,
        scratch_full_on_the_last_rung,
        all_retries_used,
        evicted,
        pod_lost,
        deadline_over,
        deadline_over_without_image,
        deadline_over_between_attempts,
        deadline_told,
        gate_while_nothing_serves,
        gate_beside_what_serves,
        gate_with_a_version_that_is_not_there,
        gate_with_a_served_version_that_is_gone,
        gate_told_before_something_else_served,
    )
}
"""By name, which is the golden file's."""
