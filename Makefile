# SPDX-License-Identifier: GPL-3.0-or-later
#
# vitrine's build. The targets a person types are listed by `make help`.
#
# Everything but hv/main.c goes into build/libvitrine.a, which the program,
# the unit tests, the fuzzers and the benchmarks link against. BUILD names the
# output directory, so that sanitizer builds live beside the plain one.

ARCH    ?= x86
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

CC     ?= gcc
CFLAGS ?= -O2 -g
WERROR ?= $(if $(CI),-Werror,)
PKGS   := readline json-c libelf liburing

# A line for each file built; V=1 prints the commands instead.
ifeq ($(V),)
Q    := @
say   = @echo '  $(1)'
MAKEFLAGS += --no-print-directory
endif

ALL_CFLAGS = -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
             -Wvla -Wformat=2 -fno-strict-aliasing -pthread $(WERROR) $(SANITIZE) $(CFLAGS) \
             -I. -I$(BUILD)/gen -D_GNU_SOURCE -DVITRINE_VERSION='"$(VERSION)"'
ALL_CFLAGS += $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS       := -lfdt $(shell pkg-config --libs $(PKGS) 2>/dev/null || echo -lreadline -ljson-c -lelf -luring) -lcapstone -lslirp -pthread

# Debian packages: what the program needs, and what its tests need besides.
DEPS := gcc make pkg-config acpica-tools linux-libc-dev libfdt-dev libelf-dev libreadline-dev libcapstone-dev libjson-c-dev libslirp-dev liburing-dev
TEST_DEPS := libcriterion-dev gdb lldb python3 python3-jsonschema clang libclang-rt-14-dev clang-format clang-tidy cppcheck mandoc \
             device-tree-compiler busybox-static e2fsprogs bochs bochsbios vgabios qemu-system-x86

# The device build list: dropping a name here still links and boots. What devices
# are put together from (the directories in devices/) is always built, and unused without them.
DEVICES ?= $(notdir $(basename $(wildcard devices/*.c)))

SRCS := $(filter-out hv/main.c,$(wildcard hv/*.c)) $(wildcard hv/cli/*.c hv/boot/*.c) \
        $(wildcard hv/arch/$(ARCH)/*.c gdbstub/*.c monitor/*.c) $(DEVICES:%=devices/%.c) \
        $(wildcard devices/*/*.c)
ASMS := $(wildcard hv/cli/*.S hv/arch/$(ARCH)/*.S)
OBJS := $(SRCS:%.c=$(BUILD)/%.o) $(ASMS:%.S=$(BUILD)/%.o)

# Manual pages and completion, made by a program of their own from vitrine's tables.
PAGE_NAMES := vitrine.1 vitrine-monitor.7 vitrine.bash
PAGES      := $(PAGE_NAMES:%=$(BUILD)/pages/%)

.PHONY: all
all: $(BUILD)/vitrine $(PAGES)

include $(sort $(wildcard tests/*.mk tests/*/*.mk))

$(BUILD)/vitrine: $(BUILD)/hv/main.o $(BUILD)/libvitrine.a
	$(call say,LD      $@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $< -Wl,--whole-archive $(BUILD)/libvitrine.a -Wl,--no-whole-archive $(LIBS)

$(BUILD)/libvitrine.a: $(OBJS)
	@rm -f $@
	$(call say,AR      $@)
	$(Q)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.S
	@mkdir -p $(@D)
	$(call say,CC      $@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

PAGES_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard hv/cli/pages/*.c))
PAGES_DATE  = $(shell LC_ALL=C date -u -d @$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || date +%s)} +'%B %-d, %Y')

$(BUILD)/pages/make: $(PAGES_OBJS) $(BUILD)/libvitrine.a
	@mkdir -p $(@D)
	$(call say,LD      $@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(PAGES_OBJS) -Wl,--whole-archive $(BUILD)/libvitrine.a -Wl,--no-whole-archive $(LIBS)

$(PAGES): $(BUILD)/pages/%: $(BUILD)/pages/make
	$(call say,PAGE    $@)
	$(Q)$< $* '$(PAGES_DATE)' >$@.new && mv $@.new $@

# The ACPI tables' code.
$(BUILD)/gen/dsdt.aml: hv/arch/x86/dsdt.asl
	@mkdir -p $(@D)
	$(call say,IASL    $@)
	$(Q)iasl -vs -we -p $@ $< >$@.log || { cat $@.log; exit 1; }

$(BUILD)/hv/arch/x86/dsdt.o: $(BUILD)/gen/dsdt.aml
$(BUILD)/hv/arch/x86/dsdt.o: ALL_CFLAGS += -DDSDT_AML='"$(BUILD)/gen/dsdt.aml"'

-include $(OBJS:.o=.d) $(PAGES_OBJS:.o=.d) $(BUILD)/hv/main.d

# Installs what is missing and nothing else: silent, and without the network,
# when every package is there.
.PHONY: deps
deps:
	@missing=; for p in $(DEPS) $(TEST_DEPS); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -q --no-install-recommends $$missing; \
	fi

# The main job, shown from start to end: hv/cli/demo_show.py. Who may use sudo
# but not /dev/kvm sees it all the same.
.PHONY: demo
demo: deps
	@$(MAKE) all
	@if [ -e /dev/kvm ]; then \
		sudo=; \
		if [ ! -w /dev/kvm ] && sudo -n true 2>/dev/null; then \
			echo "/dev/kvm is not open to $$(id -un): running the demo with sudo"; sudo='sudo -n'; \
		fi; \
		$$sudo python3 hv/cli/demo_show.py $(BUILD)/vitrine; \
	else \
		$(MAKE) rig-programs guests && python3 tests/rigs/show_demo.py; \
	fi

ASAN_FLAGS  := -fsanitize=address,undefined -fno-omit-frame-pointer
UBSAN_FLAGS := -fsanitize=undefined -fno-omit-frame-pointer
TSAN_FLAGS  := -fsanitize=thread -fno-omit-frame-pointer

.PHONY: asan ubsan tsan
asan:
	@$(MAKE) BUILD=build-asan SANITIZE='$(ASAN_FLAGS)' all
ubsan:
	@$(MAKE) BUILD=build-ubsan SANITIZE='$(UBSAN_FLAGS)' all
tsan:
	@$(MAKE) BUILD=build-tsan SANITIZE='$(TSAN_FLAGS)' all

C_FILES := $(shell git ls-files '*.c' '*.h' 2>/dev/null)

.PHONY: format
format:
	@clang-format -i $(C_FILES)

.PHONY: install
install: all
	install -D -m 755 $(BUILD)/vitrine $(DESTDIR)$(PREFIX)/bin/vitrine
	install -D -m 644 $(BUILD)/pages/vitrine.1 $(DESTDIR)$(PREFIX)/share/man/man1/vitrine.1
	install -D -m 644 $(BUILD)/pages/vitrine-monitor.7 $(DESTDIR)$(PREFIX)/share/man/man7/vitrine-monitor.7
	install -D -m 644 $(BUILD)/pages/vitrine.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vitrine
	install -d $(DESTDIR)$(PREFIX)/share/doc/vitrine
	install -m 644 README.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/vitrine

.PHONY: clean
clean:
	rm -rf build build-*

.PHONY: help
help:
	@echo 'make             build $(BUILD)/vitrine'
	@echo 'make deps        install the Debian packages that are missing'
	@echo 'make demo        install what is missing, build, debug the demo guest with real gdb'
	@echo 'make test        install what is missing, build, run all tests'
	@echo 'make test-quick  unit and native tests only'
	@echo 'make unit        unit tests'
	@echo 'make fuzz        the fuzzers, a minute of all together; fuzz-long is for a night'
	@echo 'make rig-vmx     the tests that run on an emulated Intel machine (Bochs)'
	@echo 'make rig-svm     the tests that run on an emulated AMD machine (QEMU)'
	@echo 'make soak        gdb, monitors and a program at random, ten minutes, and ten under ThreadSanitizer'
	@echo 'make bench       speed beside the stub of QEMU and the bare KVM ioctls'
	@echo 'make asan|ubsan|tsan   sanitizer builds in build-asan, build-ubsan, build-tsan'
	@echo 'make format|lint       clang-format; clang-tidy and cppcheck'
	@echo 'make install     DESTDIR and PREFIX are honoured'
	@echo 'make clean       remove all that was built or downloaded'
	@echo 'make help        this text'
