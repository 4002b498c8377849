/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions as text, by capstone. Loop thread. */
#ifndef MONITOR_DISAS_H
#define MONITOR_DISAS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decodes one instruction at @addr of the @len bytes of @code, of @bits-bit code. Returns its
 * length and writes its text; for bytes that are no instruction, ".byte 0x.." and how far to go
 * on. 0 when @len is 0 or there is no such mode.
 */
size_t mon_disas(int bits, uint64_t addr, const uint8_t *code, size_t len, char *text, size_t size);
/* Frees what mon_disas() keeps between calls. */
void mon_disas_close(void);

#endif
