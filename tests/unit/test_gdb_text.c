// SPDX-License-Identifier: GPL-3.0-or-later
/* Numbers, bytes and thread ids of the GDB protocol. */
#include <criterion/criterion.h>
#include <string.h>

#include "gdbstub/text.h"

TestSuite(gdb_text, .timeout = 120);

Test(gdb_text, hex)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
		size_t taken;
	} rows[] = {
		{ "0", true, 0, 1 },
		{ "1f,", true, 0x1f, 2 },
		{ "ABCdef", true, 0xabcdef, 6 },
		{ "ffffffffffffffff", true, UINT64_MAX, 16 },
		{ "0000000000000000000001", true, 1, 22 },
		{ "10000000000000000", false, 0, 0 },
		{ "", false, 0, 0 },
		{ "x1", false, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *p = rows[i].text;
		uint64_t value = 0;

		cr_expect_eq(gdb_parse_hex(&p, &value), rows[i].ok, "\"%s\"", rows[i].text);
		cr_expect_eq(value, rows[i].value, "\"%s\"", rows[i].text);
		cr_expect_eq(p - rows[i].text, rows[i].taken, "\"%s\"", rows[i].text);
	}
}

Test(gdb_text, range)
{
	const char *good = "1000,20:", *bad[] = { "1000", "1000,", ",20", "1000;20", "z,1" };
	uint64_t addr, len;

	cr_assert(gdb_parse_range(&good, &addr, &len));
	cr_expect_eq(addr, 0x1000);
	cr_expect_eq(len, 0x20);
	cr_expect_str_eq(good, ":");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not(gdb_parse_range(&bad[i], &addr, &len), "\"%s\"", bad[i]);
}

Test(gdb_text, bytes)
{
	const char *p = "00ff7G";
	uint8_t out[3];

	cr_assert(gdb_parse_bytes(&p, out, 2));
	cr_expect_eq(out[1], 0xff);
	cr_expect_str_eq(p, "7G");
	cr_expect_not(gdb_parse_bytes(&p, out, 1));
	p = "a";
	cr_expect_not(gdb_parse_bytes(&p, out, 1));
}

Test(gdb_text, thread_ids)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t pid, tid;
	} rows[] = {
		{ "1", true, GDB_ID_ANY, 1 },
		{ "-1", true, GDB_ID_ANY, GDB_ID_ALL },
		{ "0", true, GDB_ID_ANY, GDB_ID_ANY },
		{ "p1.a", true, 1, 10 },
		{ "p1.-1", true, 1, GDB_ID_ALL },
		{ "p0.0", true, GDB_ID_ANY, GDB_ID_ANY },
		{ "p-1", true, GDB_ID_ALL, GDB_ID_ALL },
		{ "p1", true, 1, GDB_ID_ALL },
		{ "p", false, 0, 0 },
		{ "p1.", false, 0, 0 },
		{ "-2", false, 0, 0 },
		{ "", false, 0, 0 },
		{ "80000000", false, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *p = rows[i].text;
		struct gdb_thread_id id;

		cr_expect_eq(gdb_parse_thread(&p, &id), rows[i].ok, "\"%s\"", rows[i].text);
		if (!rows[i].ok) {
			cr_expect_eq(p, rows[i].text);
			continue;
		}
		cr_expect_eq(id.pid, rows[i].pid, "\"%s\"", rows[i].text);
		cr_expect_eq(id.tid, rows[i].tid, "\"%s\"", rows[i].text);
		cr_expect_str_empty(p);
	}
}

Test(gdb_text, output)
{
	struct strbuf out = STRBUF_INIT;

	gdb_put_hex(&out, "\x00\x7f\xff", 3);
	cr_expect_str_eq(strbuf_str(&out), "007fff");
	strbuf_clear(&out);
	gdb_put_binary(&out, "a#b$c}d*", 8);
	cr_expect_str_eq(strbuf_str(&out), "a}\003b}\004c}]d}\n");
	strbuf_clear(&out);
	gdb_put_xml(&out, "a<b>&\"c'\n\x01");
	cr_expect_str_eq(strbuf_str(&out), "a&lt;b&gt;&amp;&quot;c&apos;");
	strbuf_free(&out);
}

/* A byte that needs an escape, at every place of what is looked at in blocks. */
Test(gdb_text, binary_escapes_anywhere)
{
	for (size_t at = 0; at < 40; at++) {
		struct strbuf out = STRBUF_INIT;
		char data[40], want[41];

		memset(data, 'x', sizeof(data));
		data[at] = "#$}*"[at % 4];
		memset(want, 'x', sizeof(want));
		want[at] = '}';
		want[at + 1] = (char)(data[at] ^ 0x20);
		gdb_put_binary(&out, data, sizeof(data));
		cr_expect_eq(out.len, sizeof(want));
		cr_expect_arr_eq(out.data, want, sizeof(want), "at %zu", at);
		strbuf_free(&out);
	}
}

Test(gdb_text, long_hex)
{
	struct strbuf out = STRBUF_INIT;
	uint8_t data[1000];

	memset(data, 0xa5, sizeof(data));
	gdb_put_hex(&out, data, sizeof(data));
	cr_expect_eq(out.len, 2000);
	cr_expect_eq(strspn(strbuf_str(&out), "a5"), 2000);
	strbuf_free(&out);
}

Test(gdb_text, printable_is_cut_and_terminated)
{
	char out[16];

	gdb_printable(out, sizeof(out), "ab\n", 3);
	cr_expect_str_eq(out, "ab\\x0a");
	gdb_printable(out, sizeof(out), "\n\n\n\n\n\n\n\n", 8);
	cr_expect_str_eq(out, "\\x0a\\x0a...");
	gdb_printable(out, sizeof(out), "", 0);
	cr_expect_str_empty(out);
}
