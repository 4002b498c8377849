// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Commands that look at memory: x (virtual), xp (physical), print.
 *
 * Format, size and address are remembered for the next x, as gdb does: `x` alone goes on behind
 * what was shown last.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch_disas.h"
#include "hv/fields.h"
#include "monitor/command.h"
#include "monitor/format.h"
#include "monitor/session.h"
#include "monitor/symbols.h"

/* Bytes of one string that are shown at once. */
#define STRING_MAX 256

struct view {
	struct mon_call *call;
	enum control_space space;
	uint64_t addr;
};

static ssize_t view_read(const struct view *v, uint64_t addr, void *buf, size_t len)
{
	return control_mem_read(v->call->m, v->call->session->cpu, v->space, addr, buf, len);
}

static void view_error(const struct view *v, uint64_t addr)
{
	mon_error(v->call, "cannot read %s memory at 0x%llx",
		  v->space == CONTROL_VIRTUAL ? "virtual" : "physical", (unsigned long long)addr);
}

/* What was not given is as it was last; sizes that a format cannot have are replaced. */
static struct mon_fmt complete_format(struct mon_call *call, const struct mon_fmt *given)
{
	const struct mon_fmt *last = &call->session->fmt;
	struct mon_fmt f = {
		.count = given->count ? given->count : 1,
		.format = given->format	 ? given->format
			  : last->format ? last->format
					 : 'x',
		.size = given->size  ? given->size
			: last->size ? last->size
				     : 'w',
	};

	if (f.format == 'a')
		f.size = control_code_bits(call->m, call->session->cpu) == 64 ? 'g' : 'w';
	else if (f.format == 'c' && !given->size)
		f.size = 'b';
	else if (f.format == 'f' && (f.size == 'b' || f.size == 'h'))
		f.size = 'g';
	return f;
}

/* As many bytes of [addr, addr+len) as there are, page by page. NULL: no memory. */
static uint8_t *read_all(struct view *v, size_t len, size_t *got)
{
	uint8_t *buf = malloc(len);
	ssize_t n;

	*got = 0;
	while (buf && *got < len) {
		n = view_read(v, v->addr + *got, buf + *got, len - *got);
		if (n <= 0)
			break;
		*got += (size_t)n;
	}
	return buf;
}

static uint64_t unit_value(const uint8_t *data, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, data, size);
	return value;
}

static void put_symbol(const struct view *v, const uint8_t *data, size_t size)
{
	mon_symbol_put(v->call->m, v->call->session->cpu, unit_value(data, size), v->call->out);
}

static void show_units(struct view *v, const struct mon_fmt *f)
{
	size_t size = mon_size_bytes(f->size), per_line = mon_format_per_line(f->format, size);
	size_t got, units;
	uint8_t *buf = read_all(v, f->count * size, &got);

	if (!buf) {
		mon_error(v->call, "out of memory");
		return;
	}
	units = got / size;
	data_u64(v->call->out, "unit", size);
	data_list(v->call->out, "values");
	for (size_t i = 0; i < units; i++) {
		if (i % per_line == 0)
			strbuf_printf(v->call->out, "%s0x%016llx: ", i ? "\n" : "",
				      (unsigned long long)(v->addr + i * size));
		strbuf_puts(v->call->out, " ");
		mon_format_unit(v->call->out, f->format, buf + i * size, size);
		data_u64(v->call->out, NULL, unit_value(buf + i * size, size));
		if (f->format == 'a')
			put_symbol(v, buf + i * size, size);
	}
	data_end(v->call->out);
	if (units)
		strbuf_puts(v->call->out, "\n");
	if (units < f->count)
		view_error(v, v->addr + got);
	v->addr += units * size;
	free(buf);
}

static void show_strings(struct view *v, const struct mon_fmt *f)
{
	uint8_t buf[STRING_MAX], *end;
	size_t mark;
	ssize_t n;

	for (uint32_t i = 0; i < f->count; i++) {
		n = view_read(v, v->addr, buf, sizeof(buf));
		if (n <= 0) {
			view_error(v, v->addr);
			return;
		}
		end = memchr(buf, 0, (size_t)n);
		data_object(v->call->out, NULL);
		field_u64(v->call->out, "addr", "0x%016llx:  ", v->addr);
		mark = v->call->out->len;
		mon_format_string(v->call->out, buf, end ? (size_t)(end - buf) : (size_t)n);
		data_since(v->call->out, "text", mark);
		field_bool(v->call->out, "cut", !end, "...\n", "\n");
		data_end(v->call->out);
		v->addr += end ? (uint64_t)(end - buf) + 1 : (uint64_t)n;
	}
}

static void show_code(struct view *v, const struct mon_fmt *f)
{
	struct mon_call *call = v->call;
	int cpu = call->session->cpu;
	uint8_t code[ARCH_INSN_MAX];
	uint64_t pc = 0;
	bool have_pc;
	ssize_t n;
	size_t len, mark;

	have_pc = v->space == CONTROL_VIRTUAL && !control_pc(call->m, cpu, &pc);
	for (uint32_t i = 0; i < f->count; i++) {
		n = view_read(v, v->addr, code, sizeof(code));
		if (n <= 0) {
			view_error(v, v->addr);
			return;
		}
		data_object(call->out, NULL);
		strbuf_puts(call->out, have_pc && v->addr == pc ? "=>" : "  ");
		field_u64(call->out, "addr", " 0x%016llx", v->addr);
		mark = call->out->len;
		len = mon_insn_put(call->m, cpu, v->addr, code, (size_t)n, call->out);
		data_since(call->out, "text", mark);
		data_u64(call->out, "len", len);
		data_end(call->out);
		if (!len) {
			strbuf_puts(call->out, "\n");
			mon_error(call, "no code can be shown for this processor's mode");
			return;
		}
		v->addr += len;
	}
}

static void examine(struct mon_call *call, enum control_space space)
{
	struct mon_session *s = call->session;
	struct view v = {
		.call = call,
		.space = space,
		.addr = call->arg[1].set ? call->arg[1].num : s->next_addr,
	};
	struct mon_fmt f = complete_format(call, &call->arg[0].fmt);

	data_u64(call->out, "addr", v.addr);
	if (f.format == 'i' || f.format == 's') {
		data_list(call->out, f.format == 'i' ? "code" : "strings");
		(f.format == 'i' ? show_code : show_strings)(&v, &f);
		data_end(call->out);
	} else {
		show_units(&v, &f);
	}
	s->fmt = f;
	s->next_addr = v.addr;
}

static void cmd_x(struct mon_call *call)
{
	examine(call, CONTROL_VIRTUAL);
}

static void cmd_xp(struct mon_call *call)
{
	examine(call, CONTROL_PHYSICAL);
}

static void cmd_print(struct mon_call *call)
{
	const struct mon_fmt *f = &call->arg[0].fmt;
	size_t size = f->size ? mon_size_bytes(f->size) : 8;
	uint64_t v = call->arg[1].num;
	struct strbuf sb = STRBUF_INIT;
	uint8_t raw[8];
	const char *p;

	if (f->format == 'i' || f->format == 's' || (f->format == 'f' && size < 4)) {
		mon_error(call, "print has no format %c for this size", f->format);
		return;
	}
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(v >> 8 * i);
	if (!f->format) {
		field_u64(call->out, "value", "0x%llx", v);
		strbuf_printf(call->out, "  %lld\n", (long long)v);
		return;
	}
	mon_format_unit(&sb, f->format, raw, size);
	p = strbuf_str(&sb);
	data_u64(call->out, "value", v);
	field_str(call->out, "text", "%s\n", p + strspn(p, " "));
	strbuf_free(&sb);
}

static const struct mon_field string_fields[] = {
	{ "addr", MON_NUMBER, false, "of its first byte", NULL },
	{ "text", MON_TEXT, false, "with quotes and escapes", NULL },
	{ "cut", MON_BOOL, false, "it goes on", NULL },
	{ 0 },
};

static const struct mon_field insn_fields[] = {
	{ "addr", MON_NUMBER, false, "of its first byte", NULL },
	{ "text", MON_TEXT, false, "its symbol, and the instruction", NULL },
	{ "len", MON_NUMBER, false, "bytes", NULL },
	{ 0 },
};

static const struct mon_field x_result[] = {
	{ "addr", MON_NUMBER, false, "of the first byte", NULL },
	{ "unit", MON_NUMBER, MON_OPTIONAL, "bytes of a value", NULL },
	{ "values", MON_LIST, MON_OPTIONAL, "numbers, whatever the format", mon_numbers },
	{ "strings", MON_LIST, MON_OPTIONAL, "with /s", string_fields },
	{ "code", MON_LIST, MON_OPTIONAL, "with /i", insn_fields },
	{ 0 },
};

static const struct mon_field print_result[] = {
	{ "value", MON_NUMBER, false, "of the expression", NULL },
	{ "text", MON_TEXT, MON_OPTIONAL, "in the format that was asked for", NULL },
	{ 0 },
};

static const struct mon_arg x_args[] = {
	{ "/FMT", &mon_arg_format, true, 0, 0,
	  "count, format (x d u o t a c s i f) and size (b h w g)" },
	{ "ADDR", &mon_arg_address, true, 0, 0, "where; behind the last one unless given" },
	{ 0 },
};

static const struct mon_arg print_args[] = {
	{ "/FMT", &mon_arg_format, true, 0, 0, "format (x d u o t a c f) and size (b h w g)" },
	{ "EXPR", &mon_arg_number, false, 0, 0, "numbers, $registers and C's operators" },
	{ 0 },
};

const struct mon_command mon_memory_commands[] = {
	{
		.name = "x",
		.args = x_args,
		.help = "show memory at a virtual address",
		.detail = "The address is translated as the current vCPU does. Formats: x hex, d "
			  "signed,\n"
			  "u unsigned, o octal, t binary, a address, c character, s string,\n"
			  "i instruction, f floating point. Sizes: b 1, h 2, w 4, g 8 bytes.",
		.examples = (const char *const[]){ "x/5i $pc", "x /4xg $sp", "x/s 0x1000",
						   "x/8xb $pc + 16", NULL },
		.again = "x",
		.run = cmd_x,
		.result = x_result,
	},
	{
		.name = "xp",
		.args = x_args,
		.help = "show memory at a physical address",
		.examples = (const char *const[]){ "xp/16xw 0x1000", "xp/2i 1M", NULL },
		.again = "xp",
		.run = cmd_xp,
		.result = x_result,
	},
	{
		.name = "print",
		.aliases = "p",
		.args = print_args,
		.help = "evaluate an expression",
		.detail = "$NAME is a register of the current vCPU; $pc is the linear address of "
			  "the next\n"
			  "instruction. Operators and precedence are C's, on unsigned 64-bit "
			  "numbers.",
		.examples = (const char *const[]){ "print $sp + 8", "p/t 0x55", NULL },
		.run = cmd_print,
		.result = print_result,
	},
	{ 0 },
};
