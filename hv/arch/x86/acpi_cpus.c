// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * An SSDT with an object for each processor that the machine has or can have, so that the operating
 * system can be told of it. What is the same for all of them is in dsdt.asl; this makes, for
 * each n,
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
 * and CTFY (n, event), which notifies it: AML has no way to name an object by a number. The
 * encoding is ACPI 6.5's, chapter 20; section numbers are its own.
 */
#include <stdio.h>
#include <string.h>

#include "hv/arch/x86/acpi_tables.h"

#define AML_NAME       0x08
#define AML_BYTE       0x0a
#define AML_STRING     0x0d
#define AML_SCOPE      0x10
#define AML_METHOD     0x14
#define AML_MULTI_NAME 0x2f
#define AML_EXT	       0x5b
#define AML_EXT_DEVICE 0x82
#define AML_ROOT       0x5c
#define AML_ARG0       0x68
#define AML_NOTIFY     0x86
#define AML_LEQUAL     0x93
#define AML_IF	       0xa0
#define AML_RETURN     0xa4

static void put(struct strbuf *out, uint8_t byte)
{
	strbuf_add(out, &byte, 1);
}

static void put_name(struct strbuf *out, const char *name)
{
	strbuf_add(out, name, 4);
}

/* 20.2.4: the length counts itself. */
static void put_package(struct strbuf *out, const struct strbuf *body)
{
	size_t len = body->len + 1;

	if (len < 0x40) {
		put(out, (uint8_t)len);
	} else {
		unsigned more = ++len < 0x1000 ? 1 : 2;

		len += more - 1;
		put(out, (uint8_t)(more << 6 | (len & 15)));
		for (len >>= 4; more; more--, len >>= 8)
			put(out, (uint8_t)len);
	}
	strbuf_add(out, body->data, body->len);
	out->failed |= body->failed;
}

/* \_SB.CPUS.NAME (n, the first @args of our own) */
static void put_call(struct strbuf *out, const char *name, unsigned n, unsigned args)
{
	static const uint8_t path[] = { AML_ROOT, AML_MULTI_NAME, 3 };

	strbuf_add(out, path, sizeof(path));
	put_name(out, "_SB_");
	put_name(out, "CPUS");
	put_name(out, name);
	put(out, AML_BYTE);
	put(out, (uint8_t)n);
	for (unsigned i = 0; i < args; i++)
		put(out, (uint8_t)(AML_ARG0 + i));
}

/* A method of @args arguments that calls @callee with the first @passed of them. */
static void put_method(struct strbuf *out, const char *name, unsigned args, const char *callee,
		       unsigned n, unsigned passed, bool returns)
{
	struct strbuf body = STRBUF_INIT;

	put_name(&body, name);
	put(&body, (uint8_t)args);
	if (returns)
		put(&body, AML_RETURN);
	put_call(&body, callee, n, passed);
	put(out, AML_METHOD);
	put_package(out, &body);
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
	put_name(&body, name);
	put(&body, AML_NAME);
	put_name(&body, "_HID");
	put(&body, AML_STRING);
	strbuf_add(&body, "ACPI0007", sizeof("ACPI0007"));
	put(&body, AML_NAME);
	put_name(&body, "_UID");
	put(&body, AML_BYTE);
	put(&body, (uint8_t)n);
	put_method(&body, "_STA", 0, "CSTA", n, 0, true);
	put_method(&body, "_MAT", 0, "CMAT", n, 0, true);
	if (n)
		put_method(&body, "_EJ0", 1, "CEJT", n, 0, false);
	put_method(&body, "_OST", 3, "COST", n, 2, false);
	put(out, AML_EXT);
	put(out, AML_EXT_DEVICE);
	put_package(out, &body);
	strbuf_free(&body);
}

/* If (Arg0 == n) { Notify (Cnnn, Arg1) } */
static void put_notify(struct strbuf *out, unsigned n)
{
	struct strbuf body = STRBUF_INIT;
	char name[5];

	name_of(n, name);
	put(&body, AML_LEQUAL);
	put(&body, AML_ARG0);
	put(&body, AML_BYTE);
	put(&body, (uint8_t)n);
	put(&body, AML_NOTIFY);
	put_name(&body, name);
	put(&body, AML_ARG0 + 1);
	put(out, AML_IF);
	put_package(out, &body);
	strbuf_free(&body);
}

static void put_notifier(struct strbuf *out, unsigned cpus)
{
	struct strbuf body = STRBUF_INIT;

	put_name(&body, "CTFY");
	put(&body, 2);
	for (unsigned n = 0; n < cpus; n++)
		put_notify(&body, n);
	put(out, AML_METHOD);
	put_package(out, &body);
	strbuf_free(&body);
}

void acpi_cpus_aml(unsigned cpus, struct strbuf *out)
{
	struct strbuf body = STRBUF_INIT;

	put(&body, AML_ROOT);
	put(&body, AML_MULTI_NAME);
	put(&body, 2);
	put_name(&body, "_SB_");
	put_name(&body, "CPUS");
	for (unsigned n = 0; n < cpus; n++)
		put_cpu(&body, n);
	put_notifier(&body, cpus);
	put(out, AML_SCOPE);
	put_package(out, &body);
	strbuf_free(&body);
}
