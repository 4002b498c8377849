// SPDX-License-Identifier: GPL-3.0-or-later
/* Lists of options. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "hv/optlist.h"

static struct optlist o;
static struct error err;

static void parse(const char *text)
{
	cr_assert_eq(optlist_parse(&o, "-thing", text, &err), 0);
}

Test(optlist, names_values_and_flags)
{
	bool on = false, off = true, none = true;
	uint64_t n = 7, none_n = 7;

	parse("virtio-blk,drive=d0,ro,snapshot=off,n=0x10,file=a,,b=c");
	cr_expect_str_eq(optlist_name(&o), "virtio-blk");
	cr_expect_str_eq(optlist_get(&o, "drive"), "d0");
	cr_expect_eq(optlist_bool(&o, "ro", &on, &err), 0);
	cr_expect_eq(optlist_bool(&o, "snapshot", &off, &err), 0);
	cr_expect_eq(optlist_bool(&o, "other", &none, &err), 0);
	cr_expect(on && !off && none);
	cr_expect_eq(optlist_number(&o, "n", 1, 16, &n, &err), 0);
	cr_expect_eq(optlist_number(&o, "m", 1, 16, &none_n, &err), 0);
	cr_expect(n == 16 && none_n == 7);
	cr_expect_null(optlist_get(&o, "other"));
	cr_expect_eq(optlist_end(&o, &err), -EINVAL);
	cr_expect_str_eq(err.text, "-thing: there is no option 'file'");
	cr_expect_str_eq(optlist_get(&o, "file"), "a,b=c", "a comma, written twice");
	cr_expect_eq(optlist_end(&o, &err), 0);
	optlist_free(&o);
}

Test(optlist, no_name)
{
	parse("file=x");
	cr_expect_null(optlist_name(&o));
	optlist_free(&o);
	parse("");
	cr_expect_str_eq(optlist_name(&o), "");
	optlist_free(&o);
}

Test(optlist, the_last_one_counts)
{
	parse("a=1,a=2");
	cr_expect_str_eq(optlist_get(&o, "a"), "2");
	cr_expect_eq(optlist_end(&o, &err), 0);
	optlist_free(&o);
}

Test(optlist, what_is_wrong_is_said)
{
	char many[2 * OPTLIST_MAX + 2];
	uint64_t n = 3;
	bool b;

	parse("ro=yes,n=17,m=-1,k=1x");
	cr_expect_eq(optlist_bool(&o, "ro", &b, &err), -EINVAL);
	cr_expect_str_eq(err.text, "-thing: ro=yes: it is on or off");
	cr_expect_eq(optlist_number(&o, "n", 1, 16, &n, &err), -EINVAL);
	cr_expect_str_eq(err.text, "-thing: n=17: a number from 1 to 16 is needed");
	cr_expect_eq(optlist_number(&o, "m", 0, UINT64_MAX, &n, &err), -EINVAL);
	cr_expect_eq(optlist_number(&o, "k", 0, UINT64_MAX, &n, &err), -EINVAL);
	cr_expect_eq(n, 3u);
	optlist_free(&o);
	for (size_t i = 0; i < sizeof(many) - 1; i++)
		many[i] = i % 2 ? ',' : 'a';
	many[sizeof(many) - 1] = '\0';
	cr_expect_eq(optlist_parse(&o, "-thing", many, &err), -EINVAL);
	cr_expect_str_eq(err.text, "-thing: more than 24 options");
}
