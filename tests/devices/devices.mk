# SPDX-License-Identifier: GPL-3.0-or-later
#
# Devices for tests alone: a vitrine that has them as well is one of the rigs' programs.

TEST_DEVICE_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/devices/*.c))
rig-programs: $(BUILD)/tests/rigs/vitrine-tests

$(BUILD)/tests/rigs/vitrine-tests: $(BUILD)/hv/main.o $(TEST_DEVICE_OBJS) $(BUILD)/libvitrine.a
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--whole-archive $(BUILD)/libvitrine.a -Wl,--no-whole-archive $(LIBS)

-include $(TEST_DEVICE_OBJS:.o=.d)
