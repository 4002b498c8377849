/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pieces of AML, for the objects that only the machine's configuration tells. The encoding is ACPI
 * 6.5's, chapter 20. Everything is added to the end of @out.
 */
#ifndef HV_ARCH_X86_AML_H
#define HV_ARCH_X86_AML_H

#include <stdint.h>

#include "hv/strbuf.h"

#define AML_NAME       0x08
#define AML_BYTE       0x0a
#define AML_STRING     0x0d
#define AML_SCOPE      0x10
#define AML_BUFFER     0x11
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

void aml_byte(struct strbuf *out, uint8_t byte);
/* Of four letters (20.2.2). */
void aml_name(struct strbuf *out, const char *name);
/* The length of @body with what the length itself takes (20.2.4), and @body. */
void aml_package(struct strbuf *out, const struct strbuf *body);
/* Name (@name, "text"), Name (@name, value). */
void aml_named_string(struct strbuf *out, const char *name, const char *text);
void aml_named_byte(struct strbuf *out, const char *name, uint8_t value);

#endif
