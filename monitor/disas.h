/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions as text, by capstone. Loop thread. */
#ifndef MONITOR_DISAS_H
#define MONITOR_DISAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mon_insn {
	char text[192];
	bool call;
	bool branch;	 /* a jump or a call, or a return */
	bool has_target; /* it names a place by its distance: a jump, a call, data */
	uint64_t target;
};

/*
 * Decodes one instruction at @addr of the @len bytes of @code, of @bits-bit code. Returns its
 * length; for bytes that are no instruction, the text is ".byte 0x.." and the length how far to go
 * on. 0 when @len is 0 or there is no such mode.
 */
size_t mon_disas(int bits, uint64_t addr, const uint8_t *code, size_t len, struct mon_insn *insn);
/* Frees what mon_disas() keeps between calls. */
void mon_disas_close(void);

#endif
