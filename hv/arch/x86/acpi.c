// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The ACPI tables, by which an operating system finds processors, interrupt lines and
 * devices that it cannot probe. ACPI 6.5; section numbers are its own.
 *
 *   RSDP --> XSDT --> FADT --> DSDT (compiled from dsdt.asl)
 *                |        `--> FACS
 *                |--> MADT
 *                |--> MCFG, when there is PCI
 *                `--> SSDT, processors when there can be several, and devices on request
 *
 * Written to LAYOUT_ACPI at each load, from the machine's devices and vCPUs.
 */
#include <errno.h>
#include <string.h>

#include "hv/arch/x86/acpi_tables.h"
#include "hv/arch/x86/x86.h"
#include "hv/boot/layout.h"
#include "hv/machine.h"
#include "hv/pci.h"
#include "hv/vcpu.h"

#define LAPIC_BASE  0xfee00000u
#define IOAPIC_BASE 0xfec00000u
#define RESET_PORT  0xcf9 /* devices/reset_control.c: RST_CPU and SYS_RST */
#define RESET_VALUE 0x06
#define RTC_CENTURY 0x32 /* devices/cmos_rtc.c */

extern const uint8_t x86_dsdt[], x86_dsdt_end[];

/* Front to back through LAYOUT_ACPI; the first thing that does not fit sticks. */
struct writer {
	struct machine *m;
	uint64_t at;
	int err;
};

static uint8_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

/* Writes @len bytes of @data; where they are, 0 when there is no room. */
static uint64_t put(struct writer *w, const void *data, size_t len, size_t align)
{
	uint64_t gpa = (w->at + align - 1) & ~(uint64_t)(align - 1);
	void *to = memory_ptr(w->m->ram, gpa, len);

	if (!to || gpa + len > LAYOUT_ACPI_END) {
		w->err = -ENOSPC;
		return 0;
	}
	memcpy(to, data, len);
	w->at = gpa + len;
	return gpa;
}

static struct acpi_header header(const char *signature, uint8_t revision)
{
	struct acpi_header h = {
		.revision = revision,
		.oem_id = { 'V', 'I', 'T', 'R', 'I', 'N' },
		.oem_table_id = { 'V', 'I', 'T', 'R', 'I', 'N', 'E' },
		.oem_revision = 1,
		.creator_id = { 'V', 'T', 'R', 'N' },
		.creator_revision = 1,
	};

	memcpy(h.signature, signature, sizeof(h.signature));
	return h;
}

/* A table, which begins with @h, of @len bytes. */
static uint64_t put_table(struct writer *w, struct acpi_header *h, size_t len)
{
	h->length = (uint32_t)len;
	h->checksum = 0;
	h->checksum = checksum(h, len);
	return put(w, h, len, 16);
}

/* ---- DSDT ---- */

/* The bits of DEVS in dsdt.asl. */
static uint32_t present_devices(struct machine *m)
{
	static const char *const names[] = {
		"serial0", "serial1",  "serial2", "serial3", "rtc0",
		"pci0",	   "pvpanic0", "fwcfg0",  "kbc0",    "cpuhp0"
	};
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (device_find(m, names[i]))
			bits |= 1u << i;
	return bits;
}

/* A placeholder in the AML: NameOp, the name, DWordPrefix or QWordPrefix, the value (20.2.5.1,
 * 20.2.3). */
static void fill_in(uint8_t *aml, size_t aml_len, const char *name, const void *value, size_t len)
{
	const uint8_t head[] = { 0x08,
				 (uint8_t)name[0],
				 (uint8_t)name[1],
				 (uint8_t)name[2],
				 (uint8_t)name[3],
				 len == 8 ? 0x0e : 0x0c };
	uint8_t *at = memmem(aml, aml_len, head, sizeof(head));

	if (at)
		memcpy(at + sizeof(head), value, len);
}

static uint64_t put_dsdt(struct writer *w)
{
	uint8_t dsdt[0x1000] __attribute__((aligned(8)));
	size_t len = (size_t)(x86_dsdt_end - x86_dsdt);
	uint32_t present = present_devices(w->m);
	struct pci_window high = { 0 };

	if (len > sizeof(dsdt)) {
		w->err = -ENOSPC;
		return 0;
	}
	memcpy(dsdt, x86_dsdt, len);
	fill_in(dsdt, len, "DEVS", &present, sizeof(present));
	if (w->m->pci)
		high = pci_high_window(w->m);
	fill_in(dsdt, len, "HBAS", &high.base, sizeof(high.base));
	fill_in(dsdt, len, "HSIZ", &high.size, sizeof(high.size));
	return put_table(w, (struct acpi_header *)dsdt, len);
}

/* ---- FADT ---- */

static struct acpi_address port(uint64_t base, unsigned bytes)
{
	return (struct acpi_address){
		.space = ACPI_SPACE_IO,
		.bit_width = (uint8_t)(bytes * 8),
		.access = (uint8_t)(bytes == 1	 ? 1
				    : bytes == 2 ? 2
						 : 3),
		.address = base,
	};
}

static uint64_t put_fadt(struct writer *w, const struct device *pm, uint64_t dsdt)
{
	uint64_t base = pm->ranges[0].bus.base;
	struct acpi_facs facs = { .signature = { 'F', 'A', 'C', 'S' },
				  .length = sizeof(facs),
				  .version = 2 };
	struct acpi_fadt f = {
		.header = header("FACP", 6),
		.dsdt = (uint32_t)dsdt,
		.sci_int = (uint16_t)pm->irq,
		.pm1a_evt_blk = (uint32_t)base,
		.pm1a_cnt_blk = (uint32_t)base + 4,
		.pm_tmr_blk = (uint32_t)base + 8,
		.gpe0_blk = (uint32_t)base + 12,
		.pm1_evt_len = 4,
		.pm1_cnt_len = 2,
		.pm_tmr_len = 4,
		.gpe0_blk_len = 4,
		.p_lvl2_lat = 0xffff, /* no C2, no C3 */
		.p_lvl3_lat = 0xffff,
		.century = RTC_CENTURY,
		.iapc_boot_arch = (uint16_t)(FADT_LEGACY_DEVICES | FADT_NO_VGA |
					     (device_find(w->m, "kbc0") ? FADT_8042 : 0)),
		.flags = FADT_WBINVD | FADT_PROC_C1 | FADT_SLP_BUTTON | FADT_FIX_RTC |
			 FADT_TMR_VAL_EXT | FADT_RESET_REG_SUP,
		.reset_reg = port(RESET_PORT, 1),
		.reset_value = RESET_VALUE,
		.x_dsdt = dsdt,
		.x_pm1a_evt_blk = port(base, 4),
		.x_pm1a_cnt_blk = port(base + 4, 2),
		.x_pm_tmr_blk = port(base + 8, 4),
		.x_gpe0_blk = port(base + 12, 4),
	};

	f.firmware_ctrl = (uint32_t)put(w, &facs, sizeof(facs), 64);
	return put_table(w, &f.header, sizeof(f));
}

/* ---- MADT ---- */

static uint64_t put_madt(struct writer *w, int sci)
{
	struct {
		struct acpi_madt head;
		struct madt_ioapic ioapic;
		struct madt_override sci;
		struct madt_lapic_nmi nmi;
		struct madt_lapic cpu[MACHINE_MAX_VCPUS];
	} __attribute__((packed)) t = {
		.head = { .header = header("APIC", 5),
			  .lapic_address = LAPIC_BASE,
			  .flags = MADT_PCAT_COMPAT },
		.ioapic = { .type = 1, .length = sizeof(t.ioapic), .address = IOAPIC_BASE },
		/* The other ISA lines are edges, on the input of their number. */
		.sci = { .type = 2,
			 .length = sizeof(t.sci),
			 .source = (uint8_t)sci,
			 .gsi = (uint32_t)sci,
			 .flags = MADT_ACTIVE_HIGH | MADT_LEVEL },
		.nmi = { .type = 4, .length = sizeof(t.nmi), .processor = 0xff, .lint = 1 },
	};
	size_t n = 0;

	for (unsigned i = 0; i < MACHINE_MAX_VCPUS; i++)
		if (w->m->vcpus[i] || i < w->m->cfg->max_vcpus)
			t.cpu[n++] = (struct madt_lapic){ .type = 0,
							  .length = sizeof(t.cpu[0]),
							  .processor = (uint8_t)i,
							  .apic_id = (uint8_t)i,
							  .flags = w->m->vcpus[i]
									   ? MADT_ENABLED
									   : MADT_ONLINE_CAPABLE };
	return put_table(w, &t.head.header, sizeof(t) - (MACHINE_MAX_VCPUS - n) * sizeof(t.cpu[0]));
}

/* ---- MCFG ---- */

static uint64_t put_mcfg(struct writer *w)
{
	struct acpi_mcfg t = { .header = header("MCFG", 1), .base = PCI_ECAM_BASE };

	return put_table(w, &t.header, sizeof(t));
}

/* ---- SSDT ---- */

/* 0 when there is nothing to say in it. */
static uint64_t put_ssdt(struct writer *w)
{
	struct acpi_header head = header("SSDT", 2);
	struct strbuf aml = STRBUF_INIT;
	uint64_t gpa = 0;

	strbuf_add(&aml, &head, sizeof(head));
	if (w->m->cfg->max_vcpus > 1 && device_find(w->m, "cpuhp0"))
		acpi_cpus_aml(w->m->cfg->max_vcpus, &aml);
	acpi_devices_aml(w->m, &aml);
	if (aml.failed)
		w->err = -ENOMEM;
	else if (aml.len > sizeof(head))
		gpa = put_table(w, (struct acpi_header *)aml.data, aml.len);
	strbuf_free(&aml);
	return gpa;
}

/* ---- RSDP, XSDT ---- */

int arch_firmware_tables(struct machine *m, uint64_t *rsdp, struct error *err)
{
	struct writer w = { .m = m, .at = LAYOUT_ACPI };
	const struct device *pm = device_find(m, "pm0");
	struct acpi_rsdp r = { .signature = { 'R', 'S', 'D', ' ', 'P', 'T', 'R', ' ' },
			       .oem_id = { 'V', 'I', 'T', 'R', 'I', 'N' },
			       .revision = 2,
			       .length = sizeof(r) };
	struct acpi_xsdt x = { .header = header("XSDT", 1) };
	size_t n = 0;

	*rsdp = 0;
	if (m->cfg->no_acpi || !pm)
		return 0;
	/* First of all, where a guest that is not told looks for it (5.2.5.1). */
	w.at += sizeof(r);
	x.entry[n++] = put_fadt(&w, pm, put_dsdt(&w));
	x.entry[n++] = put_madt(&w, pm->irq);
	if (device_find(m, "pci0"))
		x.entry[n++] = put_mcfg(&w);
	x.entry[n] = put_ssdt(&w);
	n += x.entry[n] != 0;
	r.xsdt_address = put_table(&w, &x.header, sizeof(x.header) + n * sizeof(x.entry[0]));
	r.checksum = checksum(&r, 20);
	r.extended_checksum = checksum(&r, sizeof(r));
	w.at = LAYOUT_ACPI;
	*rsdp = put(&w, &r, sizeof(r), 16);
	if (w.err)
		return error_set(err, w.err, "guest RAM has no room for the ACPI tables");
	return 0;
}
