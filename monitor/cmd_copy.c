// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands for more memory than fits a screen: find, compare, memsave, pmemsave, memload. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/fields.h"
#include "monitor/command.h"
#include "monitor/session.h"
#include "monitor/symbols.h"

#define CHUNK	  65536u
#define FOUND_MAX 100

typedef unsigned long long ull;

/* The first argument of all of these: -p. */
static enum control_space space_of(const struct mon_call *call)
{
	return call->arg[0].set ? CONTROL_PHYSICAL : CONTROL_VIRTUAL;
}

/* All of [addr, addr+len) or as much as there is. */
static size_t read_range(struct mon_call *call, enum control_space space, uint64_t addr, void *buf,
			 size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = control_mem_read(call->m, call->session->cpu, space, addr + done,
				     (uint8_t *)buf + done, len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* ---- find ---- */

static void put_place(struct mon_call *call, enum control_space space, uint64_t addr)
{
	field_u64(call->out, NULL, "0x%llx", addr);
	if (space == CONTROL_VIRTUAL)
		mon_symbol_put(call->m, call->session->cpu, addr, call->out);
	strbuf_puts(call->out, "\n");
}

/* Shows the hits of @buf, and returns how many more may be shown. */
static size_t find_in(struct mon_call *call, uint64_t addr, const uint8_t *buf, size_t len,
		      size_t left)
{
	const struct mon_value *what = &call->arg[3];
	const uint8_t *at = buf, *end = buf + len;

	while (left && (at = memmem(at, (size_t)(end - at), what->data, what->len))) {
		put_place(call, space_of(call), addr + (uint64_t)(at - buf));
		left--;
		at++;
	}
	return left;
}

static void cmd_find(struct mon_call *call)
{
	uint64_t addr = call->arg[1].num, left = call->arg[2].num;
	size_t overlap = call->arg[3].len - 1, shown = FOUND_MAX, want, got;
	uint8_t *buf = malloc(CHUNK);

	if (!buf) {
		mon_error(call, "out of memory");
		return;
	}
	data_list(call->out, "addrs");
	while (shown && left > overlap) {
		want = left < CHUNK ? (size_t)left : CHUNK;
		got = read_range(call, space_of(call), addr, buf, want);
		if (got > overlap)
			shown = find_in(call, addr, buf, got, shown);
		if (got < want) {
			mon_error(call, "cannot read memory at 0x%llx", (ull)(addr + got));
			break;
		}
		/* What begins in the last bytes is found with the next ones. */
		addr += want - overlap;
		left -= want - overlap;
	}
	data_end(call->out);
	data_bool(call->out, "cut", !shown);
	if (!shown)
		strbuf_printf(call->out, "… there may be more than these %d\n", FOUND_MAX);
	free(buf);
}

/* ---- compare ---- */

static size_t differences(struct mon_call *call, const uint8_t *a, const uint8_t *b, size_t len,
			  uint64_t done, size_t shown)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] == b[i])
			continue;
		if (shown++ >= FOUND_MAX)
			continue;
		data_object(call->out, NULL);
		field_u64(call->out, "addr1", "0x%llx: ", call->arg[1].num + done + i);
		field_u64(call->out, "byte1", "0x%02llx  ", a[i]);
		field_u64(call->out, "addr2", "0x%llx: ", call->arg[2].num + done + i);
		field_u64(call->out, "byte2", "0x%02llx\n", b[i]);
		data_end(call->out);
	}
	return shown;
}

static void cmd_compare(struct mon_call *call)
{
	uint64_t len = call->arg[3].num, done = 0;
	uint8_t *a = malloc(CHUNK), *b = malloc(CHUNK);
	size_t want, got_a, got_b, shown = 0;

	data_list(call->out, "differences");
	while (a && b && done < len) {
		want = len - done < CHUNK ? (size_t)(len - done) : CHUNK;
		got_a = read_range(call, space_of(call), call->arg[1].num + done, a, want);
		got_b = read_range(call, space_of(call), call->arg[2].num + done, b, want);
		shown = differences(call, a, b, got_a < got_b ? got_a : got_b, done, shown);
		if (got_a < want || got_b < want) {
			mon_error(call, "cannot read memory at 0x%llx",
				  (ull)(got_a < want ? call->arg[1].num + done + got_a
						     : call->arg[2].num + done + got_b));
			goto out;
		}
		done += want;
	}
	data_end(call->out);
	data_u64(call->out, "count", shown);
	if (!a || !b)
		mon_error(call, "out of memory");
	else if (!shown)
		strbuf_printf(call->out, "equal\n");
	else
		strbuf_printf(call->out, "%zu bytes differ%s\n", shown,
			      shown > FOUND_MAX ? ", these are the first" : "");
out:
	free(a);
	free(b);
}

/* ---- files ---- */

static bool write_all(int fd, const uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n < 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

static void save_to(struct mon_call *call, enum control_space space, int fd, uint8_t *buf)
{
	uint64_t addr = call->arg[0].num, len = call->arg[1].num, done = 0;
	size_t want, got;

	while (done < len) {
		want = len - done < CHUNK ? (size_t)(len - done) : CHUNK;
		got = read_range(call, space, addr + done, buf, want);
		if (!write_all(fd, buf, got)) {
			mon_error(call, "cannot write %s: %s", call->arg[2].str, strerror(errno));
			return;
		}
		done += got;
		if (got < want) {
			mon_error(call, "cannot read memory at 0x%llx; %llu bytes are saved",
				  (ull)(addr + done), (ull)done);
			return;
		}
	}
	field_u64(call->out, "bytes", "%llu bytes saved\n", done);
}

static void save(struct mon_call *call, enum control_space space)
{
	const char *path = call->arg[2].str;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	uint8_t *buf = malloc(CHUNK);

	if (fd < 0)
		mon_error(call, "cannot write %s: %s", path, strerror(errno));
	else if (!buf)
		mon_error(call, "out of memory");
	else
		save_to(call, space, fd, buf);
	if (fd >= 0 && close(fd))
		mon_error(call, "cannot write %s: %s", path, strerror(errno));
	free(buf);
}

static void cmd_memsave(struct mon_call *call)
{
	save(call, CONTROL_VIRTUAL);
}

static void cmd_pmemsave(struct mon_call *call)
{
	save(call, CONTROL_PHYSICAL);
}

static void load_from(struct mon_call *call, int fd, uint8_t *buf)
{
	uint64_t addr = call->arg[1].num, done = 0;
	ssize_t got, n;

	while ((got = read(fd, buf, CHUNK)) > 0)
		for (ssize_t at = 0; at < got; at += n, done += (uint64_t)n) {
			n = control_mem_write(call->m, call->session->cpu, space_of(call),
					      addr + done, buf + at, (size_t)(got - at));
			if (n <= 0) {
				mon_error(call,
					  "cannot write memory at 0x%llx; %llu bytes are "
					  "loaded",
					  (ull)(addr + done), (ull)done);
				return;
			}
		}
	if (got < 0)
		mon_error(call, "cannot read %s: %s", call->arg[2].str, strerror(errno));
	else
		field_u64(call->out, "bytes", "%llu bytes loaded\n", done);
}

static void cmd_memload(struct mon_call *call)
{
	const char *path = call->arg[2].str;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t *buf = malloc(CHUNK);

	if (fd < 0)
		mon_error(call, "cannot open %s: %s", path, strerror(errno));
	else if (!buf)
		mon_error(call, "out of memory");
	else
		load_from(call, fd, buf);
	if (fd >= 0)
		close(fd);
	free(buf);
}

static const struct mon_field find_result[] = {
	{ "addrs", MON_LIST, false, "where they are", mon_numbers },
	{ "cut", MON_BOOL, false, "there may be more", NULL },
	{ 0 },
};

static const struct mon_field difference_fields[] = {
	{ "addr1", MON_NUMBER, false, "in the one range", NULL },
	{ "byte1", MON_NUMBER, false, "what is there", NULL },
	{ "addr2", MON_NUMBER, false, "in the other", NULL },
	{ "byte2", MON_NUMBER, false, "what is there", NULL },
	{ 0 },
};

static const struct mon_field compare_result[] = {
	{ "differences", MON_LIST, false, "the first 100", difference_fields },
	{ "count", MON_NUMBER, false, "bytes that differ", NULL },
	{ 0 },
};

static const struct mon_field copied_result[] = {
	{ "bytes", MON_NUMBER, false, "that were copied", NULL },
	{ 0 },
};

#define PHYSICAL_ARG                                                                        \
	{                                                                                   \
		"-p", &mon_arg_flag, true, 0, 0, "addresses are physical, not virtual ones" \
	}

static const struct mon_arg find_args[] = {
	PHYSICAL_ARG,
	{ "ADDR", &mon_arg_address, false, 0, 0, "where to begin" },
	{ "LEN", &mon_arg_number, false, 1, 1ull << 40, "how many bytes to look through" },
	{ "BYTES", &mon_arg_bytes, false, 0, 0, "what to find: numbers to 0xff and \"strings\"" },
	{ 0 },
};

static const struct mon_arg compare_args[] = {
	PHYSICAL_ARG,
	{ "ADDR1", &mon_arg_address, false, 0, 0, "one place" },
	{ "ADDR2", &mon_arg_address, false, 0, 0, "the other" },
	{ "LEN", &mon_arg_number, false, 1, 1ull << 40, "how many bytes" },
	{ 0 },
};

static const struct mon_arg save_args[] = {
	{ "ADDR", &mon_arg_address, false, 0, 0, "of the first byte" },
	{ "LEN", &mon_arg_number, false, 1, 1ull << 40, "how many bytes" },
	{ "FILE", &mon_arg_file, false, 0, 0, "is written anew" },
	{ 0 },
};

static const struct mon_arg load_args[] = {
	PHYSICAL_ARG,
	{ "ADDR", &mon_arg_address, false, 0, 0, "where the first byte goes" },
	{ "FILE", &mon_arg_file, false, 0, 0, "whose bytes are written to memory" },
	{ 0 },
};

const struct mon_command mon_copy_commands[] = {
	{
		.name = "find",
		.args = find_args,
		.help = "look for bytes in memory",
		.examples = (const char *const[]){ "find $sp 4k \"Linux\"",
						   "find -p 0 64M 0x7f \"ELF\"", NULL },
		.run = cmd_find,
		.result = find_result,
	},
	{
		.name = "compare",
		.args = compare_args,
		.help = "show where two ranges of memory differ",
		.examples = (const char *const[]){ "compare 0x1000 0x2000 4k", NULL },
		.run = cmd_compare,
		.result = compare_result,
	},
	{
		.name = "memsave",
		.args = save_args,
		.help = "save memory at a virtual address to a file on the host",
		.examples = (const char *const[]){ "memsave $sp 4k stack.bin", NULL },
		.run = cmd_memsave,
		.result = copied_result,
	},
	{
		.name = "pmemsave",
		.args = save_args,
		.help = "save memory at a physical address to a file on the host",
		.examples = (const char *const[]){ "pmemsave 0 1M low.bin", NULL },
		.run = cmd_pmemsave,
		.result = copied_result,
	},
	{
		.name = "memload",
		.args = load_args,
		.help = "write a file of the host's to memory",
		.examples = (const char *const[]){ "memload -p 1M image.bin", NULL },
		.run = cmd_memload,
		.result = copied_result,
	},
	{ 0 },
};
