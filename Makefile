# Every target does its own set-up; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV := scripts/uv
PY := .venv/bin/python
CLUSTER := local-cluster/cluster
PYTEST := .venv/bin/pytest
PARALLEL := --numprocesses 2 --dist worksteal
BY_FILE := --numprocesses 2 --dist loadfile
SOURCES := operator/src trainer-image/src server-image/src local-cluster/src demo tests

requests := 1000000

.PHONY: help demo test check test-unit test-crd test-wiring test-images test-e2e test-histories \
  cluster-up cluster-down images crds protos format parity attack bench-server bench-decision-log bench-shadow \
  bench-trainer bench-join bench-operator evidence clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.synced: pyproject.toml uv.lock scripts/uv
	@echo "== Python packages from uv.lock"
	@$(UV) sync --frozen --all-extras --quiet
	@touch $@

demo: cluster-up images ## The whole path: train, serve, canary under load, roll back (leaves the cluster running)
	@PYTHONPATH=. $(PY) -m demo

test: cluster-up images ## Every test, on a real cluster
	@$(CLUSTER) build
	@failed=0; \
	echo "== tests/unit, golden, crd and images, two at a time"; \
	$(PYTEST) $(PARALLEL) tests/unit tests/golden tests/crd tests/images || failed=1; \
	echo "== e2e, two at a time"; \
	$(PYTEST) $(BY_FILE) -m 'e2e and not histories and not alone' tests/e2e || failed=1; \
	echo "== tests/wiring, and e2e that takes the whole cluster, one after the other"; \
	$(PYTEST) -m 'wiring or alone' tests/wiring tests/e2e || failed=1; \
	exit $$failed

check: .venv/.synced ## ruff, mypy, import-linter, and generated files are up to date
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	$(PY) -m checkrail_operator.crdgen --check
	$(UV) lock --check --quiet

test-unit: .venv/.synced ## Pure functions and golden files: seconds, no cluster
	@$(PYTEST) tests/unit tests/golden

test-crd: .venv/.synced ## Every schema and CEL rule on a real API server
	@$(CLUSTER) build etcd kubernetes
	@$(PYTEST) tests/crd

test-wiring: .venv/.synced ## The operator against a real API server: kills, cut watches, lost Leases
	@$(CLUSTER) build etcd kubernetes
	@$(PYTEST) tests/wiring

test-images: .venv/.synced ## Trainer and server as processes against a real S3 server
	@$(CLUSTER) build versitygw
	@$(PYTEST) tests/images

test-e2e: cluster-up images ## The whole system on a real cluster
	@$(PYTEST) $(BY_FILE) -m 'e2e and not histories and not alone' tests/e2e
	@$(PYTEST) -m alone tests/e2e

test-histories: cluster-up images ## Fifty random histories of a ModelDeployment, half an hour; not part of `test`
	@$(PYTEST) -m histories -s tests/e2e/test_random_changes.py

cluster-up: .venv/.synced ## Start the cluster: kind with Docker, the local one without
	@$(CLUSTER) up

cluster-down: ## Stop the cluster and leave nothing behind
	@$(CLUSTER) down

images: .venv/.synced ## Build the three images and load them into the cluster
	@$(CLUSTER) images operator trainer server
	@for image in operator trainer server; do $(CLUSTER) load checkrail.dev/$$image:dev; done

protos: ## Generate the messages of gRPC from their .proto files
	@$(UV) run --quiet --no-project --isolated --with grpcio-tools==1.81.1 python -m grpc_tools.protoc \
	  --proto_path=server-image/protos --python_out=server-image/src/checkrail_server \
	  server-image/protos/*.proto

crds: .venv/.synced ## Generate the CRDs from the API's models
	@$(PY) -m checkrail_operator.crdgen

format: .venv/.synced ## Format, and mend what ruff can mend
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

attack: .venv/.synced ## A million malformed requests, slow clients, giants and floods on a server of its own; requests=N, seconds=N at most
	@PYTHONPATH=tests:local-cluster/src $(PY) -m attack --requests $(requests) $(if $(seconds),--seconds $(seconds))

bench-server: .venv/.synced ## The scoring server beside KServe, MLServer and mosec; writes docs/server-speed.md; quick=1: a short run elsewhere
	@$(PY) server-image/bench/server.py $(if $(quick),--quick)

bench-decision-log: .venv/.synced ## Requests a second with the decision log and without, side by side
	@$(CLUSTER) build versitygw
	@$(PY) server-image/bench/decision_log.py

bench-shadow: .venv/.synced ## What a candidate in shadow costs the answers: p99 with and without one
	@$(PY) server-image/bench/shadow.py

parity: .venv/.synced ## Every built-in workflow against its ONNX model on real data; writes docs/parity.md
	@PYTHONPATH=tests $(PY) trainer-image/bench/parity.py

bench-trainer: .venv/.synced ## A run against a bare script that reads, fits and predicts
	@$(CLUSTER) build versitygw
	@$(PY) trainer-image/bench/training.py

bench-join: .venv/.synced ## A join of two data sets in half of the memory that it needs
	@$(CLUSTER) build versitygw
	@$(PY) trainer-image/bench/join.py

bench-operator: .venv/.synced ## Passes and writes a second of the operator on a real API server
	@$(CLUSTER) build etcd kubernetes
	@$(PY) operator/bench/passes.py

evidence: .venv/.synced ## How often the rollout checks are wrong, by simulation
	@PYTHONPATH=tests $(PY) -m unit.stats.evidence

clean: ## Remove what the checkout holds beside its sources
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
