# SPDX-License-Identifier: GPL-3.0-or-later
#
# The device of docs/writing-a-device.md, with its test: taken out of the page, built and run as a
# unit test of its own. What stands behind "<!-- file: NAME -->" is the file NAME.

PAGE_DEVICE := docs/writing-a-device.md
PAGE_GEN    := $(BUILD)/gen/page

$(PAGE_GEN)/kitchen_timer.c $(PAGE_GEN)/test_kitchen_timer.c: $(PAGE_GEN)/%.c: $(PAGE_DEVICE)
	@mkdir -p $(@D)
	$(Q)awk -v name='<!-- file: $*.c -->' \
		'$$0 == name { found = 1 } /^```/ && inside { exit } inside { print } /^```c$$/ && found { inside = 1 }' $< >$@
	$(Q)test -s $@

$(PAGE_GEN)/kitchen_timer.o $(PAGE_GEN)/test_kitchen_timer.o: %.o: %.c
	$(call say,CC      $@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Criterion is not there under ThreadSanitizer (tests/tests.mk).
ifeq ($(findstring thread,$(SANITIZE)),)
unit-programs: $(BUILD)/tests/unit-page/run
endif

$(BUILD)/tests/unit-page/run: $(PAGE_GEN)/kitchen_timer.o $(PAGE_GEN)/test_kitchen_timer.o \
		$(BUILD)/tests/unit/fake_machine.o $(DEVICES:%=$(BUILD)/devices/%.o) $(BUILD)/libvitrine.a
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libvitrine.a -lcriterion $(LIBS)

-include $(wildcard $(PAGE_GEN)/*.d)
