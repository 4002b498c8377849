// SPDX-License-Identifier: GPL-3.0-or-later
/* The ACPI tables: that they lead to one another, add up, and say what the machine has. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/arch/arch.h"
#include "hv/arch/x86/acpi_tables.h"
#include "hv/boot/layout.h"
#include "hv/pci.h"
#include "tests/unit/fake_machine.h"

static struct fake *f;
static uint64_t rsdp;

static void setup(void)
{
	struct error err = { "" };

	f = fake_create();
	cr_assert_not_null(f);
	f->cfg.serial[1] = "none";
	f->cfg.max_vcpus = 5;
	cr_assert_eq(memory_create(&f->m.ram, -1, 64ull << 20, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(f));
	/* Three vCPUs, one of which has gone. The tables ask only whether there is one. */
	f->m.vcpus[0] = f->m.vcpus[1] = f->m.vcpus[3] = (struct vcpu *)f;
	cr_assert_eq(arch_firmware_tables(&f->m, &rsdp, &err), 0, "%s", err.text);
}

static void teardown(void)
{
	memset(f->m.vcpus, 0, sizeof(f->m.vcpus));
	memory_destroy(f->m.ram);
	fake_destroy(f);
}

TestSuite(acpi, .init = setup, .fini = teardown, .timeout = 120);

static void *at(uint64_t gpa, size_t len)
{
	void *p = memory_ptr(f->m.ram, gpa, len);

	cr_assert_not_null(p, "0x%lx is not in RAM", gpa);
	cr_assert(gpa >= LAYOUT_ACPI && gpa + len <= LAYOUT_ACPI_END, "0x%lx", gpa);
	return p;
}

static unsigned sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return sum;
}

/* The table at @gpa, which is to have @signature and to add up. */
static void *table(uint64_t gpa, const char *signature)
{
	struct acpi_header *h = at(gpa, sizeof(*h));

	cr_assert_arr_eq(h->signature, signature, 4);
	at(gpa, h->length);
	cr_assert_eq(sum(h, h->length), 0u, "%s does not add up", signature);
	return h;
}

static struct acpi_xsdt *xsdt(void)
{
	struct acpi_rsdp *r = at(rsdp, sizeof(*r));

	return table(r->xsdt_address, "XSDT");
}

Test(acpi, rsdp)
{
	struct acpi_rsdp *r = at(rsdp, sizeof(*r));

	cr_assert_eq(rsdp, (uint64_t)LAYOUT_ACPI, "where a guest looks for it");
	cr_assert_arr_eq(r->signature, "RSD PTR ", 8);
	cr_assert_eq(sum(r, 20), 0u);
	cr_assert_eq(sum(r, sizeof(*r)), 0u);
	cr_assert_eq(xsdt()->header.length, sizeof(struct acpi_xsdt));
}

Test(acpi, fadt_has_the_ports_of_the_device)
{
	struct acpi_fadt *fadt = table(xsdt()->entry[0], "FACP");
	struct acpi_facs *facs = at(fadt->firmware_ctrl, sizeof(*facs));

	cr_expect_eq(fadt->pm1a_evt_blk, 0x600u);
	cr_expect_eq(fadt->x_pm1a_cnt_blk.address, 0x604u);
	cr_expect_eq(fadt->x_pm_tmr_blk.address, 0x608u);
	cr_expect_eq(fadt->sci_int, 9);
	cr_expect_arr_eq(facs->signature, "FACS", 4);
	cr_expect_eq(fadt->firmware_ctrl % 64, 0u);
	cr_expect_eq(fadt->dsdt, fadt->x_dsdt);
	table(fadt->x_dsdt, "DSDT");
}

Test(acpi, mcfg_has_ecam)
{
	struct acpi_mcfg *mcfg = table(xsdt()->entry[2], "MCFG");

	cr_expect_eq(mcfg->base, 0xe0000000u);
	cr_expect_eq(mcfg->first_bus, 0);
	cr_expect_eq(mcfg->last_bus, 0);
}

Test(acpi, madt_has_the_vcpus)
{
	struct acpi_madt *madt = table(xsdt()->entry[1], "APIC");
	const uint8_t *p = (const uint8_t *)(madt + 1);
	const uint8_t *end = (const uint8_t *)madt + madt->header.length;
	unsigned found[256] = { 0 };
	unsigned ids = 0, may_come = 0;

	for (; p < end; p += p[1]) {
		cr_assert_geq(p[1], 2);
		found[p[0]]++;
		if (p[0] == 0)
			*(((const struct madt_lapic *)p)->flags & MADT_ENABLED
				  ? &ids
				  : &may_come) |= 1u << ((const struct madt_lapic *)p)->apic_id;
	}
	cr_expect_eq(p, end);
	cr_expect_eq(ids, 1u << 0 | 1u << 1 | 1u << 3);
	cr_expect_eq(may_come, 1u << 2 | 1u << 4);
	cr_expect_eq(found[1], 1u, "one I/O APIC");
	cr_expect_eq(found[2], 1u, "the SCI's line");
}

/* Writes a table, as dsdt.aml or ssdt.aml, to a directory of its own, runs @command there, and says
 * whether the file @name then contains all of @lines. */
static void table_gives(const struct acpi_header *t, const char *command, const char *name,
			const char *const lines[])
{
	char dir[] = "/tmp/vitrine-acpi-XXXXXX", path[64], text[256], all[16384];
	size_t len;
	FILE *file;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/%csdt.aml", dir, tolower(t->signature[0]));
	file = fopen(path, "wb");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(t, t->length, 1, file), 1u);
	fclose(file);
	snprintf(text, sizeof(text), "cd %s && { %s; } >log 2>&1", dir, command);
	cr_expect_eq(system(text), 0, "%s", text);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	cr_assert_not_null(file);
	len = fread(all, 1, sizeof(all) - 1, file);
	all[len] = '\0';
	fclose(file);
	for (size_t i = 0; lines[i]; i++)
		cr_expect(strstr(all, lines[i]), "%s is missing:\n%s", lines[i], all);
	snprintf(text, sizeof(text), "rm -r %s", dir);
	cr_expect_eq(system(text), 0);
}

static void dsdt_gives(const char *command, const char *name, const char *const lines[])
{
	struct acpi_fadt *fadt = table(xsdt()->entry[0], "FACP");

	table_gives(table(fadt->x_dsdt, "DSDT"), command, name, lines);
}

/* The AML as people read it: iasl takes it apart again, and the machine has COM1 and COM2. */
Test(acpi, dsdt_is_what_iasl_understands)
{
	/* COM1, COM2, the clock, PCI, pvpanic, fw_cfg, the keyboard and the
	 * processors. */
	dsdt_gives("iasl -d dsdt.aml", "dsdt.dsl",
		   (const char *const[]){ "Name (DEVS, 0x000003F3)", NULL });
}

/* The SSDT has the device on MMIO, which is the only one of its kind here. */
Test(acpi, devices_that_the_command_line_added)
{
	static const char line[] =
		"Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive, ,, )";
	struct acpi_header *ssdt = table(xsdt()->entry[3], "SSDT");

	table_gives(ssdt, "iasl -d ssdt.aml && cat ssdt.dsl", "log",
		    (const char *const[]){ "Device (D000)", "\"LNRO0005\"",
					   "Memory32Fixed (ReadWrite,", "0xFEB00000,", line,
					   "0x00000010,", NULL });
}

/* … and as an operating system executes it: ACPICA's interpreter is Linux's. */
Test(acpi, pci_has_a_window_above_4_gib)
{
	struct pci_window high = pci_high_window(&f->m);
	char base[60], size[60];

	cr_expect_eq(high.base, 32ull << 30, "as many addresses as 36 bits leave");
	cr_expect_eq(high.size, 32ull << 30);
	snprintf(base, sizeof(base), "Address Minimum : %016llX", (unsigned long long)high.base);
	snprintf(size, sizeof(size), "Address Length : %016llX", (unsigned long long)high.size);
	dsdt_gives("acpiexec -b 'resources _SB.PCI0' dsdt.aml | grep 'Address [ML]'", "log",
		   (const char *const[]){ "Address Minimum : C0000000", base, size, NULL });
}

Test(acpi, off)
{
	struct error err;

	f->cfg.no_acpi = true;
	cr_assert_eq(arch_firmware_tables(&f->m, &rsdp, &err), 0);
	cr_expect_eq(rsdp, 0u);
}
