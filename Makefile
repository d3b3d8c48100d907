# `make help` lists what there is to make.
.DEFAULT_GOAL := help
.NOTPARALLEL:

SWIFT ?= swift
# All our tests are Swift Testing's; XCTest, which would run beside it, leaks memory of its own.
SWIFT_TEST := $(SWIFT) test --disable-xctest --quiet
PYTEST ?= /usr/bin/python3 -m pytest
BALANCER := $(CURDIR)/.build/release/balancer

# What each purpose needs on Debian 12 beside the Swift toolchain. COMMAND:PACKAGE means the package only where the
# command is not there yet.
packages-build := libc-ares-dev libssl-dev libnghttp2-dev libpcre2-dev zlib1g-dev libbrotli-dev libzstd-dev \
    libcrypt-dev pkg-config
packages-lint := python3 git
packages-test := python3 python3-pytest python3-grpcio python3-yaml python3-jsonschema iptables curl node:nodejs \
    dnsmasq-base iproute2 nginx:nginx-light
# For the scenario under Compose, which says so where it has to be left out.
packages-test-docker := dockerd:docker.io docker-compose:docker-compose
packages-bench := python3 wrk nginx:nginx-light haproxy strace
packages-demo := python3 curl node:nodejs dnsmasq-base

# ThreadSanitizer cannot place its shadow memory where addresses are too random: they are fixed for it, wherever the
# system lets us.
FIXED_ADDRESSES := $(shell setarch -R true 2>/dev/null && echo setarch -R)
# Sanitized, it is several times slower, which the scenarios' deadlines allow for. The one with containers is left out:
# it builds a program of its own.
SANITIZED_SCENARIOS := BALANCER_SLOW=1 $(PYTEST) -m "not slow" --ignore=Tests/ScenarioTests/docker Tests/ScenarioTests
# For the same reason the simulation tries fewer worlds.
SANITIZED_TEST := SIMULATION_SEEDS=12 $(SWIFT_TEST)
# A report ends the process by itself; the backtracer of Swift would hang on it.
export ASAN_OPTIONS ?= exitcode=66
export SWIFT_BACKTRACE ?= enable=no
export LSAN_OPTIONS ?= suppressions=$(CURDIR)/Tests/lsan.supp:print_suppressions=0
export TSAN_OPTIONS ?= halt_on_error=1:second_deadlock_stack=1

.PHONY: build
build: toolchain install-build ## build the release binary, .build/release/balancer
	$(SWIFT) build --configuration release --static-swift-stdlib --product balancer

.PHONY: test
test: toolchain install-build install-test ## run the unit tests and the scenarios
	-@.ci/packages test-docker $(packages-test-docker)
	$(SWIFT_TEST)
	$(MAKE) --no-print-directory build
	BALANCER=$(BALANCER) $(PYTEST) Tests/ScenarioTests

.PHONY: sanitize
sanitize: sanitize-address sanitize-thread ## run the tests under AddressSanitizer and ThreadSanitizer

# The linker named here exports the sanitizer's symbols without a warning for each.
.PHONY: sanitize-address
sanitize-address: toolchain install-build install-test
	$(SANITIZED_TEST) --sanitize=address --scratch-path .build-asan -Xswiftc -use-ld=lld
	BALANCER=$(CURDIR)/.build-asan/debug/balancer $(SANITIZED_SCENARIOS)

.PHONY: sanitize-thread
sanitize-thread: toolchain install-build install-test
	$(FIXED_ADDRESSES) env $(SANITIZED_TEST) --sanitize=thread --scratch-path .build-tsan
	BALANCER=$(CURDIR)/.build-tsan/debug/balancer $(FIXED_ADDRESSES) env $(SANITIZED_SCENARIOS)

.PHONY: bench
bench: build install-bench ## compare with nginx and HAProxy on this machine
	BALANCER=$(BALANCER) bench/run

.PHONY: micro
micro: toolchain install-build ## measure what it takes to find a route and pick an endpoint
	$(SWIFT) run --configuration release MicroBench

.PHONY: bench-discovery
bench-discovery: build install-bench ## compare how nginx, HAProxy and balancer follow DNS
	BALANCER=$(BALANCER) bench/discovery/run

.PHONY: demo
demo: build install-demo ## run the tweet stack on http://127.0.0.1:8080 until Ctrl-C
	BALANCER=$(BALANCER) deploy/demo/run

.PHONY: lint
lint: toolchain install-lint ## check form: swift-format and Tests/tidy
	$(SWIFT) format lint --strict --parallel --recursive Sources Tests bench/micro Package.swift
	Tests/tidy

.PHONY: format
format: toolchain ## let swift-format rewrite the source
	$(SWIFT) format --in-place --parallel --recursive Sources Tests bench/micro Package.swift

.PHONY: clean
clean: ## remove everything that was built
	rm -rf .build .build-asan .build-tsan

.PHONY: toolchain
toolchain:
	@command -v $(SWIFT) >/dev/null || \
		{ echo "make: swift is not in PATH; install Swift 6.3 from https://www.swift.org/install/linux" >&2; exit 1; }

install-%:
	@.ci/packages "$*" $(packages-$*)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
