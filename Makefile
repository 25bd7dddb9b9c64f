# Every target does its own set-up: a fresh clone needs Python 3.11 to 3.13 and make, nothing else.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	2>/dev/null && { command -v $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# Tests run side by side, each process with a broker of its own: four on two cores, for most of them
# wait for brokers and processes.
SIDE_BY_SIDE := -n 4 --dist worksteal
BROKER_TESTS := tests/broker
# Where it is set, as in many images, each of a shop's processes compiles all sources again.
unexport PYTHONDONTWRITEBYTECODE
KUBECONFORM := github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (set PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.installed ## install everything, exact versions with hashes, into .venv

demo: $(VENV)/.installed ## a shop in your browser, live: embedded broker, workers, simulated shoppers
	@exec $(BIN)/shopkeeper demo $(if $(DATA),--data "$(DATA)") $(if $(FORMAT),--format "$(FORMAT)") \
		$(if $(CATALOGUE),--catalogue "$(CATALOGUE)") $(if $(DOMAIN),--domain "$(DOMAIN)") $(ARGS)

test: lint pytest ## lint, types, all tests on an embedded broker of their own

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pytest: $(VENV)/.installed
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

ci: ## what CI runs: test, on each Python that is installed, and test-kafka
	.ci/run

test-kafka: $(VENV)/.installed ## the broker tests on a real Apache Kafka 4 (Java 17 and Maven, or Docker)
	TEST_BROKER=kafka $(BIN)/python -m pytest $(BROKER_TESTS) $(SIDE_BY_SIDE) $(ARGS)

bench: $(VENV)/.installed ## every benchmark, one after the other; JSON on standard output
	@for b in $(filter-out %/bench_peers.py,$(wildcard benchmarks/bench_*.py)); do echo "# $$b" >&2; $(BIN)/python $$b || exit 1; done

peers: $(VENV)/.installed ## other stream processors beside ours (docs/benchmarks-peers.md); JSON on standard output
	@$(BIN)/python benchmarks/bench_peers.py $(ARGS)

survival: $(VENV)/.installed ## what survives what: every check in every scenario; the table of docs/survival.md
	@$(BIN)/python -m tests.survival $(ARGS)

up: $(VENV)/.installed ## the workers, supervised, against KAFKA_BOOTSTRAP_SERVERS
	@exec $(BIN)/shopkeeper up

lock: ## write the lock files anew (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra grpc --extra mcp --extra otlp \
		--no-emit-index-url --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra broker \
		--extra grpc --extra mcp --extra otlp \
		--group dev --no-emit-index-url --no-header --no-annotate -q -o requirements-dev.lock
	uv pip compile --group llm-server --universal --generate-hashes --no-deps --python-version 3.11 \
		--no-emit-index-url --no-header --no-annotate -q -o requirements-llm.lock
	uv pip compile --group audit --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header --no-annotate -q -o requirements-audit.lock
	uv pip compile --group deploy --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header --no-annotate -q -o requirements-deploy.lock
	uv pip compile --group docs --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header --no-annotate -q -o requirements-docs.lock
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra broker \
		--extra train-reader --extra notebook --no-emit-index-url --no-header --no-annotate -q \
		-o requirements-training.lock
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra broker \
		--extra train --extra notebook --group datascience --no-emit-index-url --no-header --no-annotate -q \
		-o requirements-datascience.lock
	uv pip compile benchmarks/peers/requirements.in --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header --no-annotate -q -o benchmarks/peers/requirements.txt

pages: ## the pages that the gateway serves, built from web/ (needs Node 20)
	cd web && npm ci --no-audit --no-fund --silent && npm run --silent check && npm run --silent build

client-javascript: ## the JavaScript client's lib/, compiled from its src/ (needs Node 20)
	cd clients/javascript && npm ci --no-audit --no-fund --silent && npm run --silent build

llm-server: .venv-llm/.installed ## llama.cpp's server and a small language model, for their tests

.venv-llm/.installed: requirements-llm.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (set PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv .venv-llm
	.venv-llm/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--only-binary :all: -r requirements-llm.lock
	@touch $@

datascience: .venv-datascience/.installed ## what `shopkeeper train intent|sentiment` and `case-study` need

.venv-datascience/.installed: requirements-datascience.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (set PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv .venv-datascience
	.venv-datascience/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes \
		-r requirements-datascience.lock
	.venv-datascience/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The tests that need pandas or onnx; elsewhere they are skipped.
test-datascience: .venv-datascience/.installed ## the tests of `shopkeeper train` and `case-study`
	.venv-datascience/bin/python -m pytest tests/broker/test_case_study.py tests/unit/train \
		tests/unit/training/test_text_models.py tests/unit/text/test_licences.py $(ARGS)

training: .venv-training/.installed ## what `shopkeeper train reader` needs, PyTorch with it, into .venv-training

.venv-training/.installed: requirements-training.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (set PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv .venv-training
	.venv-training/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-training.lock
	.venv-training/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

case-study: .venv-datascience/.installed ## a shop through the real workers, and a report of plots, into build/case-study
	@.venv-datascience/bin/shopkeeper case-study build/case-study $(ARGS)

sbom: .venv-audit/.installed ## what an installation is made of: build/sbom.cdx.json (CycloneDX, from requirements.lock)
	@mkdir -p build
	@.venv-audit/bin/python -W ignore -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml \
		--mc-type application --output-reproducible --of JSON -o build/sbom.cdx.json
	@echo "build/sbom.cdx.json: $$(grep -c '"purl": "pkg:pypi' build/sbom.cdx.json) packages"

audit: .venv-audit/.installed ## known vulnerabilities of what requirements.lock pins; fails where nobody could be asked
	@.venv-audit/bin/python .ci/audit.py

.venv-audit/.installed: requirements-audit.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (set PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-audit.lock
	@touch $@

deploy-tools: .venv-deploy/.installed ## what the tests of compose files and of the Helm chart ask (kubeconform where Go is installed)

.venv-deploy/.installed: requirements-deploy.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (set PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv .venv-deploy
	.venv-deploy/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-deploy.lock
	@! command -v go >/dev/null || GOBIN="$(CURDIR)/.venv-deploy/bin" go install $(KUBECONFORM) || true
	@touch $@

pin-images: ## digests of the images' tags, from their registries: docker-compose.digests.yml (needs Docker)
	@python3 deploy/pin_images.py

release: ## wheel, sdist, SBOM, notes, sums and signature into build/release (VERSION=, KEY=, TAGS=; docs/release.md)
	@test -n "$(VERSION)" || { echo "make release VERSION=0.2.0 [KEY=~/.ssh/id_ed25519] [DRAFT=1]" >&2; exit 2; }
	@$(MAKE) --no-print-directory $(VENV)/.installed sbom
	@$(BIN)/python deploy/release.py "$(VERSION)" $(if $(KEY),--key "$(KEY)") $(if $(DRAFT),--draft) $(if $(TAGS),--tags)

site: $(VENV)/.installed .venv-docs/.installed ## the documentation as a site, its links checked: build/site
	@$(BIN)/python -m shopkeeper.apps.docs.site build/site-source
	@for each in site-source site-source.zh; do NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -W ignore -m mkdocs \
		build -q --strict -f build/$$each.yml || exit 1; done
	@$(BIN)/python -m shopkeeper.apps.docs.site_check build/site build/site-zh

reference: $(VENV)/.installed ## the generated pages of docs/: settings, events, topics, rights
	@mkdir -p build
	$(BIN)/python -m shopkeeper.apps.docs.settings > build/settings.md && mv build/settings.md docs/settings.md
	$(BIN)/python -m shopkeeper.apps.docs.topics > build/topics.md && mv build/topics.md docs/topics.md
	$(BIN)/python -m shopkeeper.apps.docs.events docs/events
	$(BIN)/python -m shopkeeper.apps.docs.acls docs/security.md docs/security.zh.md

.venv-docs/.installed: requirements-docs.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (set PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

clean: ## remove what was installed and cached here
	rm -rf $(VENV) .venv-3.* .venv-llm .venv-audit .venv-deploy .venv-docs .venv-datascience .venv-training .venv-peers build dist \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help setup demo test lint pytest ci test-kafka bench peers survival up lock pages client-javascript llm-server \
	datascience test-datascience training case-study sbom audit deploy-tools pin-images release site reference clean
