// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the boot loader hands over: the command line and the device tree, from
 * PVH's hvm_start_info or from Linux's zero page, and how to leave.
 */
#include "tests/guests/kit/kit.h"

/* Xen's public/arch-x86/hvm/start_info.h */
#define HVM_START_MAGIC 0x336ec578
#define HVM_MODULES_MAX 8

struct hvm_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp;
	uint64_t memmap;
	uint32_t memmap_entries, reserved;
};

struct hvm_module {
	uint64_t address, size, cmdline, reserved;
};

/* Linux's Documentation/arch/x86/zero-page.rst and boot.rst */
#define ZERO_PAGE_MAGIC_AT   0x202
#define ZERO_PAGE_MAGIC	     0x53726448 /* "HdrS" */
#define ZERO_PAGE_CMDLINE_AT 0x228
#define ZERO_PAGE_SETUP_AT   0x250
#define SETUP_DTB	     2
#define SETUP_DATA_MAX	     16

struct setup_data {
	uint64_t next;
	uint32_t type, size;
	uint8_t data[];
};

/* Where things are when nobody says. */
struct machine machine = {
	.uart_port = 0x3f8,
	.exit_port = 0xf4,
	.debugcon_port = 0xe9,
	.boot = "unknown",
	.cmdline = "",
};

static void take_node(const struct fdt_node *node)
{
	static const struct {
		const char *compatible;
		uint16_t *port;
	} devices[] = {
		{ "ns16550a", &machine.uart_port },
		{ "ns16550", &machine.uart_port },
		{ "vitrine,debug-exit", &machine.exit_port },
		{ "vitrine,debugcon", &machine.debugcon_port },
	};

	if (node->device_type && !strcmp(node->device_type, "cpu"))
		machine.nr_cpus++;
	if (node->has_reg && fdt_compatible(node, "virtio,mmio") &&
	    machine.nr_virtio_mmio < ARRAY_SIZE(machine.virtio_mmio))
		machine.virtio_mmio[machine.nr_virtio_mmio++] = node->reg;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		if (node->has_reg && fdt_compatible(node, devices[i].compatible) &&
		    !*devices[i].port) {
			*devices[i].port = node->reg;
			break;
		}
	}
}

static void take_tree(const void *tree)
{
	const struct machine usual = machine;

	if (!fdt_is_one(tree))
		return;
	machine.uart_port = machine.exit_port = machine.debugcon_port = 0;
	machine.has_tree = fdt_walk(tree, take_node);
	if (!machine.has_tree)
		machine = usual;
}

static void take_start_info(const struct hvm_start_info *info)
{
	const struct hvm_module *modules = (void *)info->modlist;

	machine.boot = "PVH";
	if (info->cmdline)
		machine.cmdline = (const char *)info->cmdline;
	for (uint32_t i = 0; i < info->nr_modules && i < HVM_MODULES_MAX; i++)
		take_tree((void *)modules[i].address);
}

static void take_zero_page(const uint8_t *page)
{
	const struct setup_data *data = *(void **)(page + ZERO_PAGE_SETUP_AT);
	uint64_t cmdline = *(const uint32_t *)(page + ZERO_PAGE_CMDLINE_AT);

	machine.boot = "64-bit";
	if (cmdline)
		machine.cmdline = (const char *)cmdline;
	for (int i = 0; data && i < SETUP_DATA_MAX; i++, data = (void *)data->next)
		if (data->type == SETUP_DTB)
			take_tree(data->data);
}

void kit_init(uint32_t start_info, uint32_t zero_page)
{
	const uint8_t *page = (void *)(uint64_t)zero_page;
	const struct hvm_start_info *info = (void *)(uint64_t)start_info;

	if (info && info->magic == HVM_START_MAGIC)
		take_start_info(info);
	else if (page && *(const uint32_t *)(page + ZERO_PAGE_MAGIC_AT) == ZERO_PAGE_MAGIC)
		take_zero_page(page);
	console_init();
}

/* The text behind `name=`, or behind `name` when it stands alone; else NULL. */
static const char *find_option(const char *name)
{
	size_t size = strlen(name);
	const char *at = machine.cmdline;

	while (*at) {
		while (*at == ' ')
			at++;
		if (!memcmp(at, name, size) && (!at[size] || at[size] == ' '))
			return at + size;
		if (!memcmp(at, name, size) && at[size] == '=')
			return at + size + 1;
		while (*at && *at != ' ')
			at++;
	}
	return NULL;
}

bool option_flag(const char *name)
{
	return find_option(name) != NULL;
}

bool option_text(const char *name, char *buf, size_t size)
{
	const char *at = find_option(name);
	size_t n = 0;

	if (!at)
		return false;
	while (at[n] && at[n] != ' ' && n + 1 < size) {
		buf[n] = at[n];
		n++;
	}
	buf[n] = '\0';
	return true;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 99;
}

uint64_t option_number(const char *name, uint64_t otherwise)
{
	const char *at = find_option(name);
	int base = 10;
	uint64_t n = 0;

	if (!at || digit_of(*at) > 9)
		return otherwise;
	if (at[0] == '0' && at[1] == 'x') {
		base = 16;
		at += 2;
	}
	for (; digit_of(*at) < base; at++)
		n = n * base + digit_of(*at);
	return n;
}

void halt_forever(void)
{
	for (;;) {
		cli();
		hlt();
	}
}

void debug_exit(uint8_t value)
{
	if (machine.exit_port)
		outb(machine.exit_port, value);
	halt_forever();
}
