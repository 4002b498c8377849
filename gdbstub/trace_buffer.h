/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The trace buffer: a ring of frames, each in the format that gdb uploads and
 * writes to a trace file (GDB manual, "Trace File Format"), so that an upload
 * is a copy:
 *
 *   frame   tracepoint (2 bytes), length of the blocks (4), blocks
 *   block   'R' registers as in a `g` reply, in binary
 *           'M' address (8), length (2), memory
 *           'V' trace state variable (4), value (8)
 *
 * All little endian, as on every host that vitrine runs on. Positions count
 * bytes since the buffer was cleared, so they never wrap:
 *
 *            first                        next
 *   ...gone    |  frame | frame | frame    |      next - first <= size
 *
 * No locks here: the callers hold one.
 */
#ifndef GDBSTUB_TRACE_BUFFER_H
#define GDBSTUB_TRACE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_buffer {
	uint8_t *data;
	size_t size;	      /* bytes; 0: nothing can be added */
	size_t reg_bytes;     /* length of every R block */
	bool circular;	      /* full: the oldest frames make room */
	uint64_t first, next; /* positions */
	uint32_t frames;      /* that are there */
	uint64_t created;     /* frames since it was cleared, with those that are gone */
};

struct trace_frame {
	uint32_t number; /* counted from the oldest one that was there when it was found */
	uint16_t tracepoint;
	uint64_t at; /* position of the first block */
	uint32_t len;
};

struct trace_block {
	char type;     /* 'R', 'M' or 'V' */
	uint64_t at;   /* R, M: position of the data */
	uint64_t addr; /* M */
	uint32_t len;  /* R, M */
	uint32_t var;  /* V */
	int64_t value; /* V */
};

#define TRACE_FRAME_HEAD 6u
/* What comes before the data of each block. */
#define TRACE_R_HEAD 1u
#define TRACE_M_HEAD 11u
#define TRACE_V_LEN  13u
/* The longest M block. */
#define TRACE_M_MAX 0xffffu

/* Drops all frames and takes on the given size. -ENOMEM: the buffer has size 0. */
int trace_buffer_set(struct trace_buffer *b, size_t size, size_t reg_bytes);
void trace_buffer_free(struct trace_buffer *b);
void trace_buffer_clear(struct trace_buffer *b);
/* Adds a frame of @len bytes of blocks. -ENOSPC: it does not fit. */
int trace_buffer_add(struct trace_buffer *b, uint16_t tracepoint, const void *blocks, size_t len);
/* Copies what is there of [at, at + len); the number of bytes. */
size_t trace_buffer_copy(const struct trace_buffer *b, uint64_t at, void *out, size_t len);

/* The oldest frame, and the one after @f; false: there is none, and @f stays as it is. */
bool trace_frame_first(const struct trace_buffer *b, struct trace_frame *f);
bool trace_frame_next(const struct trace_buffer *b, struct trace_frame *f);
/* Whether @f, found earlier, is still in the buffer. */
bool trace_frame_alive(const struct trace_buffer *b, const struct trace_frame *f);
/* The block at *@at, which begins as f->at, and moves it to the next one. False: no more. */
bool trace_block_next(const struct trace_buffer *b, const struct trace_frame *f, uint64_t *at,
		      struct trace_block *block);

/* ---- making blocks ---- */

/* Where a frame is put together, before it is added. */
struct trace_draft {
	uint8_t *data;
	size_t len, size;
	bool overflow; /* something did not fit and was left out */
};
/* Each returns where the data go, NULL when they do not fit. */
uint8_t *trace_draft_regs(struct trace_draft *d, size_t reg_bytes);
uint8_t *trace_draft_mem(struct trace_draft *d, uint64_t addr, uint16_t len);
/* The M block made last, of @from bytes, becomes one of @to; nothing is left of it at 0. */
void trace_draft_cut_mem(struct trace_draft *d, uint16_t from, uint16_t to);
void trace_draft_var(struct trace_draft *d, uint32_t var, int64_t value);

#endif
