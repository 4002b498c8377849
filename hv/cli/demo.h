/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `vitrine demo`: the guest that the program carries, and how to get at it.
 */
#ifndef HV_CLI_DEMO_H
#define HV_CLI_DEMO_H

#include <stddef.h>
#include <stdio.h>

#include "hv/error.h"

#define DEMO_VCPUS 2 /* unless -smp says otherwise */

/* The demo guest's ELF file, in the program's own memory; *@size bytes. */
const void *demo_image(size_t *size);

/*
 * Writes the image to @path, mode 0600, so that gdb can read the symbols. A file of that name is
 * replaced. On failure a sentence, a negative errno, and no file.
 */
int demo_write_symbols(const char *path, struct error *err);

/*
 * Tells the person what runs and what to type elsewhere: @symbols is the path of the file above,
 * @target what gdb's `target remote` takes. Each command stands alone on its line, ready to paste.
 */
void demo_greet(FILE *out, const char *symbols, const char *target, unsigned vcpus);

#endif
