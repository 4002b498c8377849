# SPDX-License-Identifier: GPL-3.0-or-later
#
# The guests: tiny kernels for tests, and the demo guest that the program carries.
#
# A guest is a directory here; all of them but those with a rule of their own
# are linked with the kit. `make guests` builds them all into $(BUILD)/guests.

GUEST_DIR := $(BUILD)/guests

# No SSE, no red zone, no libc, no PIC: a guest also runs where KVM interprets
# every instruction of the kernel. -Og keeps the code close to the source.
GUEST_CFLAGS := -std=gnu11 -m64 -march=x86-64 -Og -g -ffreestanding -fno-pic -fno-pie \
                -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
                -fcf-protection=none -fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
                -fno-strict-aliasing -Wall -Wextra -Wshadow -Wstrict-prototypes \
                -Wmissing-prototypes -Wvla $(WERROR) -I.
GUEST_LDFLAGS := -m64 -nostdlib -static -no-pie -Wl,--build-id=sha1 -Wl,-z,max-page-size=4096 \
                 -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments

KIT_OBJS := $(patsubst tests/guests/%,$(GUEST_DIR)/obj/%.o,$(wildcard tests/guests/kit/*.c) \
              tests/guests/kit/boot.S tests/guests/kit/entry.S)

# The guests that are linked with the kit, those of them that drive devices, and the objects of one.
DRIVER_GUESTS := edu disk nvme platform ringer trouble
KIT_GUESTS := demo steps memop hlt load $(DRIVER_GUESTS)
guest_objs = $(patsubst tests/guests/%,$(GUEST_DIR)/obj/%.o,$(wildcard tests/guests/$(1)/*.c tests/guests/$(1)/*.S) \
              $(if $(filter $(1),$(DRIVER_GUESTS)),$(wildcard tests/guests/drivers/*.c)))

GUESTS := $(KIT_GUESTS:%=$(GUEST_DIR)/%.elf) $(GUEST_DIR)/modes.elf \
          $(GUEST_DIR)/flat64.bin $(GUEST_DIR)/flat16.bin $(GUEST_DIR)/disk.bin \
          $(GUEST_DIR)/multiboot.elf $(GUEST_DIR)/multiboot64.elf $(GUEST_DIR)/multiboot.bin

.PHONY: guests
guests: $(GUESTS)

.SECONDEXPANSION:
$(KIT_GUESTS:%=$(GUEST_DIR)/%.elf): $(GUEST_DIR)/%.elf: $$(call guest_objs,$$*) $(KIT_OBJS) $(GUEST_DIR)/%.lds
	$(call say,LD      $@)
	$(Q)$(CC) $(GUEST_LDFLAGS) -T $(GUEST_DIR)/$*.lds -o $@ $(filter %.o,$^)

$(KIT_GUESTS:%=$(GUEST_DIR)/%.lds): $(GUEST_DIR)/%.lds: tests/guests/kit/guest.lds.S tests/guests/kit/layout.h
	@mkdir -p $(@D)
	$(call say,CPP     $@)
	$(Q)$(CC) -E -P -x c -I. -DGUEST_$* -o $@ $<

$(GUEST_DIR)/modes.elf: $(GUEST_DIR)/obj/modes/modes.S.o tests/guests/modes/modes.lds
	$(call say,CC      $@)
	$(Q)$(CC) $(GUEST_LDFLAGS) -T tests/guests/modes/modes.lds -o $@ $<

# Beside each flat binary lies an ELF file with its symbols.
$(GUEST_DIR)/flat64.bin: FLAT_BASE := 0x100000
$(GUEST_DIR)/flat16.bin: FLAT_BASE := 0x7c00
$(GUEST_DIR)/flat64.bin $(GUEST_DIR)/flat16.bin: $(GUEST_DIR)/%.bin: $(GUEST_DIR)/obj/flat/%.S.o
	$(call say,LD      $@.elf)
	$(Q)$(CC) $(GUEST_LDFLAGS) -Wl,--build-id=none,-Ttext=$(FLAT_BASE),-e,flat_start -o $@.elf $<
	$(Q)objcopy -O binary -j .text $@.elf $@

# What disk.elf and nvme.elf drive: sector 1 begins with a text.
$(GUEST_DIR)/disk.bin: tests/guests/guests.mk
	@mkdir -p $(@D)
	$(Q)printf '%-512s%-7680s' '' 'the image of the tests' >$@

# Multiboot's guests are 32-bit code; one source in three kinds of file.
MB_OBJS := $(GUEST_DIR)/obj/multiboot/main.c.o $(GUEST_DIR)/obj/multiboot/start.S.o
MB_KLUDGE_OBJS := $(GUEST_DIR)/obj/multiboot/main.c.o $(GUEST_DIR)/obj/multiboot/start-kludge.o
MB_LINK = $(CC) $(GUEST_LDFLAGS) -m32 -Wl,--build-id=none -T tests/guests/multiboot/multiboot.lds
$(MB_OBJS) $(MB_KLUDGE_OBJS): GUEST_CFLAGS := $(filter-out -m64 -march=% -mcmodel=% -mno-red-zone,$(GUEST_CFLAGS)) -m32 -march=i686

$(GUEST_DIR)/obj/multiboot/start-kludge.o: tests/guests/multiboot/start.S
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(GUEST_CFLAGS) -DKLUDGE -MMD -MP -c -o $@ $<

$(GUEST_DIR)/multiboot.elf: $(MB_OBJS) tests/guests/multiboot/multiboot.lds
	$(call say,LD      $@)
	$(Q)$(MB_LINK) -o $@ $(MB_OBJS)

$(GUEST_DIR)/multiboot64.elf: $(GUEST_DIR)/multiboot.elf
	$(call say,OBJCOPY $@)
	$(Q)objcopy -I elf32-i386 -O elf64-x86-64 $< $@

$(GUEST_DIR)/multiboot.bin: $(MB_KLUDGE_OBJS) tests/guests/multiboot/multiboot.lds
	$(call say,LD      $@.elf)
	$(Q)$(MB_LINK) -o $@.elf $(MB_KLUDGE_OBJS)
	$(Q)objcopy -O binary $@.elf $@

$(GUEST_DIR)/obj/%.c.o: tests/guests/%.c
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(GUEST_DIR)/obj/%.S.o: tests/guests/%.S
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard $(GUEST_DIR)/obj/*/*.d)

# The program carries the demo guest.
$(BUILD)/hv/cli/demo_guest.o: ALL_CFLAGS += -DDEMO_GUEST='"$(GUEST_DIR)/demo.elf"'
$(BUILD)/hv/cli/demo_guest.o: $(GUEST_DIR)/demo.elf
