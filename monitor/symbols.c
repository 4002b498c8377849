// SPDX-License-Identifier: GPL-3.0-or-later
/* Symbols in what a person types and reads: see symbols.h. */
#include "monitor/symbols.h"

#include <errno.h>
#include <string.h>

#include "hv/inspect.h"
#include "monitor/disas.h"
#include "monitor/session.h"

int mon_symbol_name(struct machine *m, int cpu, uint64_t addr, struct strbuf *out)
{
	struct symbol symbol;

	if (!symbols_at(inspect_symbols(m, cpu), addr, &symbol))
		return -ENOENT;
	strbuf_puts(out, symbol.name);
	if (addr != symbol.addr)
		strbuf_printf(out, "+0x%llx", (unsigned long long)(addr - symbol.addr));
	return 0;
}

void mon_symbol_put(struct machine *m, int cpu, uint64_t addr, struct strbuf *out)
{
	struct strbuf name = STRBUF_INIT;

	if (!mon_symbol_name(m, cpu, addr, &name))
		strbuf_printf(out, " <%s>", strbuf_str(&name));
	strbuf_free(&name);
}

void mon_symbol_put_return(struct machine *m, int cpu, uint64_t addr, struct strbuf *out)
{
	struct symbol symbol;

	if (symbols_at(inspect_symbols(m, cpu), addr - 1, &symbol))
		strbuf_printf(out, " <%s+0x%llx>", symbol.name,
			      (unsigned long long)(addr - symbol.addr));
}

size_t mon_insn_put(struct machine *m, int cpu, uint64_t addr, const uint8_t *code, size_t len,
		    struct strbuf *out)
{
	struct mon_insn insn;
	size_t n = mon_disas(control_code_bits(m, cpu), addr, code, len, &insn);

	if (!n)
		return 0;
	mon_symbol_put(m, cpu, addr, out);
	strbuf_printf(out, ":  %s", insn.text);
	if (insn.has_target)
		mon_symbol_put(m, cpu, insn.target, out);
	strbuf_puts(out, "\n");
	return n;
}

int mon_symbol_value(void *session, const char *name, size_t len, uint64_t *value,
		     struct error *err)
{
	struct mon_session *s = session;
	struct symbols *symbols = inspect_symbols(s->m, s->cpu);
	struct symbol symbol;
	int ret;

	if (!symbols)
		return error_set(err, -ENOENT,
				 "not a number (registers are written $NAME, hexadecimal numbers "
				 "0x…), and there are no symbols");
	ret = symbols_wait(symbols, err);
	if (ret)
		return ret;
	ret = symbols_find(symbols, name, len, &symbol);
	if (ret == -ENOENT)
		return error_set(err, ret,
				 "no symbol has this name (registers are written $NAME, "
				 "hexadecimal numbers 0x…)");
	if (ret)
		return error_set(err, ret,
				 "several symbols have this name: `list-symbols %s` shows where",
				 symbol.name);
	*value = symbol.addr;
	return 0;
}

void mon_symbol_complete(struct mon_session *s, const char *prefix,
			 void (*add)(void *opaque, const char *word), void *opaque)
{
	struct symbols *symbols = inspect_symbols(s->m, s->cpu);
	struct symbol symbol;
	size_t len = strlen(prefix);

	for (size_t n = 0; len && symbols_get(symbols, n, &symbol); n++)
		if (!strncmp(symbol.name, prefix, len))
			add(opaque, symbol.name);
}
