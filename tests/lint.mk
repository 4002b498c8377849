# SPDX-License-Identifier: GPL-3.0-or-later
#
# make lint: clang-tidy (.clang-tidy says what for), cppcheck, clang-format and, where it is installed,
# shellcheck. Fails on any finding. A file that was clean is looked at again only when it, a header
# or the configuration has changed.

LINT_DIRS    := hv gdbstub devices monitor tests
LINT_C       := $(shell find $(LINT_DIRS) -name '*.c')
LINT_H       := $(shell find $(LINT_DIRS) -name '*.h')
LINT_CONFIG  := .clang-tidy $(shell find tests -name .clang-tidy)
LINT_SH      := $(shell find tests .ci -name '*.sh' -o -path .ci/run 2>/dev/null)
# Kernel modules are the kernel build's to judge: tests/rigs/kbuild.py.
LINT_TIDIED  := $(patsubst %.c,$(BUILD)/lint/%.tidy,$(filter-out tests/modules/%,$(LINT_C)))
# Which warnings count is .clang-tidy's to say, the same in CI and by hand.
LINT_CFLAGS   = $(filter-out $(SANITIZE) -Werror,$(ALL_CFLAGS))
# The static analyzer explores fewer paths than it would by itself, for the time it takes.
LINT_CFLAGS  += -Xclang -analyzer-config -Xclang max-nodes=30000
LINT_JOBS    ?= $(shell nproc)

.PHONY: lint lint-tools lint-tidy lint-cppcheck lint-format lint-shell
lint: lint-tools
	@$(MAKE) --no-print-directory -k -j$(LINT_JOBS) lint-format lint-shell lint-cppcheck lint-tidy
	@echo 'lint: clean'

lint-tools:
	@for t in clang-tidy cppcheck clang-format; do command -v $$t >/dev/null || \
		{ echo "lint: $$t is missing: make deps installs it" >&2; exit 1; }; done

lint-format:
	@clang-format --dry-run -Werror $(LINT_C) $(LINT_H)

lint-shell:
	@if [ -n "$(LINT_SH)" ] && command -v shellcheck >/dev/null; then shellcheck -S warning $(LINT_SH); fi

lint-cppcheck:
	@cppcheck --quiet --std=c11 --language=c --platform=unix64 --library=posix --library=gnu \
		--enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppressions-list=tests/cppcheck.txt --template=gcc -j$(LINT_JOBS) \
		-D__x86_64__=1 -D_GNU_SOURCE -DVITRINE_VERSION='"x"' -I. $(LINT_DIRS)

lint-tidy: $(LINT_TIDIED)

$(BUILD)/lint/tests/unit-gdb/%.tidy: LINT_CFLAGS += -DFAKE_STUB='""'
$(BUILD)/lint/tests/tsan/%.tidy: LINT_CFLAGS += -Itests/tsan
$(BUILD)/lint/tests/guests/%.tidy: LINT_CFLAGS = $(GUEST_CFLAGS)
$(BUILD)/lint/tests/guests/multiboot/%.tidy: LINT_CFLAGS = -std=gnu11 -m32 -ffreestanding -I.

$(LINT_TIDIED): $(BUILD)/lint/%.tidy: %.c $(LINT_CONFIG) $(LINT_H)
	@mkdir -p $(@D)
	@if ! clang-tidy --quiet $< -- $(LINT_CFLAGS) >$@.log 2>&1; then \
		grep -vE '^[0-9]+ warnings? (generated|treated as)|^Suppressed|^Use -header-filter' $@.log; exit 1; fi
	@touch $@
