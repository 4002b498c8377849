/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine's symbol table: which file it is read from, and where the guest's kernel has moved
 * to. Front ends reach it by inspect_symbols() (inspect.h). Loop thread.
 */
#ifndef HV_KERNEL_SYMBOLS_H
#define HV_KERNEL_SYMBOLS_H

#include "hv/error.h"

struct machine;

/*
 * Opens what -symbols names, else the kernel itself where that is an ELF file that has some.
 * Without symbols, m->symbols stays NULL. An error, with a sentence, only about a file that was
 * named.
 */
int kernel_symbols_open(struct machine *m, struct error *err);
/* The files were written to: reads them anew. What cannot be read any more is told to the person.
 */
void kernel_symbols_reload(struct machine *m);
/* The machine was reset: its kernel will choose another place. */
void kernel_symbols_forget_slide(struct machine *m);
void kernel_symbols_close(struct machine *m);

#endif
