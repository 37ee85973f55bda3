# Every target sets up what it needs: a .venv with the locked versions, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
AUDIT := .venv-audit
READY := $(VENV)/.ready
export PYTHONPATH := producer:.
# the tests start hundreds of processes: none of them should compile what another one compiled
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-replay live picture picture-overview test test-deep test-browser test-prometheus attack simulate simulated-coverage lint bench ghost
.PHONY: peers audit pin chaos drill clean lock

demo: $(READY)  ## the whole way once: engine to scorecard, on embedded servers and real candles
	$(BIN)/python -m deploy.demo

demo-replay: $(READY)  ## record January with its market, replay one day through the engine, as it was and what if
	$(BIN)/python -m deploy.demo.replay

live: $(READY)  ## everything at once: January relived as if it were now, with dashboard, until Ctrl-C (SPEED=n, DAYS=n)
	$(BIN)/python -m deploy.live $(if $(SPEED),--speed $(SPEED)) $(if $(DAYS),--days $(DAYS))

picture-overview: $(READY)  ## take the picture of the dashboard anew, while `make live` runs
	$(BIN)/python -m deploy.live.picture

picture: $(READY)  ## draw the scorecard that stands in the docs anew, from what `make demo` has stored
	$(BIN)/python -m deploy.demo.picture

# In a fresh clone one process compiles the tests beside the types: else each of the workers would compile all of them.
test: $(READY)  ## lint, types and the tests; the types are checked beside the tests, and said last
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@types=$$(mktemp); $(BIN)/mypy >$$types 2>&1 & checking=$$!; \
	trap "kill $$checking; rm -f $$types; exit 130" INT TERM; \
	test -d tests/__pycache__ || $(BIN)/python -m pytest --collect-only >/dev/null 2>&1; \
	$(BIN)/python -m pytest -n $(or $(JOBS),5) --dist worksteal -m "not deep"; tested=$$?; \
	wait $$checking; checked=$$?; echo mypy; cat $$types; rm -f $$types; exit $$((tested | checked))

test-deep: $(READY)  ## small doses of chaos, attack and simulate, and whole ways with all processes
	$(BIN)/python -m pytest -n $(or $(JOBS),5) --dist worksteal -m deep

test-browser: $(READY)  ## the dashboard in a real Chromium (it says what to install if there is none)
	$(BIN)/python -m pytest tests/browser

test-prometheus: $(READY)  ## rules, names, boards and units against Debian's Prometheus and systemd (it says what to install)
	@# a worker that was ended is not replaced: by files, the next one would do what hung again, and so on for ever
	$(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0 tests/prometheus

attack: $(READY)  ## the attack suite of `make test` with 8 times the examples (TIMES=n), and every property with new ones
	ATTACK_TIMES=$(or $(TIMES),8) $(BIN)/python -m pytest tests/attack tests/unit/guard/test_a_day.py \
		tests/unit/ghost/test_hostile_tape.py
	ATTACK_TIMES=$(or $(TIMES),8) $(BIN)/python -m pytest -n 2 -m hypothesis tests/unit tests/integration

simulate: $(READY)  ## the product under one scheduler, with faults, seed after seed (SECONDS=n, SEED=n repeats one, WORLD=name, STEPS=n)
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED) --runs 1,--seconds $(or $(SECONDS),600)) \
		$(if $(WORLD),--world $(WORLD)) $(if $(STEPS),--steps $(STEPS))

simulated-coverage: $(READY)  ## what simulation reaches of the code that it is for; fails below 95 % (SECONDS=n a world, GROUP=journal)
	$(BIN)/python -m tests.simulation.covering --seconds $(or $(SECONDS),120) $(if $(GROUP),--group $(GROUP))

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.bench-ready  ## every cost as a ratio within one run (8 minutes; FULL=1 for all sizes, ONLY=name for one)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench $(if $(ONLY),--only $(ONLY)) $(if $(FULL),--full)

$(VENV)/.bench-ready: requirements-bench.lock | $(READY)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $(VENV)/.bench-ready

ghost: $(READY)  ## the model of paper orders against its slow twin, on 5,000 random plans (PLANS=n)
	GHOST_PLANS=$(or $(PLANS),5000) $(BIN)/python -m pytest tests/unit/ghost/test_slow_twin.py

# their warnings are their own: the settings of this project's tests are not for them
peers: $(PEERS)/.ready  ## the same model beside backtesting.py and freqtrade, real ones, in an environment of their own
	$(PEERS)/bin/python -m pytest -q -s -c /dev/null --rootdir . --noconftest -p no:cacheprovider tests/peers

$(PEERS)/.ready: requirements-peers.lock
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-peers.lock
	@touch $(PEERS)/.ready

audit: $(READY) $(AUDIT)/.ready  ## known vulnerabilities of what is locked, and an SBOM of what runs (SERVICE=osv)
	$(BIN)/python -m deploy.audit --tools $(AUDIT) $(if $(SERVICE),--service $(SERVICE))

$(AUDIT)/.ready: requirements-audit.lock
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-audit.lock
	@touch $(AUDIT)/.ready

pin:  ## name the images of Dockerfile and compose.yml by the digests that their registry has today (needs docker)
	@for image in $$(grep -ohE '(FROM|image:) +[a-z/]+:[a-z0-9.-]+@sha256:[0-9a-f]+' Dockerfile deploy/compose.yml \
			| sed -E 's/^(FROM|image:) +//' | sort -u); do \
		name=$${image%@*}; digest=$$(docker buildx imagetools inspect "$$name" --format '{{.Manifest.Digest}}') || exit 1; \
		sed -i "s|$$image|$$name@$$digest|" Dockerfile deploy/compose.yml; echo "$$name@$$digest"; done

lock: $(READY)  ## write the lock files anew from pyproject.toml
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--all-extras --group apps --group embedded --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group bench -c requirements.lock pyproject.toml -o requirements-bench.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group peers pyproject.toml -o requirements-peers.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--all-extras --group apps -c requirements.lock pyproject.toml -o requirements-run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group pyproject.toml:audit -o requirements-audit.lock

chaos: $(READY)  ## break every part on purpose, under load, and count every event (ONLY=name, PARTITIONS=n)
	$(BIN)/python -m tests.chaos $(if $(ONLY),--only $(ONLY)) $(if $(PARTITIONS),--partitions $(PARTITIONS))

drill: $(READY)  ## play every case of docs/runbook.md on real servers, by its own commands, and count every event (ONLY=case)
	$(BIN)/python -m tests.drill $(if $(ONLY),--only $(ONLY)) $(if $(MARKDOWN),--markdown)

clean:  ## stop the embedded servers of this checkout and remove all that was made here
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.embedded --stop --remove; \
		for home in demo-replay live; do \
			SIGNALTAPE_HOME=.signaltape/$$home $(BIN)/python -m deploy.embedded --stop --remove; done; fi
	rm -rf $(VENV) $(PEERS) $(AUDIT) .signaltape .mypy_cache .ruff_cache .pytest_cache .hypothesis build producer/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "signaltape needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
