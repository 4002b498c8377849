/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Symbols in what a person types and reads. Loop thread. */
#ifndef MONITOR_SYMBOLS_H
#define MONITOR_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;
struct mon_session;

/* " <name+0x10>" behind an address; nothing when no symbol is there. @cpu: whose kernel it is. */
void mon_symbol_put(struct machine *m, int cpu, uint64_t addr, struct strbuf *out);
/* The same of an address that a call returns to: a call at the end of a function belongs to that.
 */
void mon_symbol_put_return(struct machine *m, int cpu, uint64_t addr, struct strbuf *out);
/* "name+0x10"; -ENOENT: no symbol is there, nothing is put. */
int mon_symbol_name(struct machine *m, int cpu, uint64_t addr, struct strbuf *out);
/*
 * " <symbol>:  text <symbol of its operand>" and the end of the line, of the instruction at @addr,
 * which is @code (@len bytes). Returns its length as mon_disas() does; 0: nothing is put.
 */
size_t mon_insn_put(struct machine *m, int cpu, uint64_t addr, const uint8_t *code, size_t len,
		    struct strbuf *out);
/* The value of a name for expressions (struct expr_env); -ENOENT, -ENOTUNIQ with a sentence. */
int mon_symbol_value(void *session, const char *name, size_t len, uint64_t *value,
		     struct error *err);
/* Offers the names that begin with @prefix, when that is not empty. */
void mon_symbol_complete(struct mon_session *s, const char *prefix,
			 void (*add)(void *opaque, const char *word), void *opaque);

#endif
