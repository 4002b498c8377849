// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands about the symbol table: symbol, list-symbols, symbols. */
#include <fnmatch.h>
#include <string.h>

#include "hv/fields.h"
#include "hv/inspect.h"
#include "monitor/command.h"
#include "monitor/session.h"
#include "monitor/symbols.h"

/* Lines that list-symbols shows. */
#define LIST_MAX 1000

/* The table, or NULL and a sentence. */
static struct symbols *table(struct mon_call *call)
{
	struct symbols *symbols = inspect_symbols(call->m, call->session->cpu);
	struct error err;

	if (!symbols)
		mon_error(call, "there are no symbols: -symbols FILE names a vmlinux or a "
				"System.map");
	else if (symbols_wait(symbols, &err))
		mon_error(call, "%s", err.text);
	else
		return symbols;
	return NULL;
}

static void put_symbol(struct strbuf *out, const struct symbol *symbol)
{
	const char kind[] = { symbol->kind, '\0' };

	data_object(out, NULL);
	field_u64(out, "addr", "0x%016llx", symbol->addr);
	field_u64(out, "size", " %8llu", symbol->size);
	field_str(out, "kind", " %s", kind);
	field_str(out, "name", " %s\n", symbol->name);
	data_end(out);
}

static void cmd_symbol(struct mon_call *call)
{
	struct symbols *symbols = table(call);
	uint64_t addr = call->arg[0].num;
	struct symbol symbol;

	if (!symbols)
		return;
	if (!symbols_at(symbols, addr, &symbol)) {
		mon_error(call, "no symbol is at 0x%llx", (unsigned long long)addr);
		return;
	}
	mon_symbol_name(call->m, call->session->cpu, addr, call->out);
	data_str(call->out, "name", symbol.name);
	data_u64(call->out, "offset", addr - symbol.addr);
	field_bool(call->out, "code", strchr("tTwW", symbol.kind), " (code", " (data");
	field_u64(call->out, "start", ", 0x%llx", symbol.addr);
	field_u64(call->out, "last", " to 0x%llx)\n", symbol.addr + symbol.size - 1);
}

/* A pattern of the shell's, or a part of the name. */
static bool matches(const char *name, const char *pattern)
{
	if (!pattern)
		return true;
	if (strpbrk(pattern, "*?["))
		return !fnmatch(pattern, name, 0);
	return strstr(name, pattern);
}

static void cmd_list(struct mon_call *call)
{
	struct symbols *symbols = table(call);
	const char *pattern = call->arg[0].str;
	struct symbol symbol;
	size_t found = 0;

	data_list(call->out, "symbols");
	for (size_t n = 0; symbols_get(symbols, n, &symbol); n++)
		if (matches(symbol.name, pattern) && found++ < LIST_MAX)
			put_symbol(call->out, &symbol);
	data_end(call->out);
	data_u64(call->out, "count", found);
	if (symbols && !found)
		mon_error(call, "no symbol matches");
	if (found > LIST_MAX)
		strbuf_printf(call->out, "… and %zu more: a longer PATTERN shows them\n",
			      found - LIST_MAX);
}

static void put_slide(struct strbuf *out, const struct symbols *symbols)
{
	static const char *const how[] = {
		[SLIDE_UNKNOWN] = "not looked for, or not found yet",
		[SLIDE_FOUND] = "found in the guest",
		[SLIDE_GIVEN] = "given by hand",
	};

	field_u64(out, "slide", "slide 0x%llx ", symbols_slide(symbols));
	field_str(out, "source", "(%s)\n", how[symbols_slide_source(symbols)]);
}

static void cmd_slide(struct mon_call *call)
{
	struct symbols *symbols = table(call);

	if (!symbols)
		return;
	if (call->arg[0].set)
		symbols_set_slide(symbols, 0, SLIDE_UNKNOWN);
	if (call->arg[1].set)
		symbols_set_slide(symbols, call->arg[1].num, SLIDE_GIVEN);
	put_slide(call->out, inspect_symbols(call->m, call->session->cpu));
}

static void cmd_status(struct mon_call *call)
{
	struct symbols *symbols = table(call);

	if (!symbols)
		return;
	field_u64(call->out, "count", "%llu symbols ", symbols_count(symbols));
	field_str(call->out, "file", "from %s, ", symbols_source(symbols));
	put_slide(call->out, symbols);
}

static const struct mon_field symbol_result[] = {
	{ "name", MON_TEXT, false, "of the symbol", NULL },
	{ "offset", MON_NUMBER, false, "of the address in it", NULL },
	{ "code", MON_BOOL, false, "not data", NULL },
	{ "start", MON_NUMBER, false, "its first byte", NULL },
	{ "last", MON_NUMBER, false, "its last byte", NULL },
	{ 0 },
};

static const struct mon_field row_fields[] = {
	{ "addr", MON_NUMBER, false, "where it runs", NULL },
	{ "size", MON_NUMBER, false, "bytes", NULL },
	{ "kind", MON_TEXT, false, "nm's letter", NULL },
	{ "name", MON_TEXT, false, "its name", NULL },
	{ 0 },
};

static const struct mon_field list_result[] = {
	{ "symbols", MON_LIST, false, "the first 1000 that match", row_fields },
	{ "count", MON_NUMBER, false, "how many match", NULL },
	{ 0 },
};

static const struct mon_field slide_result[] = {
	{ "slide", MON_NUMBER, false, "from where it was linked", NULL },
	{ "source", MON_TEXT, false, "how that is known", NULL },
	{ 0 },
};

static const struct mon_field status_result[] = {
	{ "count", MON_NUMBER, false, "symbols", NULL },
	{ "file", MON_TEXT, false, "where they come from", NULL },
	{ "slide", MON_NUMBER, false, "from where the kernel was linked", NULL },
	{ "source", MON_TEXT, false, "how that is known", NULL },
	{ 0 },
};

static const struct mon_arg symbol_args[] = {
	{ "ADDR", &mon_arg_address, false, 0, 0, "a virtual address" },
	{ 0 },
};

static const struct mon_arg list_args[] = {
	{ "PATTERN", &mon_arg_word, true, 0, 0, "a part of the name, or a pattern with * ? [a-z]" },
	{ 0 },
};

static const struct mon_arg slide_args[] = {
	{ "-f", &mon_arg_flag, true, 0, 0, "forget it and look for it in the guest" },
	{ "OFFSET", &mon_arg_number, true, 0, 0,
	  "how far the kernel runs from where it was linked" },
	{ 0 },
};

static const struct mon_command symbols_subcommands[] = {
	{
		.name = "slide",
		.args = slide_args,
		.help = "show or say how far the kernel has moved itself (KASLR)",
		.detail = "It is found by itself once the kernel has set up its exception table: "
			  "from where\n"
			  "that leads, and the kernel's banner in memory.",
		.examples = (const char *const[]){ "symbols slide", "symbols slide 0x1a000000",
						   "symbols slide -f", NULL },
		.run = cmd_slide,
		.result = slide_result,
	},
	{
		.name = "status",
		.help = "where the symbols come from, and how many there are",
		.examples = (const char *const[]){ "symbols status", NULL },
		.run = cmd_status,
		.result = status_result,
	},
	{ 0 },
};

const struct mon_command mon_symbol_commands[] = {
	{
		.name = "symbol",
		.args = symbol_args,
		.help = "the name of what is at an address",
		.examples = (const char *const[]){ "symbol $pc", NULL },
		.run = cmd_symbol,
		.result = symbol_result,
	},
	{
		.name = "list-symbols",
		.args = list_args,
		.help = "symbols by name: address, size, kind as nm shows it",
		.examples = (const char *const[]){ "list-symbols", "list-symbols *_lock", NULL },
		.run = cmd_list,
		.result = list_result,
	},
	{
		.name = "symbols",
		.help = "about the symbol table as a whole",
		.examples = (const char *const[]){ "symbols status", NULL },
		.sub = symbols_subcommands,
	},
	{ 0 },
};
