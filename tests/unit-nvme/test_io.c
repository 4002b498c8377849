// SPDX-License-Identifier: GPL-3.0-or-later
/* I/O commands of an NVMe controller: data, what may not be asked for, and what becomes of the
 * image. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "hv/block.h"
#include "hv/control_device.h"
#include "tests/unit-nvme/nvme_rig.h"

static struct rig r;

/* Also with an image that was not closed when a test failed. */
static void teardown(void)
{
	if (r.path[0])
		unlink(r.path);
}

TestSuite(nvme_io, .fini = teardown, .timeout = 120);

#define PAGE	4096u
#define LIST_AT (RIG_DATA + 0x200000)
#define NOT_RAM 0x80000000ull

static uint8_t *data(uint64_t offset, uint64_t len)
{
	return rig_ram(&r, RIG_DATA + offset, len);
}

static void expect_image(uint64_t offset, uint64_t at, uint32_t len)
{
	const uint8_t *p = data(offset, len);

	for (uint32_t i = 0; i < len; i++)
		cr_assert_eq(p[i], rig_byte(at + i), "byte %u", i);
}

static void put_list(uint64_t at, const uint64_t *entries, unsigned count)
{
	memcpy(rig_ram(&r, at, count * 8), entries, count * 8);
}

/* ---- where the data is ---- */

Test(nvme_io, one_page_two_pages_and_lists)
{
	uint64_t pages[16];

	rig_start(&r, (struct machine_drive){ 0 }, "");
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 5, 1, RIG_DATA, NOT_RAM), 0u);
	expect_image(0, 5 * 512, 512);
	/* From the middle of a page into the next named one. */
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 9, 8, RIG_DATA + 0xe04, RIG_DATA + 0x8000), 0u);
	expect_image(0xe04, 9 * 512, PAGE - 0xe04);
	expect_image(0x8000, 9 * 512 + PAGE - 0xe04, 0xe04);
	/* A list of pages in no order. */
	for (unsigned i = 0; i < 16; i++)
		pages[i] = RIG_DATA + 0x20000 + (i * 7 % 16) * PAGE;
	put_list(LIST_AT, pages, 16);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 100, 17 * 8, RIG_DATA, LIST_AT), 0u);
	expect_image(0, 100 * 512, PAGE);
	for (unsigned i = 0; i < 16; i++)
		expect_image(pages[i] - RIG_DATA, 100 * 512 + (i + 1) * PAGE, PAGE);
	rig_close(&r);
}

Test(nvme_io, a_list_that_begins_late_goes_on_in_another)
{
	const uint64_t first[] = { RIG_DATA + 1 * PAGE, LIST_AT + 0x10000 };
	const uint64_t second[] = { RIG_DATA + 2 * PAGE, RIG_DATA + 3 * PAGE };

	rig_start(&r, (struct machine_drive){ 0 }, "");
	put_list(LIST_AT + PAGE - sizeof(first), first, 2);
	put_list(LIST_AT + 0x10000, second, 2);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 4 * 8, RIG_DATA, LIST_AT + PAGE - sizeof(first)),
		     0u);
	expect_image(0, 0, 4 * PAGE);
	/* A list whose only entry is where the next one is. */
	put_list(LIST_AT + PAGE - 8, &first[1], 1);
	memset(data(0, 4 * PAGE), 0, 4 * PAGE);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 3 * 8, RIG_DATA + PAGE, LIST_AT + PAGE - 8), 0u);
	expect_image(PAGE, 0, 3 * PAGE);
	rig_close(&r);
}

Test(nvme_io, larger_pages)
{
	rig_open(&r, (struct machine_drive){ 0 }, "");
	rig_setup_admin(&r);
	rig_set(&r, NVME_REG_CC, 4, RIG_CC | 2 << 7);
	RIG_WAIT(rig_get(&r, NVME_REG_CSTS, 4) & NVME_CSTS_RDY);
	rig_queues(&r, 1, 16);
	/* 16 KiB at once, without a second page. */
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 32, RIG_DATA, NOT_RAM), 0u);
	expect_image(0, 0, 4 * PAGE);
	rig_close(&r);
}

Test(nvme_io, memory_that_cannot_be)
{
	const uint64_t odd[] = { RIG_DATA, RIG_DATA + 4 }, none[] = { RIG_DATA, NOT_RAM };

	rig_start(&r, (struct machine_drive){ 0 }, "");
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, NOT_RAM, 0), NVME_DATA_TRANSFER_ERROR);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, RIG_RAM - 256, RIG_RAM),
		     NVME_DATA_TRANSFER_ERROR);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, UINT64_MAX - 511, 0),
		     NVME_DATA_TRANSFER_ERROR);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, RIG_DATA + 2, 0), NVME_INVALID_PRP_OFFSET);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 16, RIG_DATA, RIG_DATA + 512),
		     NVME_INVALID_PRP_OFFSET);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 24, RIG_DATA, LIST_AT + 4),
		     NVME_INVALID_PRP_OFFSET);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 24, RIG_DATA, NOT_RAM), NVME_DATA_TRANSFER_ERROR);
	put_list(LIST_AT, odd, 2);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 24, RIG_DATA, LIST_AT), NVME_INVALID_PRP_OFFSET);
	put_list(LIST_AT, none, 2);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 24, RIG_DATA, LIST_AT), NVME_DATA_TRANSFER_ERROR);
	/* A chain that leads to itself. */
	put_list(LIST_AT + PAGE - 8, (const uint64_t[]){ LIST_AT + PAGE - 8 }, 1);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 24, RIG_DATA, LIST_AT + PAGE - 8),
		     NVME_INVALID_PRP_OFFSET);
	/* And the controller goes on. */
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, RIG_DATA, 0), 0u);
	cr_expect_eq(rig_get(&r, NVME_REG_CSTS, 4), NVME_CSTS_RDY);
	rig_close(&r);
}

/* ---- what is written ---- */

static const struct machine_drive ways[] = {
	{ .aio = DRIVE_IO_URING },
	{ .aio = DRIVE_THREADS },
	{ .aio = DRIVE_IO_URING, .cache = DRIVE_WRITETHROUGH },
	{ .aio = DRIVE_THREADS, .cache = DRIVE_UNSAFE },
};

Test(nvme_io, writes_are_in_the_file)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		rig_start(&r, ways[i], "");
		memset(data(0, 2 * PAGE), 0x5a, 2 * PAGE);
		cr_expect_eq(rig_rw(&r, NVME_CMD_WRITE, 16, 16, RIG_DATA, RIG_DATA + PAGE), 0u);
		cr_expect_eq(
			rig_do(&r, 1, (struct nvme_command){ .opcode = NVME_CMD_FLUSH, .nsid = 1 }),
			0u);
		cr_expect_eq(rig_do(&r, 1,
				    (struct nvme_command){ .opcode = NVME_CMD_FLUSH,
							   .nsid = NVME_ALL_NAMESPACES }),
			     0u);
		cr_expect_eq(rig_file_byte(&r, 16 * 512 - 1), rig_byte(16 * 512 - 1));
		cr_expect_eq(rig_file_byte(&r, 16 * 512), 0x5a);
		cr_expect_eq(rig_file_byte(&r, 32 * 512 - 1), 0x5a);
		cr_expect_eq(rig_file_byte(&r, 32 * 512), rig_byte(32 * 512));
		rig_close(&r);
	}
}

Test(nvme_io, zeroes_and_deallocation)
{
	const struct nvme_dsm_range ranges[] = { { 0, 8, 64 }, { 0, 0, 0 }, { 0, 16, 128 } };

	rig_start(&r, (struct machine_drive){ 0 }, "");
	cr_expect_eq(rig_rw(&r, NVME_CMD_WRITE_ZEROES, 8, 8, 0, 0), 0u);
	cr_expect_eq(rig_file_byte(&r, 8 * 512), 0);
	cr_expect_eq(rig_file_byte(&r, 16 * 512 - 1), 0);
	cr_expect_eq(rig_file_byte(&r, 16 * 512), rig_byte(16 * 512));
	memcpy(data(0, sizeof(ranges)), ranges, sizeof(ranges));
	cr_expect_eq(rig_do(&r, 1,
			    (struct nvme_command){ .opcode = NVME_CMD_DSM,
						   .nsid = 1,
						   .prp1 = RIG_DATA,
						   .cdw10 = 2,
						   .cdw11 = NVME_DSM_AD }),
		     0u);
	/* Where the file system cannot, it is as it was: it is advice. */
	cr_expect(!rig_file_byte(&r, 64 * 512) ||
		  rig_file_byte(&r, 64 * 512) == rig_byte(64 * 512));
	cr_expect_eq(rig_file_byte(&r, 72 * 512), rig_byte(72 * 512));
	cr_expect_eq(RIG_LOOK(r.n->counts.others), 3u,
		     "one for the zeroes, two ranges that are not empty");
	rig_close(&r);
}

Test(nvme_io, compare)
{
	const struct nvme_command compare = { .opcode = NVME_CMD_COMPARE,
					      .nsid = 1,
					      .prp1 = RIG_DATA + 512,
					      .prp2 = RIG_DATA + PAGE,
					      .cdw10 = 3,
					      .cdw12 = 7 };

	rig_start(&r, (struct machine_drive){ 0 }, "");
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 3, 8, RIG_DATA + 512, RIG_DATA + PAGE), 0u);
	cr_expect_eq(rig_do(&r, 1, compare), 0u);
	data(0, PAGE)[PAGE - 1] ^= 1;
	cr_expect_eq(rig_do(&r, 1, compare), NVME_COMPARE_FAILURE);
	rig_close(&r);
}

/* ---- what may not be ---- */

Test(nvme_io, errors)
{
	static const struct {
		struct nvme_command cmd;
		unsigned status;
	} cases[] = {
		{ { .opcode = 0x7f, .nsid = 1 }, NVME_INVALID_OPCODE },
		{ { .opcode = NVME_CMD_READ, .nsid = 0, .prp1 = RIG_DATA },
		  NVME_INVALID_NAMESPACE },
		{ { .opcode = NVME_CMD_READ, .nsid = 2, .prp1 = RIG_DATA },
		  NVME_INVALID_NAMESPACE },
		{ { .opcode = NVME_CMD_WRITE, .nsid = NVME_ALL_NAMESPACES, .prp1 = RIG_DATA },
		  NVME_INVALID_NAMESPACE },
		{ { .opcode = NVME_CMD_READ, .nsid = 1, .flags = 0x40 }, NVME_INVALID_FIELD },
		{ { .opcode = NVME_CMD_READ, .nsid = 1, .flags = 0x01 }, NVME_INVALID_FIELD },
		{ { .opcode = NVME_CMD_READ, .nsid = 1, .cdw10 = RIG_BLOCKS },
		  NVME_LBA_OUT_OF_RANGE },
		{ { .opcode = NVME_CMD_WRITE, .nsid = 1, .cdw10 = RIG_BLOCKS - 1, .cdw12 = 1 },
		  NVME_LBA_OUT_OF_RANGE },
		{ { .opcode = NVME_CMD_READ, .nsid = 1, .cdw10 = UINT32_MAX, .cdw11 = UINT32_MAX },
		  NVME_LBA_OUT_OF_RANGE },
		{ { .opcode = NVME_CMD_WRITE_ZEROES, .nsid = 1, .cdw10 = 1, .cdw12 = 0xffff },
		  NVME_LBA_OUT_OF_RANGE },
		{ { .opcode = NVME_CMD_COMPARE, .nsid = 1, .cdw10 = RIG_BLOCKS },
		  NVME_LBA_OUT_OF_RANGE },
		/* More than MDTS. */
		{ { .opcode = NVME_CMD_READ, .nsid = 1, .cdw12 = 1024 }, NVME_INVALID_FIELD },
		{ { .opcode = NVME_CMD_DSM, .nsid = 1, .prp1 = RIG_DATA, .cdw11 = NVME_DSM_AD },
		  NVME_LBA_OUT_OF_RANGE },
		{ { .opcode = NVME_CMD_DSM, .nsid = 1, .prp1 = NOT_RAM, .cdw11 = NVME_DSM_AD },
		  NVME_DATA_TRANSFER_ERROR },
	};
	const struct nvme_dsm_range outside = { 0, 2, RIG_BLOCKS - 1 };
	struct nvme_completion entry;

	rig_start(&r, (struct machine_drive){ 0 }, "");
	memcpy(data(0, sizeof(outside)), &outside, sizeof(outside));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_submit(&r, 1, cases[i].cmd);
		entry = rig_reap(&r, 1);
		cr_expect_eq(entry.status, cases[i].status | NVME_MORE | NVME_DNR, "%zu: 0x%x", i,
			     entry.status);
	}
	cr_expect_eq(RIG_LOOK(r.n->errors), sizeof(cases) / sizeof(cases[0]));
	/* And nothing was touched. */
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, RIG_DATA, 0), 0u);
	expect_image(0, 0, 512);
	rig_close(&r);
}

Test(nvme_io, a_read_only_image)
{
	rig_start(&r, (struct machine_drive){ .readonly = true }, "");
	cr_expect_eq(rig_rw(&r, NVME_CMD_WRITE, 0, 1, RIG_DATA, 0), NVME_WRITE_PROTECTED);
	cr_expect_eq(rig_rw(&r, NVME_CMD_WRITE_ZEROES, 0, 1, 0, 0), NVME_WRITE_PROTECTED);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, RIG_DATA, 0), 0u);
	rig_close(&r);
}

Test(nvme_io, larger_blocks)
{
	rig_start(&r, (struct machine_drive){ 0 }, "logical_block_size=4096");
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 2, 1, RIG_DATA, 0), 0u);
	expect_image(0, 2 * PAGE, PAGE);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, RIG_BYTES / PAGE, 1, RIG_DATA, 0),
		     NVME_LBA_OUT_OF_RANGE);
	rig_close(&r);
}

/* A file that gets shorter while it is a disk. */
Test(nvme_io, the_disk_fails)
{
	rig_start(&r, (struct machine_drive){ 0 }, "");
	cr_assert_eq(truncate(r.path, 4096), 0);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 100, 1, RIG_DATA, 0), NVME_READ_ERROR);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, RIG_DATA, 0), 0u);
	cr_expect_eq(RIG_LOOK(r.n->media_errors), 1u);
	rig_close(&r);
}

/* ---- faults ---- */

Test(nvme_io, injected_faults)
{
	struct error err = { "" };
	uint16_t cid;
	struct nvme_command abort = { .opcode = NVME_ADMIN_ABORT };

	rig_start(&r, (struct machine_drive){ 0 }, "");
	cr_assert_eq(control_inject(&r.f->m, "nvme0", FAULT_ERROR, &err), 0, "%s", err.text);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, RIG_DATA, 0), NVME_READ_ERROR);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 1, RIG_DATA, 0), 0u);
	/* What an injected timeout swallows comes back when it is aborted. */
	cr_assert_eq(control_inject(&r.f->m, "nvme0", FAULT_TIMEOUT, &err), 0, "%s", err.text);
	cid = rig_submit(&r, 1, (struct nvme_command){ .opcode = NVME_CMD_FLUSH, .nsid = 1 });
	RIG_WAIT(!RIG_FAULTS());
	cr_expect_not(rig_has_entry(&r, 1));
	abort.cdw10 = 1 | (uint32_t)cid << 16;
	cr_expect_eq(rig_do(&r, 0, abort), 0u);
	cr_expect_eq(r.result, 0u);
	cr_expect_eq(rig_reap(&r, 1).status, NVME_ABORT_REQUESTED);
	cr_expect_eq(rig_do(&r, 0, abort), 0u);
	cr_expect_eq(r.result, 1u, "there is no such command any more");
	/* … or when its queue goes. */
	cr_assert_eq(control_inject(&r.f->m, "nvme0", FAULT_TIMEOUT, &err), 0, "%s", err.text);
	rig_submit(&r, 1, (struct nvme_command){ .opcode = NVME_CMD_FLUSH, .nsid = 1 });
	RIG_WAIT(!RIG_FAULTS());
	cr_expect_eq(
		rig_do(&r, 0, (struct nvme_command){ .opcode = NVME_ADMIN_DELETE_SQ, .cdw10 = 1 }),
		0u);
	cr_expect_eq(rig_reap(&r, 1).status, NVME_ABORTED_SQ_DELETED);
	rig_close(&r);
}

Test(nvme_io, unplugged)
{
	struct error err = { "" };

	rig_start(&r, (struct machine_drive){ 0 }, "");
	cr_assert_eq(control_inject(&r.f->m, "nvme0", FAULT_UNPLUG, &err), 0, "%s", err.text);
	cr_expect_eq(rig_get(&r, NVME_REG_CSTS, 4), 0xffffffffu);
	rig_ring(&r, 1, false, 1);
	rig_close(&r);
}

/* ---- for people ---- */

Test(nvme_io, info_block)
{
	struct strbuf sb = STRBUF_INIT;

	rig_start(&r, (struct machine_drive){ 0 }, "");
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 8, RIG_DATA, 0), 0u);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, RIG_BLOCKS, 8, RIG_DATA, 0), NVME_LBA_OUT_OF_RANGE);
	block_describe(&r.f->m, &sb);
	cr_expect(strstr(strbuf_str(&sb), "nvme0: "), "%s", strbuf_str(&sb));
	cr_expect(strstr(strbuf_str(&sb), "read 4096 bytes in 1 requests"), "%s", strbuf_str(&sb));
	cr_expect(strstr(strbuf_str(&sb), "errors 1, in flight 0"), "%s", strbuf_str(&sb));
	strbuf_free(&sb);
	rig_close(&r);
}
