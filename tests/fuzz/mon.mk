# SPDX-License-Identifier: GPL-3.0-or-later
#
# The monitor is fuzzed over the machine without KVM of its tests, which stands in for the archive's.

ifeq ($(BUILD),$(FUZZ_BUILD))
$(BUILD)/fuzz/mon: $(BUILD)/tests/fuzz/fuzz_mon.o $(BUILD)/tests/unit-mon/fake_control.o \
                   $(BUILD)/tests/unit-mon/fake_chardev.o $(BUILD)/libvitrine.a
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
endif
