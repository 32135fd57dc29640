# A façade: what people type. The build itself is meson.build. `make help` lists everything.
SHELL := /bin/sh
.DEFAULT_GOAL := build
BUILD ?= build
ASAN := build-asan
HINOMI_HOME ?= $(CURDIR)/$(BUILD)/home
PORT ?= 8470
SECS ?= 60
# Started as root, the web server role runs as an ordinary user.
AS_USER := $(shell [ "$$(id -u)" = 0 ] && echo --user nobody)
export HINOMI_TEST_DATA ?= $(abspath ../shared/data)
CONSOLE_SOURCES := $(shell find console -path console/node_modules -prune -o -path console/dist -prune -o -type f -print 2>/dev/null)
MESON_FILES := meson.build meson_options.txt

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

build: $(BUILD)/build.ninja ## the program: build/hinomi
	@ninja -C $(BUILD)

$(BUILD)/build.ninja: $(MESON_FILES) | console/dist/index.html
	@tools/setup build
	@test -f $@ && meson setup --reconfigure $(BUILD) >/dev/null || meson setup $(BUILD) >/dev/null

console/node_modules/.stamp: console/package-lock.json
	@tools/setup console
	cd console && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

console/dist/index.html: console/node_modules/.stamp $(filter-out console/package-lock.json,$(CONSOLE_SOURCES))
	cd console && npm run --silent build
	@touch $@

run: build ## diagnose this machine and open the console on loopback
	@HINOMI_HOME='$(HINOMI_HOME)' $(BUILD)/hinomi serve --diagnose --watch --fixer --listen 127.0.0.1:$(PORT) $(AS_USER)

setup-test: ## what the tests need besides the build (installed once)
	@tools/setup test

test: setup-test ## every test: C twice (gcc, and ASan+UBSan), then command line, API, browser, kill -9
	@tools/run-tests

test-unit: setup-test build ## only the C tests, once
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite unit --suite golden --suite corpus

# Warnings are errors in the plain build; under sanitizers gcc's own analysis sees things that are not there.
$(ASAN)/build.ninja: $(MESON_FILES) | console/dist/index.html
	@tools/setup build
	@test -f $@ || meson setup $(ASAN) -Db_sanitize=address,undefined -Db_lundef=false -Dtest_hooks=true -Dwerror=false >/dev/null

asan: $(ASAN)/build.ninja ## the program and its tests under AddressSanitizer and UBSan
	@ninja -C $(ASAN)

torture: asan ## fail each allocation of the unit tests in turn
	@tools/torture-all $(ASAN)

golden-update: build ## rewrite the expected outputs of the golden cases (read the diff!)
	@HINOMI_GOLDEN_UPDATE=1 meson test -C $(BUILD) --no-rebuild --suite golden

fuzz: ## fuzz target T for SECS seconds (make fuzz T=json SECS=60)
	@tools/setup build fuzz
	@test -n '$(T)' || { echo 'make fuzz T=NAME SECS=60; names:' $$(ls fuzz/corpus); exit 2; }
	@test -f build-fuzz/build.ninja || CC=clang CXX=clang++ meson setup build-fuzz -Dfuzz=true >/dev/null
	@ninja -C build-fuzz fuzz/fuzz_$(T)
	@mkdir -p build-fuzz/corpus/$(T)
	build-fuzz/fuzz/fuzz_$(T) -max_total_time=$(SECS) -print_final_stats=1 build-fuzz/corpus/$(T) fuzz/corpus/$(T)

bench: build ## instruction counts against the baseline, and ratios to peers
	@tools/setup bench
	@bench/run

lint: ## layers, symbols, banned calls, texts, format, clang-tidy, cppcheck, shellcheck
	@tools/setup build lint
	@tools/lint

new-module: ## a new module's folder: make new-module N=foobar
	@tools/new-module '$(N)'

conformance: build ## compare with the peers that can be installed (tests/peers)
	@tests/peers/run; a=$$?; tests/peers/sbom; b=$$?; tests/peers/nfdump; c=$$?; tests/peers/rpm_databases.py; d=$$?; exit $$((a | b | c | d))

flow-eval: build ## how well flow finds command channels, on labelled captures, with and without sampling
	@tools/flow-eval
	@tools/flow-eval --thin 100
	@tools/flow-eval --changed
	@tools/flow-eval --left-out
	@tools/flow-eval --days
	@tools/flow-eval --days 5000
	@tools/flow-eval --days --thin 100

screenshots: build setup-test ## screenshots of every screen into docs/screenshots
	@tests/e2e/run --screenshots

deb: ## a Debian package in build/
	@tools/setup build console deb
	@packaging/build-deb

install: build ## install into DESTDIR (default /)
	@meson install -C $(BUILD) --no-rebuild

clean: ## remove what was built
	rm -rf build build-asan build-fuzz console/dist

.PHONY: help build run test test-unit setup-test asan torture golden-update fuzz bench lint new-module conformance flow-eval screenshots deb install clean
