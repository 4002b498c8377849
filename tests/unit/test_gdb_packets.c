// SPDX-License-Identifier: GPL-3.0-or-later
/* The packet table: what is found, what is advertised, and that docs/gdb.md says the same. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/framing.h"
#include "gdbstub/packets.h"

TestSuite(gdb_packets, .timeout = 120);

static const char *found(const char *payload)
{
	const struct gdb_packet *row = gdb_packet_find(payload, strlen(payload));

	return row ? row->name : "-";
}

Test(gdb_packets, rows_are_whole_and_unique)
{
	for (size_t i = 0; i < gdb_packet_count; i++) {
		const struct gdb_packet *row = &gdb_packets[i];

		cr_expect(row->name && row->name[0]);
		cr_expect(row->handle, "%s has no handler", row->name);
		cr_expect(row->help && row->help[0], "%s has no help", row->name);
		for (size_t j = 0; j < i; j++)
			cr_expect(strcmp(gdb_packets[j].name, row->name), "%s is twice", row->name);
	}
}

Test(gdb_packets, every_row_is_found_by_its_name)
{
	for (size_t i = 0; i < gdb_packet_count; i++)
		cr_expect_str_eq(found(gdb_packets[i].name), gdb_packets[i].name);
}

Test(gdb_packets, longest_name_wins)
{
	cr_expect_str_eq(found("vCont?"), "vCont?");
	cr_expect_str_eq(found("vCont;c"), "vCont");
	cr_expect_str_eq(found("m0,4"), "m");
	cr_expect_str_eq(found("D;1"), "D");
	cr_expect_str_eq(found("qSupported:a+;b-"), "qSupported");
}

Test(gdb_packets, unknown_ones_are_not_taken_for_known_ones)
{
	static const char *const unknown[] = { "",	 "qCRC",      "gg",
					       "qCx",	 "vContx",    "qXfer:auxv:read::0,10",
					       "vKillx", "QNonStop1", "!x",
					       "qRcmdx", "Dx" };

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		cr_expect_str_eq(found(unknown[i]), "-", "\"%s\"", unknown[i]);
}

Test(gdb_packets, everything_advertised_is_in_the_answer)
{
	struct strbuf out = STRBUF_INIT;
	char want[96];

	gdb_put_supported(&out);
	snprintf(want, sizeof(want), "PacketSize=%x;", GDB_PACKET_MAX);
	cr_expect(!strncmp(strbuf_str(&out), want, strlen(want)));
	for (size_t i = 0; i < gdb_packet_count; i++) {
		if (!gdb_packets[i].feature)
			continue;
		snprintf(want, sizeof(want), ";%s+", gdb_packets[i].feature);
		cr_expect(strstr(strbuf_str(&out), want), "%s", want);
	}
	for (size_t i = 0; i < gdb_feature_count; i++) {
		snprintf(want, sizeof(want), ";%s+", gdb_features[i].name);
		cr_expect(strstr(strbuf_str(&out), want), "%s", want);
	}
	cr_expect_null(strstr(strbuf_str(&out), ";;"));
	strbuf_free(&out);
}

#define DOC	  "docs/gdb.md"
#define DOC_BEGIN "<!-- packets: made from gdbstub/packets.c, VITRINE_UPDATE_DOCS=1 make unit -->\n"
#define DOC_END	  "<!-- end of packets -->\n"

static void read_doc(struct strbuf *doc)
{
	char buf[4096];
	FILE *f = fopen(DOC, "r");
	size_t n;

	cr_assert(f, "%s is read from the top of the tree", DOC);
	while ((n = fread(buf, 1, sizeof(buf), f)))
		strbuf_add(doc, buf, n);
	fclose(f);
}

Test(gdb_packets, manual_has_the_same_list)
{
	struct strbuf doc = STRBUF_INIT, want = STRBUF_INIT;
	const char *text, *begin, *end;

	read_doc(&doc);
	text = strbuf_str(&doc);
	begin = strstr(text, DOC_BEGIN);
	end = strstr(text, DOC_END);
	cr_assert(begin && end && begin < end);

	strbuf_add(&want, text, (size_t)(begin - text));
	strbuf_puts(&want, DOC_BEGIN);
	gdb_put_packet_list(&want);
	strbuf_puts(&want, end);
	if (getenv("VITRINE_UPDATE_DOCS")) {
		FILE *f = fopen(DOC, "w");

		cr_assert(f && fwrite(want.data, 1, want.len, f) == want.len && !fclose(f));
	} else {
		cr_expect(!strcmp(text, strbuf_str(&want)),
			  "%s is not what gdbstub/packets.c says: VITRINE_UPDATE_DOCS=1 make unit",
			  DOC);
	}
	strbuf_free(&doc);
	strbuf_free(&want);
}
