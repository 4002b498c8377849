// SPDX-License-Identifier: GPL-3.0-or-later
/* Memory that is searched and summed, physical addresses, the memory map. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "peer.h"

static struct peer p;

static void setup(void)
{
	peer_attach(&p, RUN_RUNNING);
}

static void teardown(void)
{
	peer_close(&p);
}

TestSuite(gdb_memory, .init = setup, .fini = teardown, .timeout = 120);

static uint8_t *at(unsigned addr)
{
	return &p.m->mem[addr - FAKE_BASE];
}

static const char *find(const char *range, const void *pattern, size_t len)
{
	char packet[256];
	int n = snprintf(packet, sizeof(packet), "qSearch:memory:%s;", range);

	memcpy(packet + n, pattern, len);
	peer_take(&p);
	peer_send_bytes(&p, packet, (size_t)n + len);
	return peer_reply(&p);
}

Test(gdb_memory, search_finds_the_first)
{
	memcpy(at(0x12345), "needle", 6);
	memcpy(at(0x13345), "needle", 6);
	cr_expect_str_eq(find("10000;4000", "needle", 6), "1,12345");
	cr_expect_str_eq(find("12346;2000", "needle", 6), "1,13345");
	cr_expect_str_eq(find("13346;1000", "needle", 6), "0");
	cr_expect_str_eq(find("12345;6", "needle", 6), "1,12345");
	/* All of it has to lie in the range. */
	cr_expect_str_eq(find("12345;5", "needle", 6), "0");
	cr_expect_str_eq(find("10000;2349", "needle", 6), "0");
}

Test(gdb_memory, search_takes_any_byte)
{
	memcpy(at(0x12000), "\0\1\2;\0:", 6);
	cr_expect_str_eq(find("10000;4000", "\0\1\2;\0:", 6), "1,12000");
}

Test(gdb_memory, search_skips_what_is_not_there)
{
	memcpy(at(0x1f000), "needle", 6);
	cr_expect_str_eq(find("0;ffffffffffffffff", "needle", 6), "1,1f000");
	cr_expect_str_eq(find("0;ffffffffffffffff", "absent", 6), "0");
	cr_expect_str_eq(find("ffffffffffffff00;ffffffffffffffff", "needle", 6), "0");
	/* Nothing is found across a hole. */
	memcpy(at(0x13ffd), "nee", 3);
	memcpy(at(0x15000), "dle", 3);
	memset(at(0x1f000), 0, 6);
	cr_expect_str_eq(find("10000;10000", "needle", 6), "0");
}

Test(gdb_memory, search_that_is_malformed)
{
	static const char *const bad[] = { "qSearch:memory:",	      "qSearch:memory:10000",
					   "qSearch:memory:10000;4",  "qSearch:memory:10000;4;",
					   "qSearch:memory:x;4;a",    "qSearch:memory:;4;a",
					   "qSearch:memory:10000,4;a" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_str_eq(peer_ask(&p, bad[i]), "E22", "%s", bad[i]);
	cr_expect_str_eq(peer_ask(&p, "qSearch:registers:1;2;3"), "");
}

Test(gdb_memory, crc)
{
	/* The figure is zlib's of the reversed bits: see any CRC-32/MPEG-2 table. */
	memcpy(at(0x12000), "123456789", 9);
	cr_expect_str_eq(peer_ask(&p, "qCRC:12000,9"), "C376e6e7");
	cr_expect_str_eq(peer_ask(&p, "qCRC:12000,0"), "Cffffffff");
	cr_expect_str_eq(peer_ask(&p, "qCRC:13ff0,20"), "E14");
	cr_expect_str_eq(peer_ask(&p, "qCRC:0,1"), "E14");
	cr_expect_str_eq(peer_ask(&p, "qCRC:12000"), "E22");
	cr_expect_str_eq(peer_ask(&p, "qCRC:12000,9,9"), "E22");
	cr_expect(!strncmp(peer_ask(&p, "qCRC:12000,ffffffffffffffff"), "E.", 2));
}

Test(gdb_memory, physical_addresses)
{
	memcpy(at(0x12000), "abcd", 4);
	cr_expect_str_eq(peer_ask(&p, "qqemu.PhyMemMode"), "0");
	cr_expect_str_eq(peer_ask(&p, "m52000,4"), "E14");
	cr_expect_str_eq(peer_ask(&p, "Qqemu.PhyMemMode:1"), "OK");
	cr_expect_str_eq(peer_ask(&p, "qqemu.PhyMemMode"), "1");
	cr_expect_str_eq(peer_ask(&p, "m52000,4"), "61626364");
	cr_expect_str_eq(peer_ask(&p, "x52000,4"), "babcd");
	cr_expect_str_eq(peer_ask(&p, "m12000,4"), "E14");
	cr_expect_str_eq(peer_ask(&p, "M52000,1:7a"), "OK");
	cr_expect_eq(*at(0x12000), 'z');
	cr_expect_str_eq(peer_ask(&p, "X52000,1:y"), "OK");
	cr_expect_str_eq(find("40000;20000", "ybcd", 4), "1,52000");
	cr_expect_neq(peer_ask(&p, "qCRC:52000,4")[0], 'E');
	/* The page that is not there, in the other space. */
	cr_expect_str_eq(peer_ask(&p, "m54000,4"), "E14");
	cr_expect_str_eq(peer_ask(&p, "Qqemu.PhyMemMode:0"), "OK");
	cr_expect_str_eq(peer_ask(&p, "m12000,4"), "79626364");
	cr_expect_str_eq(peer_ask(&p, "Qqemu.PhyMemMode:2"), "E22");
	cr_expect_str_eq(peer_ask(&p, "Qqemu.PhyMemMode"), "E22");
	cr_expect_str_eq(peer_ask(&p, "Qqemu.PhyMemMode:11"), "E22");
}

Test(gdb_memory, the_next_session_means_virtual_ones)
{
	peer_ask(&p, "Qqemu.PhyMemMode:1");
	cr_expect_str_eq(peer_ask(&p, "D"), "OK");
	peer_ask(&p, "qSupported");
	cr_expect_str_eq(peer_ask(&p, "qqemu.PhyMemMode"), "0");
}

Test(gdb_memory, every_address_is_in_the_map)
{
	const char *map = peer_ask(&p, "qXfer:memory-map:read::0,1000");

	cr_expect_eq(map[0], 'l');
	cr_expect(strstr(map, "start=\"0x0\" length=\"0x8000000000000000\""));
	cr_expect(strstr(map, "start=\"0x8000000000000000\" length=\"0x8000000000000000\""));
	cr_expect_str_eq(peer_ask(&p, "qXfer:memory-map:read:x:0,1000"), "E00");
}

/* There is no flash, and nothing says so but the empty reply. */
Test(gdb_memory, flash_is_refused)
{
	cr_expect_str_eq(peer_ask(&p, "vFlashErase:10000,1000"), "");
	cr_expect_str_eq(peer_ask(&p, "vFlashWrite:10000:abc"), "");
	cr_expect_str_eq(peer_ask(&p, "vFlashDone"), "");
}
