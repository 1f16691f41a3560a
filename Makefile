# Everything here runs from a clean checkout on Debian 12 or a recent Ubuntu; `setup` installs what
# is missing with apt-get (as root, or through sudo).
# What generates API clients is installed into `target` for `make test` alone.
.PHONY: fuzz generators help setup toolchain build test lint deny demo dev bench clean

CARGO ?= cargo

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: toolchain ## install what is needed
	@deploy/scripts/setup.sh

toolchain:
	@deploy/scripts/toolchain.sh

build: toolchain setup ## release binaries in target/release
	$(CARGO) build --release --locked -p countersign-appliance -p countersign-cli

generators: setup
	@deploy/scripts/openapi-tools.sh

test: toolchain setup generators ## everything that can be tested on one machine
	@deploy/scripts/test.sh

lint: toolchain ## formatting and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

deny: toolchain ## licences, bans, sources
	@deploy/scripts/deny.sh

# Debug programs, which `make test` builds too: the SVM alone takes minutes to optimise.
demo: setup toolchain ## the main job, shown on a throw-away appliance
	$(CARGO) build --locked -p countersign-appliance -p countersign-cli
	$(CARGO) build --locked -p softhsm-tests --bin demo
	@BIN="$${CARGO_TARGET_DIR:-target}/debug" deploy/dev/demo.sh

dev: build ## a throw-away appliance in the foreground; STATE_DIR, POLICY
	@STATE_DIR="$(or $(STATE_DIR),./.dev)" POLICY="$(or $(POLICY),deploy/dev/policy.toml)" deploy/dev/dev.sh

bench: build ## speed, as ratios against a floor measured in the same run
	@deploy/scripts/bench.sh

fuzz: toolchain ## the readers of hostile bytes; SECONDS_EACH (30), TARGET
	@deploy/scripts/fuzz.sh

clean: ## remove what was built
	$(CARGO) clean
