// SPDX-License-Identifier: GPL-3.0-or-later
/* Address spaces in the monitor: info pg, gva2gpa, gpa2gva, gpa2hva. */
#include <string.h>

#include "tests/unit-mon/fixture.h"

TestSuite(mon_pages, .init = fixture_setup, .fini = fixture_teardown);

Test(mon_pages, the_map)
{
	cr_expect_str_eq(
		run("info pg"),
		"2-level paging, root 0x5000, 3 tables\n"
		"0000000000000000-00000000000fffff     1 MiB     4 KiB urw--  0x0\n"
		"ffffffff80000000-ffffffff801fffff     2 MiB     4 KiB -r-xg  scattered\n");
	cr_expect_str_eq(run("info pg 0"), "paging is off: addresses are physical ones\n");
	cr_expect(strstr(run("info pg 0x1000"), "root 0x1000"));
	cr_expect(strstr(run("info pg 0x1000"), "2 entries have reserved bits set, the first for "
						"0x7000"));
	cr_expect(strstr(run("info pg 0x1000"), "1 entries lead to a table outside"));
	cr_expect(strstr(run("info pg 0x1000"), "more than 3 tables"));
}

Test(mon_pages, one_address)
{
	cr_expect_str_eq(run("gva2gpa 0x1234"), "0x1234  page     4 KiB -rw--\n");
	cr_expect_str_eq(run("gva2gpa 1M"), "error: 0x100000 is not mapped\n");
	cr_expect(strstr(run("gpa2gva 0x1234"), "0x1234  page     4 KiB ur---\n0x10001234"));
	cr_expect(strstr(run("gpa2gva 0x1234"), "… and more"));
	cr_expect_str_eq(run("gpa2gva 1M"), "error: nothing leads to 0x100000\n");
	cr_expect(strstr(run("gpa2gva 1M 4k"), "in the part"));
	cr_expect(strstr(run("gpa2gva 1 0"), "paging is off"));
	cr_expect(strstr(run("gpa2hva 0x1000"), "Host virtual address for 0x1000 (ram) is 0x"));
	cr_expect_str_eq(run("gpa2hva 1M"), "error: no RAM is at 0x100000\n");
}
