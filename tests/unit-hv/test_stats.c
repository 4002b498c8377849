// SPDX-License-Identifier: GPL-3.0-or-later
/* KVM's statistics, from a file made here: what is right in it, and what is not. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "hv/inspect_stats.h"

#define NAME_SIZE 24

struct row {
	struct kvm_stats_desc desc;
	char name[NAME_SIZE];
};

/* As a kernel lays it out; the tests spoil it. */
static struct file {
	struct kvm_stats_header header;
	char id[NAME_SIZE];
	struct row row[3];
	uint64_t data[8];
} file;

static void fill(void)
{
	file = (struct file){
		.header = {
			.name_size = NAME_SIZE,
			.num_desc = 3,
			.id_offset = offsetof(struct file, id),
			.desc_offset = offsetof(struct file, row),
			.data_offset = offsetof(struct file, data),
		},
		.id = "kvm-7",
		.row = {
			{ { .flags = KVM_STATS_TYPE_CUMULATIVE, .size = 1, .offset = 40 }, "exits" },
			{ { .flags = KVM_STATS_TYPE_LOG_HIST | KVM_STATS_UNIT_SECONDS,
			    .exponent = -9, .size = 3, .offset = 0 }, "wait" },
			{ { .flags = KVM_STATS_TYPE_LINEAR_HIST | KVM_STATS_UNIT_BYTES |
				     KVM_STATS_BASE_POW2,
			    .exponent = 10, .size = 2, .offset = 24, .bucket_size = 5 }, "used" },
		},
		.data = { 1, 2, 3, 4, 5, 6 },
	};
}

TestSuite(stats, .init = fill);

static int read_file(struct stats *out, size_t len, struct error *err)
{
	int fd = memfd_create("stats", MFD_CLOEXEC), ret;

	cr_assert(fd >= 0 && write(fd, &file, len) == (ssize_t)len);
	ret = stats_read(fd, out, err);
	close(fd);
	return ret;
}

Test(stats, are_read_as_described)
{
	struct stats s;

	cr_assert_eq(read_file(&s, sizeof(file), NULL), 0);
	cr_expect_str_eq(s.id, "kvm-7");
	cr_assert_eq(s.count, 3);
	cr_expect_str_eq(s.item[0].name, "exits");
	cr_expect_eq(s.item[0].kind, STATS_CUMULATIVE);
	cr_expect_eq(s.item[0].unit, STATS_NONE);
	cr_expect(s.item[0].count == 1 && s.item[0].value[0] == 6);
	cr_expect_eq(s.item[1].kind, STATS_LOG);
	cr_expect_eq(s.item[1].unit, STATS_SECONDS);
	cr_expect(s.item[1].base == 10 && s.item[1].exponent == -9);
	cr_expect(s.item[1].count == 3 && s.item[1].value[2] == 3);
	cr_expect_eq(s.item[2].kind, STATS_LINEAR);
	cr_expect(s.item[2].base == 2 && s.item[2].exponent == 10 && s.item[2].bucket == 5);
	cr_expect(s.item[2].count == 2 && s.item[2].value[1] == 5);
	stats_free(&s);
}

/* Of a later kernel. */
Test(stats, of_a_kind_that_is_not_known_are_numbers)
{
	struct stats s;

	file.row[0].desc.flags = 0xff;
	cr_assert_eq(read_file(&s, sizeof(file), NULL), 0);
	cr_expect_eq(s.item[0].kind, STATS_KIND_UNKNOWN);
	cr_expect_eq(s.item[0].unit, STATS_UNIT_UNKNOWN);
	cr_expect_eq(s.item[0].value[0], 6);
	stats_free(&s);
	file.header.num_desc = 0;
	cr_assert_eq(read_file(&s, sizeof(file), NULL), 0);
	cr_expect_eq(s.count, 0);
	stats_free(&s);
}

static void expect_refused(const char *text)
{
	struct error err = { "" };
	struct stats s;

	cr_expect_eq(read_file(&s, sizeof(file), &err), -EINVAL, "%s", text);
	cr_expect(strstr(err.text, text), "%s: %s", text, err.text);
	cr_expect(!s.id && !s.item && !s.descs && !s.values, "%s", text);
	fill();
}

Test(stats, that_are_malformed_are_refused)
{
	file.header.num_desc = 0xffffffff;
	expect_refused("more than can be");
	file.header.name_size = 0;
	expect_refused("more than can be");
	file.header.name_size = 0xfffffff0;
	expect_refused("more than can be");
	file.header.desc_offset = 0xfffffff0;
	expect_refused("statistics end at byte 4294967280");
	file.header.data_offset = sizeof(file) - 8;
	expect_refused("statistics end at");
	file.header.id_offset = sizeof(file);
	expect_refused("statistics end at");
	file.row[1].desc.size = 0;
	expect_refused("describes wait as 0 numbers");
	file.row[1].desc.size = 0xffff;
	expect_refused("statistics end at");
	file.row[1].desc.offset = 0xfffffff8;
	expect_refused("describes wait as 3 numbers at byte 4294967288");
	file.row[1].desc.offset = 4;
	expect_refused("describes wait as 3 numbers at byte 4");
	file.row[1].desc.exponent = -32768;
	expect_refused("wait the exponent -32768");
	file.row[2].desc.bucket_size = 0;
	expect_refused("histogram used no size");
	memset(file.row[0].name, 'x', NAME_SIZE);
	expect_refused("without a name");
	strcpy(file.row[0].name, "\033[2J");
	expect_refused("without a name");
	file.row[0].name[0] = '\0';
	expect_refused("without a name");
}

/* The sum of all offsets and sizes is looked at, not only each for itself. */
Test(stats, that_are_cut_short_are_refused)
{
	struct stats s;

	for (size_t len = 0; len < offsetof(struct file, data) + 6 * 8; len++)
		cr_expect_eq(read_file(&s, len, NULL), -EINVAL, "%zu", len);
	cr_expect_eq(read_file(&s, offsetof(struct file, data) + 6 * 8, NULL), 0);
	stats_free(&s);
}

static struct machine *machine(void)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit_addr(&code, TOY_JMP, TOY_LOAD);
	m = toy_machine(&code, 1, NULL);
	cr_assert_not_null(m);
	return m;
}

Test(stats, of_a_machine)
{
	struct machine *m;
	struct stats s;

	toy_stats = &file;
	toy_stats_len = sizeof(file);
	m = machine();
	for (int whose = INSPECT_STATS_VM; whose < 1; whose++) {
		cr_assert_eq(inspect_stats(m, whose, &s, NULL), 0);
		cr_expect_eq(s.count, 3);
		stats_free(&s);
	}
	cr_expect_eq(inspect_stats(m, 1, &s, NULL), -ESRCH);
	cr_expect_eq(inspect_stats(m, MACHINE_MAX_VCPUS, &s, NULL), -ESRCH);
	toy_machine_free(m);
}

Test(stats, of_a_kvm_without)
{
	struct machine *m = machine();
	struct error err = { "" };
	struct stats s;

	cr_expect_eq(inspect_stats(m, 0, &s, &err), -ENOTSUP);
	cr_expect(strstr(err.text, "KVM_CAP_BINARY_STATS_FD"), "%s", err.text);
	toy_machine_free(m);
}
