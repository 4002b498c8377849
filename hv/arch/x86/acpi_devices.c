// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The part of the SSDT with an object for each device that says by acpi_id that it wants one, for
 * the n-th of them
 *
 *   Device (Dnnn)
 *   {
 *       Name (_HID, "LNRO0005")
 *       Name (_UID, n)
 *       Name (_CRS, ResourceTemplate () {
 *           Memory32Fixed (ReadWrite, 0xFEB00000, 0x00001000)
 *           Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 16 }
 *       })
 *   }
 *
 * Its resources are its first range and its line. (ACPI 6.5; section numbers are its own.)
 */
#include <stdio.h>

#include "hv/arch/x86/acpi_tables.h"
#include "hv/arch/x86/aml.h"
#include "hv/device.h"
#include "hv/machine.h"

/* 6.4.3.4 */
struct memory32_fixed {
	uint8_t tag;
	uint16_t length;
	uint8_t writable;
	uint32_t base, size;
} ACPI_PACKED;

/* 6.4.3.6: active high, not shared, the device consumes it. */
struct extended_interrupt {
	uint8_t tag;
	uint16_t length;
	uint8_t flags;
	uint8_t count;
	uint32_t gsi;
} ACPI_PACKED;
#define INTERRUPT_CONSUMER 0x1
#define INTERRUPT_EDGE	   0x2

/* 6.4.2.9: a checksum of 0 is none. */
struct end_tag {
	uint8_t tag, checksum;
} ACPI_PACKED;

/* _CRS: a buffer, which says its size before what it holds (20.2.5.4). */
static void put_resources(struct strbuf *out, const struct device *d)
{
	struct {
		struct memory32_fixed memory;
		struct extended_interrupt interrupt;
		struct end_tag end;
	} ACPI_PACKED all = {
		.memory = { .tag = 0x86,
			    .length = sizeof(all.memory) - 3,
			    .writable = 1,
			    .base = (uint32_t)d->ranges[0].bus.base,
			    .size = (uint32_t)d->ranges[0].bus.len },
		.interrupt = { .tag = 0x89,
			       .length = sizeof(all.interrupt) - 3,
			       .flags = (uint8_t)(INTERRUPT_CONSUMER |
						  (d->irq_is_level ? 0 : INTERRUPT_EDGE)),
			       .count = 1,
			       .gsi = (uint32_t)d->irq },
		.end = { .tag = 0x79 },
	};
	struct strbuf body = STRBUF_INIT;

	aml_byte(out, AML_NAME);
	aml_name(out, "_CRS");
	aml_byte(&body, AML_BYTE);
	aml_byte(&body, sizeof(all));
	strbuf_add(&body, &all, sizeof(all));
	aml_byte(out, AML_BUFFER);
	aml_package(out, &body);
	strbuf_free(&body);
}

static void put_device(struct strbuf *out, const struct device *d, unsigned n)
{
	struct strbuf body = STRBUF_INIT;
	char name[5];

	snprintf(name, sizeof(name), "D%03X", n & 0xfff);
	aml_name(&body, name);
	aml_named_string(&body, "_HID", d->acpi_id);
	aml_named_byte(&body, "_UID", (uint8_t)n);
	put_resources(&body, d);
	aml_byte(out, AML_EXT);
	aml_byte(out, AML_EXT_DEVICE);
	aml_package(out, &body);
	strbuf_free(&body);
}

void acpi_devices_aml(const struct machine *m, struct strbuf *out)
{
	struct strbuf body = STRBUF_INIT;
	unsigned n = 0;

	aml_byte(&body, AML_ROOT);
	aml_name(&body, "_SB_");
	for (const struct device *d = m->devices; d; d = d->next)
		if (d->acpi_id)
			put_device(&body, d, n++);
	if (n) {
		aml_byte(out, AML_SCOPE);
		aml_package(out, &body);
	}
	strbuf_free(&body);
}
