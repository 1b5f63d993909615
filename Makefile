# A short front for CMake: `make help` lists what there is.
PRESET ?= release
PREFIX ?= /usr/local
BUILD := build/$(PRESET)

.PHONY: all build demo test bench bench-check install lint format clean help

all: build

build: ## build everything that can be built here (PRESET=release)
	tools/setup.sh build
	cmake --preset $(PRESET)
	cmake --build $(BUILD)

demo: ## train on the digits, on every device, and compare
	tools/setup.sh demo
	cmake --preset release
	cmake --build build/release --target clgrad_cli
	build/release/clgrad train --data data/digits --compare --out demo-output

test: ## build, and run every test
	tools/setup.sh test
	cmake --preset $(PRESET)
	cmake --build $(BUILD)
	tools/run_tests.sh $(BUILD)

bench: build ## measure every device
	$(BUILD)/clgrad bench

bench-check: build ## measure what the goals of speed in bench/goals.txt are about
	bench/check_goals.py $(BUILD)/clgrad

install: build ## install under PREFIX (DESTDIR is honoured)
	cmake --install $(BUILD) --prefix $(PREFIX)

lint: ## layers, documentation of the API, kernels, format
	tools/lint_layers.sh
	tools/lint_public.sh
	tools/lint_kernels.sh
	tools/lint_ptx.sh || [ $$? -eq 77 ]
	tools/lint_format.sh

format: ## put every C file into the project's format
	tools/lint_format.sh --fix

clean: ## remove everything that was built
	rm -rf build demo-output

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile
