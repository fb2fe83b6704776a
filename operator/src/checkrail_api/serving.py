"""What the operator tells a scoring server, and what it reads from one.

Environment variables, ports, paths, and the metrics that rollout checks compare. Every metric has
the labels ``namespace``, ``model_deployment`` and ``model_version`` (the digest's first 8 digits)
beside the ones that are named here. A name is the one of the samples: that of a histogram gets
``_bucket``, ``_sum`` and ``_count``.
"""

ENV_NAMESPACE = "CHECKRAIL_NAMESPACE"
"""Namespace of the ModelDeployment; a metric label."""
ENV_MODEL_DEPLOYMENT = "CHECKRAIL_MODEL_DEPLOYMENT"
"""Name of the ModelDeployment: the model's name in the Open Inference Protocol."""
ENV_MODEL_VERSION = "CHECKRAIL_MODEL_VERSION"
"""Name of the ModelVersion: the version in the Open Inference Protocol."""
ENV_ARTIFACT_URI = "CHECKRAIL_ARTIFACT_URI"
"""Prefix that holds the artifact's files: s3://..., or file:///... in tests."""
ENV_ARTIFACT_SHA256 = "CHECKRAIL_ARTIFACT_SHA256"
"""Digest that model.onnx must have."""
ENV_STORE_ENDPOINT = "CHECKRAIL_STORE_ENDPOINT"
"""URL of the object store; absent for Amazon S3."""
ENV_STORE_REGION = "CHECKRAIL_STORE_REGION"
"""Region that requests are signed for."""
ENV_STORE_ADDRESSING_STYLE = "CHECKRAIL_STORE_ADDRESSING_STYLE"
"""Path or Virtual."""
ENV_STORE_CA = "AWS_CA_BUNDLE"
"""File with the certificate authorities of the object store, PEM; absent: the public ones. The name
is botocore's own."""
ENV_THREADS = "CHECKRAIL_THREADS"
"""Threads of one inference; absent: ``DEFAULT_THREADS``."""
ENV_MAX_BATCH_SIZE = "CHECKRAIL_MAX_BATCH_SIZE"
"""Rows that requests may have together when they share a run; absent: ``DEFAULT_BATCH_ROWS``."""
ENV_MAX_BODY_BYTES = "CHECKRAIL_MAX_BODY_BYTES"
"""Bytes that the body of one request may have; absent: ``DEFAULT_BODY_BYTES``."""
ENV_PORT = "CHECKRAIL_PORT"
"""Port to listen on; absent: 8080."""
ENV_TRIAL_MEMORY = "CHECKRAIL_TRIAL_MEMORY_BYTES"
"""What a model may take while it is tried; absent: four fifths of what the container has left."""
ENV_TRIAL_SECONDS = "CHECKRAIL_TRIAL_SECONDS"
"""How long a model may take to load and to answer a few rows; absent: 40."""
ENV_REFERENCE_SCORES = "CHECKRAIL_REFERENCE_SCORES"
"""The score bins of the version that a canary is compared with: a ``ScoreBins`` as JSON,
``{"output": "probabilities", "edges": ["0.1", "0.5"]}``. Absent, or of no use to the model: its
scores are counted in its own bins only."""
ENV_DECISION_LOG = "CHECKRAIL_DECISION_LOG"
"""Where and how answers are recorded: a ``DecisionLogSettings`` as JSON. Absent: they are not."""
DECISION_LOG_PREFIX = "CHECKRAIL_DECISION_LOG_"
"""Before the AWS variables of the decision log's store. Without them it is opened by the pod's own
identity."""
ENV_SHADOW = "CHECKRAIL_SHADOW"
"""File that says which candidate to score beside the served version, a ``shadow.Candidate``; it
comes, changes and goes while the server runs. Absent: there is never one."""

# Credentials come as plain AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.

DEFAULT_THREADS = 1
"""Of ``ENV_THREADS``."""
MOST_THREADS = 256
"""Of ``ENV_THREADS``."""
DEFAULT_BATCH_ROWS = 64
"""Of ``ENV_MAX_BATCH_SIZE``."""
MOST_BATCH_ROWS = 1024
"""Of ``ENV_MAX_BATCH_SIZE``: a run of so many rows is no shorter for another one."""
DEFAULT_BODY_BYTES = 1_048_576
"""Of ``ENV_MAX_BODY_BYTES``."""
LEAST_BODY_BYTES = 1_024
"""Of ``ENV_MAX_BODY_BYTES``."""
MOST_BODY_BYTES = 16_777_216
"""Of ``ENV_MAX_BODY_BYTES``: nobody is answered while JSON is parsed, and the worst of so many
bytes takes about as long as a probe waits, 5 s (lists of lists: 0.3 s a MiB, 2026-11-29)."""
SERVER_PORT = 8080
"""REST, health and metrics."""
LIVE_PATH = "/v2/health/live"
READY_PATH = "/v2/health/ready"
METRICS_PATH = "/metrics"
SHADOW_PATH = "/v2/shadow"
"""What is known of a candidate in shadow: a ``shadow.ShadowReport``."""
DIGEST_HEADER = "x-checkrail-model-digest"
"""Response header with the served digest."""
VERSION_HEADER = "x-checkrail-model-version"
"""Response header with the served ModelVersion's name."""

PICK_HEADER = "x-checkrail-version"
"""Request header by which a client picks a ModelVersion; the route sends the request there."""

REQUESTS = "checkrail_requests_total"
"""Scoring requests (infer and predict) answered, by ``code``; 499 if the client was gone by then,
as nginx writes it. Those that picked their version are in ``PICKED_REQUESTS`` only, and in no
histogram or counter of requests: what a rollout compares is what the split sent."""
PICKED_REQUESTS = "checkrail_picked_requests_total"
"""Scoring requests that named their version in ``PICK_HEADER``."""
REQUEST_DURATION = "checkrail_request_duration_seconds"
"""Histogram: from a scoring request's first byte to its answer; its edges: ``REQUEST_SECONDS``."""
NONFINITE_ANSWERS = "checkrail_nonfinite_answers_total"
"""Scoring requests answered 2xx though an output of floats held NaN or infinity. Errors of a
rollout check are answers 5xx and these."""
REQUEST_SCORE = "checkrail_request_score"
"""Histogram by ``profile`` and ``output``: the score of the first row of every scoring request
answered 2xx. One a request, because the statistics take what they count as independent, and the
rows of a request are not."""
OUT_OF_RANGE_REQUESTS = "checkrail_out_of_range_requests_total"
"""Scoring requests answered 2xx in which a value of a feature was outside the training profile.
Absent: the model has no profile of its inputs."""
FEATURE_OUT_OF_RANGE = "checkrail_feature_out_of_range_total"
"""The same by ``feature``: requests in which a value of this one was outside."""

DECISION_LOG_WRITTEN = "checkrail_decision_log_written_total"
"""Requests whose records are in the object store."""
DECISION_LOG_DROPPED = "checkrail_decision_log_dropped_total"
"""Requests whose records are lost: the store was away for longer than the spool lasted."""
DECISION_LOG_PENDING = "checkrail_decision_log_pending"
"""Requests whose records wait in memory and on disk."""

CODE_LABEL = "code"
"""HTTP status of the answer."""
FEATURE_LABEL = "feature"
"""Name of an input of the model."""
OUTPUT_LABEL = "output"
"""Name of the output that the scores are from."""
PROFILE_LABEL = "profile"
"""Whose bins: ``OWN_PROFILE`` or ``REFERENCE_PROFILE``."""
OWN_PROFILE = "own"
"""The training profile of the served version."""
REFERENCE_PROFILE = "reference"
"""What ``ENV_REFERENCE_SCORES`` says. A canary's "reference" and its stable's "own" have the same
edges: they are what is compared."""

REQUEST_SECONDS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01),
    *(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Upper bounds of the buckets of ``REQUEST_DURATION``, seconds; one more has no bound."""
