# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds and runs the tests. The driver is tests/run.py; tests/rigs holds the
# places where KVM is to be had.

.SECONDEXPANSION:

# --- unit tests: each directory tests/unit* is a Criterion program of its own ---

UNIT_DIRS  := $(sort $(patsubst tests/%/,%,$(dir $(wildcard tests/unit*/*.c))))
UNIT_TESTS := $(UNIT_DIRS:%=$(BUILD)/tests/%/run)
CRITERION  := -lcriterion

# Criterion's sandbox does not start under ThreadSanitizer: tests/tsan stands in for it, and
# only what has threads of its own is run.
ifneq ($(findstring thread,$(SANITIZE)),)
UNIT_DIRS  := unit-e1000 unit-hv unit-io unit-nvme unit-virtio
UNIT_TESTS := $(UNIT_DIRS:%=$(BUILD)/tests/%/run)
CRITERION  := $(BUILD)/tests/tsan/runner.o
ALL_CFLAGS += -Itests/tsan
$(UNIT_TESTS): $(CRITERION)
endif

unit_objs = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/$(1)/*.c))

.PHONY: unit unit-programs
unit-programs: $(UNIT_TESTS)
unit: $(BUILD)/vitrine unit-programs rig-programs
	@python3 tests/run.py --suite unit

# The same under AddressSanitizer and UndefinedBehaviorSanitizer, and under ThreadSanitizer.
.PHONY: unit-sanitized
unit-sanitized:
	@$(MAKE) BUILD=build-asan SANITIZE='$(ASAN_FLAGS)' unit-programs
	@$(MAKE) BUILD=build-tsan SANITIZE='$(TSAN_FLAGS)' unit-programs

# What a test directory defines itself stands in for the archive's. Devices
# announce themselves, which only linked objects do.
$(BUILD)/tests/unit/run: $(DEVICES:%=$(BUILD)/devices/%.o)
$(BUILD)/tests/unit-virtio/run $(BUILD)/tests/unit-e1000/run $(BUILD)/tests/unit-nvme/run: \
	$(DEVICES:%=$(BUILD)/devices/%.o) $(BUILD)/tests/unit/fake_machine.o
# ioctl() of this one is a made-up KVM (fake_kvm.h).
$(BUILD)/tests/unit-hv/run: LDFLAGS += -Wl,--wrap=ioctl
$(UNIT_TESTS): $(BUILD)/tests/%/run: $$(call unit_objs,$$*) $(BUILD)/libvitrine.a
	$(call say,LD      $@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(filter-out $(CRITERION),$(filter %.o,$^)) $(BUILD)/libvitrine.a $(CRITERION) $(LIBS)

-include $(foreach d,$(UNIT_DIRS),$(patsubst %.o,%.d,$(call unit_objs,$(d))))

# --- what runs in the rigs ---

RIG_PROGRAMS := $(addprefix $(BUILD)/tests/rigs/,agent kvm_smoke ptyrun rsp_stress stream bench_start bench_disk bench_ioctl bench_rsp bench_canned inner-init boot)

.PHONY: rig-programs
rig-programs: $(RIG_PROGRAMS)

# They run inside a rig before anything else does: static, and never with a sanitizer.
$(BUILD)/tests/rigs/%: tests/rigs/%.c tests/rigs/tool.h
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(TEST_TOOL_CFLAGS) -static -o $@ $<

$(BUILD)/tests/rigs/bench_%: tests/bench/%.c tests/rigs/tool.h
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(TEST_TOOL_CFLAGS) -static -o $@ $<

# No C library: see the file.
$(BUILD)/tests/rigs/inner-init: tests/rigs/inner_init.c
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(TEST_TOOL_CFLAGS) -Os -ffreestanding -fno-stack-protector -fno-pie -no-pie \
		-nostdlib -static -s -o $@ $<

$(BUILD)/tests/rigs/boot: tests/rigs/boot.S
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) -m32 -nostdlib -static -no-pie -Wl,--build-id=none,-Ttext=0x7c00,--oformat=binary -o $@ $<

TEST_TOOL_CFLAGS = -std=gnu11 -O2 -I. -Wall -Wextra -Wshadow -Wstrict-prototypes \
                   -Wmissing-prototypes -D_GNU_SOURCE $(WERROR)

# --- the driver ---

.PHONY: test test-quick test-programs rig-vmx rig-svm
test-programs: $(BUILD)/vitrine unit-programs rig-programs guests

# A make of its own builds, once the packages that decide how are there.
test: deps
	@$(MAKE) test-programs
	@$(MAKE) unit-sanitized
	@$(MAKE) fuzz
	python3 tests/run.py

test-quick: deps
	@$(MAKE) test-programs
	python3 tests/run.py --quick

rig-vmx rig-svm: rig-%: test-programs
	python3 tests/run.py --place $*

# gdb, two monitors and a program at random on one machine (tests/rigs/test_together.py), and
# the same under ThreadSanitizer. SOAK_SEED repeats what a failure printed.
SOAK_SECONDS ?= 600
.PHONY: soak
soak: deps
	@$(MAKE) all guests
	@$(MAKE) BUILD=build-tsan SANITIZE='$(TSAN_FLAGS)' build-tsan/vitrine guests
	SOAK_SECONDS=$(SOAK_SECONDS) python3 tests/run.py --place native --only together/together -v
	SOAK_SECONDS=$(SOAK_SECONDS) BUILD=build-tsan TSAN_OPTIONS=suppressions=$(CURDIR)/tests/tsan.supp \
		python3 tests/run.py --place native --only together/together -v

# --- benchmarks ---

.PHONY: bench bench-linux
bench: deps
	@$(MAKE) test-programs
	python3 tests/bench/run.py

# Devices under Debian's kernel, beside QEMU's.
bench-linux: deps
	@$(MAKE) test-programs
	python3 tests/bench/linux.py
