# SPDX-License-Identifier: GPL-3.0-or-later
#
# Fuzzers: every tests/fuzz/fuzz_NAME.c is one, built by clang with libFuzzer and
# the address and undefined-behaviour sanitizers in a build directory of its own.
# It starts from what tests/fuzz/seeds_NAME.c writes and from the files in
# tests/fuzz/seeds/NAME/, where there are any; what it finds stays in the corpus.
#
#   make fuzz                      FUZZ_SECONDS for all of them together
#   make fuzz-NAME FUZZ_SECONDS=300
#   make fuzz-long                 FUZZ_RUNS executions of all together: a night

FUZZ_BUILD   := build-fuzz
FUZZ_SECONDS ?= 60
FUZZ_RUNS    ?= 100000000
FUZZ_FLAGS   := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZERS      := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

# What a run of each is given by `make fuzz` and `make fuzz-long`; by itself, all of the time.
FUZZ_SHARE    = -max_total_time=$(FUZZ_SECONDS)

.PHONY: fuzz fuzz-long fuzz-build $(FUZZERS:%=fuzz-%)
fuzz: fuzz-build
	@for f in $(FUZZERS); do $(MAKE) --no-print-directory fuzz-$$f \
		FUZZ_SHARE=-max_total_time=$$(($(FUZZ_SECONDS) / $(words $(FUZZERS)))) || exit 1; done

fuzz-long: fuzz-build
	@for f in $(FUZZERS); do $(MAKE) --no-print-directory fuzz-$$f \
		FUZZ_SHARE=-runs=$$(($(FUZZ_RUNS) / $(words $(FUZZERS)))) || exit 1; done

fuzz-build:
	@$(MAKE) BUILD=$(FUZZ_BUILD) CC=clang SANITIZE='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' \
		$(FUZZERS:%=$(FUZZ_BUILD)/fuzz/%) \
		$(patsubst tests/fuzz/seeds_%.c,$(FUZZ_BUILD)/fuzz/seeds_%,$(wildcard tests/fuzz/seeds_*.c))

$(FUZZERS:%=fuzz-%): fuzz-%: fuzz-build
	@mkdir -p $(FUZZ_BUILD)/corpus/$*
	@if [ -x $(FUZZ_BUILD)/fuzz/seeds_$* ]; then $(FUZZ_BUILD)/fuzz/seeds_$* $(FUZZ_BUILD)/corpus/$*; fi
	@$(FUZZ_BUILD)/fuzz/$* $(FUZZ_SHARE) -timeout=10 -max_len=16384 -print_final_stats=1 \
		-artifact_prefix=$(FUZZ_BUILD)/ $(FUZZ_BUILD)/corpus/$* $(wildcard tests/fuzz/seeds/$*) \
		>$(FUZZ_BUILD)/$*.log 2>&1 || { tail -n 60 $(FUZZ_BUILD)/$*.log; echo "fuzz-$*: a finding"; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */fuzz-$*: no finding, executions: /p' $(FUZZ_BUILD)/$*.log

# The rest is for the inner make, whose BUILD is FUZZ_BUILD and whose CC is clang.
ifeq ($(BUILD),$(FUZZ_BUILD))
ALL_CFLAGS += -DGDB_PACKET_MAX=0x1000

$(BUILD)/fuzz/seeds_%: $(BUILD)/tests/fuzz/seeds_%.o
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(FUZZ_FLAGS) -o $@ $<

# Whole archive: devices are found by their linker section, not by name.
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libvitrine.a
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) \
		-Wl,--whole-archive $(BUILD)/libvitrine.a -Wl,--no-whole-archive $(LIBS)

$(addprefix $(BUILD)/fuzz/,devices e1000 nvme transport virtio_requests): $(BUILD)/tests/unit/fake_machine.o

.SECONDARY:
-include $(wildcard $(BUILD)/tests/fuzz/*.d)
endif
