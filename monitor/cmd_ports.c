// SPDX-License-Identifier: GPL-3.0-or-later
/* Ports: i and o. */
#include <string.h>

#include "hv/fields.h"
#include "monitor/command.h"
#include "monitor/format.h"
#include "monitor/session.h"

/* Bytes of one access; 0 and a sentence: there is no such. */
static unsigned access_size(struct mon_call *call)
{
	const struct mon_fmt *fmt = &call->arg[0].fmt;

	if (fmt->count > 1 || (fmt->format && !strchr("xduotc", fmt->format)) || fmt->size == 'g') {
		mon_error(call, "a port is read as one unit: a format (x d u o t c) and a size "
				"(b h w)");
		return 0;
	}
	return fmt->size ? (unsigned)mon_size_bytes(fmt->size) : 1;
}

static void cmd_in(struct mon_call *call)
{
	char format = call->arg[0].fmt.format;
	unsigned size = access_size(call);
	struct error err = { "" };
	uint32_t value;

	if (!size)
		return;
	if (control_port_read(call->m, (uint16_t)call->arg[1].num, size, &value, &err)) {
		mon_error(call, "%s", err.text);
		return;
	}
	field_u64(call->out, "port", "0x%04llx: ", call->arg[1].num);
	data_u64(call->out, "value", value);
	mon_format_unit(call->out, format ? format : 'x', (const uint8_t *)&value, size);
	strbuf_puts(call->out, "\n");
}

static void cmd_out(struct mon_call *call)
{
	unsigned size = access_size(call);
	uint64_t value = call->arg[2].num;
	struct error err = { "" };

	if (!size)
		return;
	if (size < 4 && value >> 8 * size)
		mon_error(call, "0x%llx does not fit in %u bytes", (unsigned long long)value, size);
	else if (control_port_write(call->m, (uint16_t)call->arg[1].num, size, (uint32_t)value,
				    &err))
		mon_error(call, "%s", err.text);
}

static const struct mon_field in_result[] = {
	{ "port", MON_NUMBER, false, "its number", NULL },
	{ "value", MON_NUMBER, false, "what was read", NULL },
	{ 0 },
};

static const struct mon_arg in_args[] = {
	{ "/FMT", &mon_arg_format, true, 0, 0, "a format (x d u o t c) and a size (b h w)" },
	{ "PORT", &mon_arg_number, false, 0, 0xffff, "its number" },
	{ 0 },
};

static const struct mon_arg out_args[] = {
	{ "/FMT", &mon_arg_format, true, 0, 0, "the size: b h w; b unless given" },
	{ "PORT", &mon_arg_number, false, 0, 0xffff, "its number" },
	{ "VALUE", &mon_arg_number, false, 0, UINT32_MAX, "what is written" },
	{ 0 },
};

const struct mon_command mon_port_commands[] = {
	{
		.name = "i",
		.args = in_args,
		.help = "read a port, as the guest would",
		.detail = "With all that reading does to the device; `info device NAME` looks "
			  "without.",
		.examples = (const char *const[]){ "i 0x3fd", "i/xb 0x3fd", NULL },
		.run = cmd_in,
		.result = in_result,
	},
	{
		.name = "o",
		.args = out_args,
		.help = "write a port, as the guest would",
		.examples = (const char *const[]){ "o 0x3f8 'A'", "o/w 0xcf8 0x80000000", NULL },
		.run = cmd_out,
		.result = mon_no_result,
	},
	{ 0 },
};
