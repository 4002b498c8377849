// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The part of the SSDT with an object for each processor that the machine has or can have, so that
 * the operating system can be told of it. What is the same for all of them is in dsdt.asl; this
 * makes, for each n,
 *
 *   Device (Cnnn)
 *   {
 *       Name (_HID, "ACPI0007")
 *       Name (_UID, n)
 *       Method (_STA) { Return (CSTA (n)) }
 *       Method (_MAT) { Return (CMAT (n)) }
 *       Method (_EJ0, 1) { CEJT (n) }              not the first one, which stays
 *       Method (_OST, 3) { COST (n, Arg0, Arg1) }
 *   }
 *
 * and CTFY (n, event), which notifies it: AML has no way to name an object by a number.
 */
#include <stdio.h>

#include "hv/arch/x86/acpi_tables.h"
#include "hv/arch/x86/aml.h"

/* \_SB.CPUS.NAME (n, the first @args of our own) */
static void put_call(struct strbuf *out, const char *name, unsigned n, unsigned args)
{
	static const uint8_t path[] = { AML_ROOT, AML_MULTI_NAME, 3 };

	strbuf_add(out, path, sizeof(path));
	aml_name(out, "_SB_");
	aml_name(out, "CPUS");
	aml_name(out, name);
	aml_byte(out, AML_BYTE);
	aml_byte(out, (uint8_t)n);
	for (unsigned i = 0; i < args; i++)
		aml_byte(out, (uint8_t)(AML_ARG0 + i));
}

/* A method of @args arguments that calls @callee with the first @passed of them. */
static void put_method(struct strbuf *out, const char *name, unsigned args, const char *callee,
		       unsigned n, unsigned passed, bool returns)
{
	struct strbuf body = STRBUF_INIT;

	aml_name(&body, name);
	aml_byte(&body, (uint8_t)args);
	if (returns)
		aml_byte(&body, AML_RETURN);
	put_call(&body, callee, n, passed);
	aml_byte(out, AML_METHOD);
	aml_package(out, &body);
	strbuf_free(&body);
}

static void name_of(unsigned n, char name[5])
{
	snprintf(name, 5, "C%03X", n & 0xfff);
}

static void put_cpu(struct strbuf *out, unsigned n)
{
	struct strbuf body = STRBUF_INIT;
	char name[5];

	name_of(n, name);
	aml_name(&body, name);
	aml_named_string(&body, "_HID", "ACPI0007");
	aml_named_byte(&body, "_UID", (uint8_t)n);
	put_method(&body, "_STA", 0, "CSTA", n, 0, true);
	put_method(&body, "_MAT", 0, "CMAT", n, 0, true);
	if (n)
		put_method(&body, "_EJ0", 1, "CEJT", n, 0, false);
	put_method(&body, "_OST", 3, "COST", n, 2, false);
	aml_byte(out, AML_EXT);
	aml_byte(out, AML_EXT_DEVICE);
	aml_package(out, &body);
	strbuf_free(&body);
}

/* If (Arg0 == n) { Notify (Cnnn, Arg1) } */
static void put_notify(struct strbuf *out, unsigned n)
{
	struct strbuf body = STRBUF_INIT;
	char name[5];

	name_of(n, name);
	aml_byte(&body, AML_LEQUAL);
	aml_byte(&body, AML_ARG0);
	aml_byte(&body, AML_BYTE);
	aml_byte(&body, (uint8_t)n);
	aml_byte(&body, AML_NOTIFY);
	aml_name(&body, name);
	aml_byte(&body, AML_ARG0 + 1);
	aml_byte(out, AML_IF);
	aml_package(out, &body);
	strbuf_free(&body);
}

static void put_notifier(struct strbuf *out, unsigned cpus)
{
	struct strbuf body = STRBUF_INIT;

	aml_name(&body, "CTFY");
	aml_byte(&body, 2);
	for (unsigned n = 0; n < cpus; n++)
		put_notify(&body, n);
	aml_byte(out, AML_METHOD);
	aml_package(out, &body);
	strbuf_free(&body);
}

void acpi_cpus_aml(unsigned cpus, struct strbuf *out)
{
	struct strbuf body = STRBUF_INIT;

	aml_byte(&body, AML_ROOT);
	aml_byte(&body, AML_MULTI_NAME);
	aml_byte(&body, 2);
	aml_name(&body, "_SB_");
	aml_name(&body, "CPUS");
	for (unsigned n = 0; n < cpus; n++)
		put_cpu(&body, n);
	put_notifier(&body, cpus);
	aml_byte(out, AML_SCOPE);
	aml_package(out, &body);
	strbuf_free(&body);
}
