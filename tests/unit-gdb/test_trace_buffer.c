// SPDX-License-Identifier: GPL-3.0-or-later
/* The trace buffer: what is in it after it was full, wrapped around and cut. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/trace_buffer.h"

static struct trace_buffer b;

static void teardown(void)
{
	trace_buffer_free(&b);
}

TestSuite(trace_buffer, .fini = teardown, .timeout = 120);

/* A frame with one variable block, which holds @value. */
static int add(uint16_t tracepoint, int64_t value)
{
	uint8_t data[TRACE_V_LEN];
	struct trace_draft d = { .data = data, .size = sizeof(data) };

	trace_draft_var(&d, 7, value);
	return trace_buffer_add(&b, tracepoint, data, d.len);
}

#define FRAME (TRACE_FRAME_HEAD + TRACE_V_LEN)

/* The frames that are there hold the values from @first on, in order. */
static void expect_values(int64_t first, uint32_t count)
{
	struct trace_frame f;
	struct trace_block block;
	bool more = trace_frame_first(&b, &f);

	cr_assert_eq(b.frames, count);
	for (uint32_t i = 0; i < count; i++, more = trace_frame_next(&b, &f)) {
		uint64_t at = f.at;

		cr_assert(more, "frame %u", i);
		cr_assert_eq(f.number, i);
		cr_assert(trace_block_next(&b, &f, &at, &block));
		cr_assert_eq(block.type, 'V');
		cr_assert_eq(block.var, 7);
		cr_assert_eq(block.value, first + i);
		cr_assert_not(trace_block_next(&b, &f, &at, &block));
	}
	cr_assert_not(more);
}

Test(trace_buffer, bounded)
{
	cr_assert_eq(trace_buffer_set(&b, 3 * FRAME + 5, 10), 0);
	expect_values(0, 0);
	for (int64_t i = 0; i < 3; i++)
		cr_assert_eq(add(1, i), 0);
	cr_assert_eq(add(1, 3), -ENOSPC);
	expect_values(0, 3);
	cr_assert_eq(b.created, 3);
	trace_buffer_clear(&b);
	expect_values(0, 0);
	cr_assert_eq(add(1, 9), 0);
	expect_values(9, 1);
}

/* Every offset of the ring is a frame's first byte once, so every field is cut by its end. */
Test(trace_buffer, circular)
{
	cr_assert_eq(trace_buffer_set(&b, 3 * FRAME + 5, 10), 0);
	b.circular = true;
	for (int64_t i = 0; i < 1000; i++) {
		cr_assert_eq(add((uint16_t)(i % 3 + 1), i), 0);
		if (i >= 2)
			expect_values(i - 2, 3);
	}
	cr_assert_eq(b.created, 1000);
}

Test(trace_buffer, a_long_frame_pushes_many_out)
{
	uint8_t data[2 * FRAME] = { 0 };

	cr_assert_eq(trace_buffer_set(&b, 4 * FRAME, 10), 0);
	b.circular = true;
	for (int64_t i = 0; i < 4; i++)
		cr_assert_eq(add(1, i), 0);
	cr_assert_eq(trace_buffer_add(&b, 2, data, sizeof(data)), 0);
	cr_assert_eq(b.frames, 2);
	/* One that can never fit pushes nothing out. */
	cr_assert_eq(trace_buffer_add(&b, 2, data, 4 * FRAME), -ENOSPC);
	cr_assert_eq(b.frames, 2);
}

Test(trace_buffer, frames_that_are_gone)
{
	struct trace_frame f;

	cr_assert_eq(trace_buffer_set(&b, 2 * FRAME, 10), 0);
	b.circular = true;
	cr_assert_eq(add(1, 0), 0);
	cr_assert_eq(add(1, 1), 0);
	cr_assert(trace_frame_first(&b, &f));
	cr_assert(trace_frame_alive(&b, &f));
	cr_assert_eq(add(1, 2), 0);
	cr_assert_not(trace_frame_alive(&b, &f));
	trace_buffer_clear(&b);
	cr_assert_not(trace_frame_first(&b, &f));
	cr_assert_not(trace_frame_alive(&b, &f));
}

Test(trace_buffer, upload_is_a_copy)
{
	uint8_t all[2 * FRAME], part[2 * FRAME];
	size_t at, n;

	cr_assert_eq(trace_buffer_set(&b, 2 * FRAME + 3, 10), 0);
	b.circular = true;
	for (int64_t i = 0; i < 7; i++)
		cr_assert_eq(add(0x1234, i), 0);
	cr_assert_eq(trace_buffer_copy(&b, b.first, all, sizeof(all)), sizeof(all));
	cr_assert_arr_eq(all, "\x34\x12\x0d\0\0\0V\x07\0\0\0\x05\0\0\0\0\0\0\0", FRAME);
	for (at = 0; at < sizeof(all); at += n) {
		n = trace_buffer_copy(&b, b.first + at, part, 5);
		cr_assert_eq(n, sizeof(all) - at < 5 ? sizeof(all) - at : 5);
		cr_assert_arr_eq(part, all + at, n);
	}
	cr_assert_eq(trace_buffer_copy(&b, b.next, part, 1), 0);
	cr_assert_eq(trace_buffer_copy(&b, b.first - 1, part, 1), 0);
	cr_assert_eq(trace_buffer_copy(&b, UINT64_MAX, part, 1), 0);
}

Test(trace_buffer, blocks)
{
	uint8_t data[128], *p;
	struct trace_draft d = { .data = data, .size = sizeof(data) };
	struct trace_block block;
	struct trace_frame f;
	uint64_t at;

	cr_assert_eq(trace_buffer_set(&b, 1000, 4), 0);
	memcpy(trace_draft_regs(&d, 4), "\1\2\3\4", 4);
	p = trace_draft_mem(&d, 0xffff800000000000, 10);
	memset(p, 0x55, 10);
	trace_draft_cut_mem(&d, 10, 3);
	trace_draft_mem(&d, 0x1000, 20);
	trace_draft_cut_mem(&d, 20, 0); /* nothing of it was there */
	trace_draft_var(&d, 1, -1);
	cr_assert_eq(d.len, 5 + 14 + 13);
	cr_assert_not(d.overflow);
	cr_assert_eq(trace_buffer_add(&b, 9, data, d.len), 0);

	cr_assert(trace_frame_first(&b, &f));
	cr_assert_eq(f.tracepoint, 9);
	at = f.at;
	cr_assert(trace_block_next(&b, &f, &at, &block));
	cr_assert_eq(block.type, 'R');
	cr_assert_eq(trace_buffer_copy(&b, block.at, data, 4), 4);
	cr_assert_arr_eq(data, "\1\2\3\4", 4);
	cr_assert(trace_block_next(&b, &f, &at, &block));
	cr_assert_eq(block.type, 'M');
	cr_assert_eq(block.addr, 0xffff800000000000);
	cr_assert_eq(block.len, 3);
	cr_assert(trace_block_next(&b, &f, &at, &block));
	cr_assert_eq(block.type, 'V');
	cr_assert_eq(block.value, -1);
	cr_assert_not(trace_block_next(&b, &f, &at, &block));
}

Test(trace_buffer, drafts_end_where_they_end)
{
	uint8_t data[32];
	struct trace_draft d = { .data = data, .size = sizeof(data) };

	cr_assert_null(trace_draft_mem(&d, 0, 32 - TRACE_M_HEAD + 1));
	cr_assert(d.overflow);
	cr_assert_not_null(trace_draft_mem(&d, 0, 32 - TRACE_M_HEAD));
	cr_assert_null(trace_draft_regs(&d, 0));
	trace_draft_var(&d, 1, 1);
	cr_assert_eq(d.len, 32);
}

Test(trace_buffer, of_no_size)
{
	cr_assert_eq(trace_buffer_set(&b, 0, 4), 0);
	cr_assert_eq(add(1, 1), -ENOSPC);
	cr_assert_eq(trace_buffer_set(&b, 100, 4), 0);
	cr_assert_eq(add(1, 1), 0);
}
