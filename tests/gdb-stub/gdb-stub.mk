# SPDX-License-Identifier: GPL-3.0-or-later
#
# The GDB server over the machine without KVM of tests/unit-gdb: a program that a
# real gdb attaches to in those tests, and the fuzzer of sessions.

GDB_STUB_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard gdbstub/*.c)) \
                 $(addprefix $(BUILD)/hv/,strbuf.o error.o trace.o)
GDB_FAKE_OBJS := $(patsubst %.c,$(BUILD)/%.o,tests/gdb-stub/fake_stub.c \
                 tests/unit-gdb/fake_machine.c tests/unit-gdb/fake_guest.c \
                 $(wildcard hv/chardev*.c) hv/loop.c hv/socket_file.c hv/terminal.c)

$(BUILD)/tests/gdb-stub/fake_stub: $(GDB_FAKE_OBJS) $(GDB_STUB_OBJS)
	$(call say,LD      $@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $^ -pthread

$(BUILD)/tests/unit-gdb/test_real_gdb.o: ALL_CFLAGS += -DFAKE_STUB='"$(BUILD)/tests/gdb-stub/fake_stub"'
$(BUILD)/tests/unit-gdb/run: | $(BUILD)/tests/gdb-stub/fake_stub

-include $(BUILD)/tests/gdb-stub/fake_stub.d

ifeq ($(BUILD),build-fuzz)
$(BUILD)/fuzz/gdb: $(patsubst %.c,$(BUILD)/%.o,tests/fuzz/fuzz_gdb.c \
		tests/unit-gdb/fake_machine.c tests/unit-gdb/fake_guest.c tests/unit-gdb/fake_chardev.c \
		hv/loop.c) $(GDB_STUB_OBJS)
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^
endif
