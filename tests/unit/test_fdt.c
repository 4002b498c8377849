// SPDX-License-Identifier: GPL-3.0-or-later
/* The device tree: what is in it, and that dtc reads it without a warning. */
#include <criterion/criterion.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/boot/fdt.h"
#include "tests/unit/fake_machine.h"

static struct fake *f;
static void *blob;
static size_t size;

static void build(void)
{
	struct error err = { "" };

	cr_assert_eq(fdt_build(&f->m, &blob, &size, &err), 0, "%s", err.text);
	cr_assert_eq(fdt_check_full(blob, size), 0);
}

static void setup(void)
{
	struct error err = { "" };

	f = fake_create();
	cr_assert_not_null(f);
	f->cfg.vcpus = f->cfg.max_vcpus = 2;
	f->cfg.serial[1] = "none";
	f->cfg.debugcon = "none";
	cr_assert_eq(memory_create(&f->m.ram, -1, 5ull << 30, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(f));
}

static void teardown(void)
{
	memory_destroy(f->m.ram);
	fake_destroy(f);
	free(blob);
}

TestSuite(fdt, .init = setup, .fini = teardown, .timeout = 120);

static int node(const char *path)
{
	int n = fdt_path_offset(blob, path);

	cr_assert_geq(n, 0, "%s: %s", path, fdt_strerror(n));
	return n;
}

static uint32_t cell(const char *path, const char *name, int index)
{
	int len;
	const fdt32_t *p = fdt_getprop(blob, node(path), name, &len);

	cr_assert_not_null(p, "%s %s", path, name);
	cr_assert_gt(len, index * 4);
	return fdt32_to_cpu(p[index]);
}

static void expect_string(const char *path, const char *name, const char *text)
{
	const char *p = fdt_getprop(blob, node(path), name, NULL);

	cr_assert_not_null(p, "%s %s", path, name);
	cr_assert_str_eq(p, text);
}

Test(fdt, memory_on_both_sides_of_the_hole)
{
	build();
	cr_assert_eq(cell("/memory@0", "reg", 1), 0);
	cr_assert_eq(cell("/memory@0", "reg", 3), 3u << 30);
	cr_assert_eq(cell("/memory@100000000", "reg", 0), 1);
	cr_assert_eq(cell("/memory@100000000", "reg", 3), 2u << 30);
}

Test(fdt, processors_and_interrupts)
{
	build();
	expect_string("/cpus/cpu@1", "device_type", "cpu");
	cr_assert_lt(fdt_path_offset(blob, "/cpus/cpu@2"), 0);
	cr_assert_eq(
		fdt_node_offset_by_phandle(blob, cell("/isa/serial@i3f8", "interrupt-parent", 0)),
		node("/interrupt-controller@fec00000"));
}

Test(fdt, devices_on_ports)
{
	build();
	expect_string("/isa/serial@i3f8", "compatible", "ns16550a");
	cr_assert_eq(cell("/isa/serial@i3f8", "reg", 0), 1);
	cr_assert_eq(cell("/isa/serial@i3f8", "reg", 1), 0x3f8);
	cr_assert_eq(cell("/isa/serial@i3f8", "reg", 2), 8);
	cr_assert_eq(cell("/isa/serial@i3f8", "interrupts", 0), 4);
	cr_assert_eq(cell("/isa/serial@i2f8", "interrupts", 0), 3);
	cr_assert_eq(cell("/isa/rtc@i70", "interrupts", 0), 8);
	cr_assert_eq(cell("/isa/kbc@i60", "reg", 4), 0x64, "the second range");
	expect_string("/isa/debugexit@if4", "compatible", "vitrine,debug-exit");
	expect_string("/isa/debugcon@ie9", "compatible", "vitrine,debugcon");
}

Test(fdt, devices_in_memory)
{
	static const struct reg regs[] = { { .name = "r", .width = 4, .help = "h" }, { 0 } };
	static const struct device_class cls = { .name = "toy",
						 .stem = "toy",
						 .help = "h",
						 .compatible = "vitrine,toy",
						 .space = 4,
						 .regs = regs,
						 .size = sizeof(struct device) };
	struct error err;

	cr_assert_not_null(device_add(&f->m, &cls, false, 0x2fe000000, 4096, 9, &err));
	build();
	cr_assert_eq(cell("/platform/toy@2fe000000", "reg", 0), 2);
	cr_assert_eq(cell("/platform/toy@2fe000000", "reg", 1), 0xfe000000);
	cr_assert_eq(cell("/platform/toy@2fe000000", "reg", 3), 4096);
}

Test(fdt, virtio_on_mmio)
{
	static const char path[] = "/platform/rng@feb00000";

	build();
	expect_string(path, "compatible", "virtio,mmio");
	cr_expect_eq(cell(path, "reg", 1), 0xfeb00000u);
	cr_expect_eq(cell(path, "reg", 3), 0x1000u);
	cr_expect_eq(cell(path, "interrupts", 0), 16u);
	cr_expect_eq(cell(path, "interrupts", 1), 2u, "a level");
}

Test(fdt, pci)
{
	static const char path[] = "/pcie@e0000000";

	build();
	expect_string(path, "compatible", "pci-host-ecam-generic");
	cr_expect_eq(cell(path, "reg", 1), 0xe0000000u);
	cr_expect_eq(cell(path, "bus-range", 1), 0u);
	cr_expect_eq(cell(path, "ranges", 0), 0x02000000u);
	cr_expect_eq(cell(path, "ranges", 2), 0xc0000000u);
	cr_expect_eq(cell(path, "ranges", 4), 0xc0000000u);
	cr_expect_eq(cell(path, "ranges", 6), 0x20000000u);
	cr_expect_eq(cell(path, "ranges", 7), 0x43000000u, "prefetchable, above RAM's 6 GiB");
	cr_expect_eq(cell(path, "ranges", 8), 8u);
	cr_expect_eq(cell(path, "ranges", 12), 8u);
	cr_expect_eq(cell(path, "interrupt-map-mask", 0), 0x0800u);
	cr_expect_eq(cell(path, "interrupt-map-mask", 3), 7u);
	/* Slot 0, INTA#; and slot 1, INTB#: the same line, a level. */
	cr_expect_eq(cell(path, "interrupt-map", 3), 1u);
	cr_expect_eq(cell(path, "interrupt-map", 5), 10u);
	cr_expect_eq(cell(path, "interrupt-map", 6), 2u);
	cr_expect_eq(cell(path, "interrupt-map", 5 * 7), 0x0800u);
	cr_expect_eq(cell(path, "interrupt-map", 5 * 7 + 3), 2u);
	cr_expect_eq(cell(path, "interrupt-map", 5 * 7 + 5), 10u);
}

Test(fdt, command_line)
{
	f->cfg.append = "console=ttyS0 quiet";
	build();
	expect_string("/chosen", "bootargs", "console=ttyS0 quiet");
}

Test(fdt, grows_to_what_it_needs)
{
	char *line = malloc(300000);

	cr_assert_not_null(line);
	memset(line, 'x', 299999);
	line[299999] = '\0';
	f->cfg.append = line;
	build();
	cr_assert_gt(size, 300000);
	free(line);
}

Test(fdt, dtc_has_nothing_to_say)
{
	static const struct reg regs[] = { { .name = "r", .width = 4, .help = "h" }, { 0 } };
	static const struct device_class cls = { .name = "toy",
						 .stem = "toy",
						 .help = "h",
						 .compatible = "vitrine,toy",
						 .space = 4,
						 .regs = regs,
						 .size = sizeof(struct device) };
	char path[] = "/tmp/vitrine-fdt-XXXXXX", cmd[128], said[4096];
	int fd = mkstemp(path);
	size_t n;
	FILE *dtc;

	if (system("command -v dtc >/dev/null 2>&1"))
		cr_skip_test("dtc is not installed");
	cr_assert_not_null(device_add(&f->m, &cls, false, 0xfe000000, 4096, 9, NULL));
	build();
	cr_assert_eq(write(fd, blob, size), (ssize_t)size);
	close(fd);
	snprintf(cmd, sizeof(cmd), "dtc -I dtb -O dts -o /dev/null %s 2>&1", path);
	dtc = popen(cmd, "r");
	cr_assert_not_null(dtc);
	n = fread(said, 1, sizeof(said) - 1, dtc);
	said[n] = '\0';
	cr_assert_eq(pclose(dtc), 0);
	unlink(path);
	cr_assert_str_eq(said, "");
}
