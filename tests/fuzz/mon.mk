# SPDX-License-Identifier: GPL-3.0-or-later
#
# The monitor and its machine interface are fuzzed over the machine without KVM of its tests, which
# stands in for the archive's.

ifeq ($(BUILD),$(FUZZ_BUILD))
$(BUILD)/fuzz/mon $(BUILD)/fuzz/qmp: $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/unit-mon/fake_control.o \
                   $(BUILD)/tests/unit-mon/fake_device.o \
                   $(BUILD)/tests/unit-mon/fake_chardev.o $(BUILD)/tests/unit-mon/fake_inspect.o $(BUILD)/tests/unit-mon/fake_at.o \
                   $(BUILD)/libvitrine.a
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
endif
