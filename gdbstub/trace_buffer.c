// SPDX-License-Identifier: GPL-3.0-or-later
/* The trace buffer, a ring of frames: see trace_buffer.h. */
#include "gdbstub/trace_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void trace_buffer_clear(struct trace_buffer *b)
{
	b->first = 0;
	b->next = 0;
	b->frames = 0;
	b->created = 0;
}

int trace_buffer_set(struct trace_buffer *b, size_t size, size_t reg_bytes)
{
	trace_buffer_clear(b);
	b->reg_bytes = reg_bytes;
	if (size == b->size)
		return 0;
	free(b->data);
	b->data = calloc(1, size);
	b->size = b->data ? size : 0;
	return b->data || !size ? 0 : -ENOMEM;
}

void trace_buffer_free(struct trace_buffer *b)
{
	free(b->data);
	b->data = NULL;
	b->size = 0;
	trace_buffer_clear(b);
}

/* ---- bytes ---- */

static void put(struct trace_buffer *b, const void *data, size_t len)
{
	size_t off = b->next % b->size, whole = b->size - off;

	if (whole > len)
		whole = len;
	memcpy(b->data + off, data, whole);
	memcpy(b->data, (const uint8_t *)data + whole, len - whole);
	b->next += len;
}

size_t trace_buffer_copy(const struct trace_buffer *b, uint64_t at, void *out, size_t len)
{
	size_t off, whole;

	if (at < b->first || at >= b->next)
		return 0;
	if (len > b->next - at)
		len = b->next - at;
	off = at % b->size;
	whole = b->size - off;
	if (whole > len)
		whole = len;
	memcpy(out, b->data + off, whole);
	memcpy((uint8_t *)out + whole, b->data, len - whole);
	return len;
}

/* ---- frames ---- */

static bool frame_at(const struct trace_buffer *b, uint64_t at, struct trace_frame *f)
{
	uint8_t head[TRACE_FRAME_HEAD];

	if (trace_buffer_copy(b, at, head, sizeof(head)) != sizeof(head))
		return false;
	memcpy(&f->tracepoint, head, sizeof(f->tracepoint));
	memcpy(&f->len, head + 2, sizeof(f->len));
	f->at = at + TRACE_FRAME_HEAD;
	return true;
}

bool trace_frame_first(const struct trace_buffer *b, struct trace_frame *f)
{
	if (!frame_at(b, b->first, f))
		return false;
	f->number = 0;
	return true;
}

bool trace_frame_next(const struct trace_buffer *b, struct trace_frame *f)
{
	uint32_t number = f->number;

	if (!frame_at(b, f->at + f->len, f))
		return false;
	f->number = number + 1;
	return true;
}

bool trace_frame_alive(const struct trace_buffer *b, const struct trace_frame *f)
{
	return f->at >= b->first + TRACE_FRAME_HEAD && f->at + f->len <= b->next;
}

static void drop_oldest(struct trace_buffer *b)
{
	struct trace_frame f;

	if (!trace_frame_first(b, &f))
		return;
	b->first = f.at + f.len;
	b->frames--;
}

int trace_buffer_add(struct trace_buffer *b, uint16_t tracepoint, const void *blocks, size_t len)
{
	size_t need = TRACE_FRAME_HEAD + len;
	uint32_t told = (uint32_t)len;

	if (len > UINT32_MAX - TRACE_FRAME_HEAD || need > b->size)
		return -ENOSPC;
	if (!b->circular && need > b->size - (b->next - b->first))
		return -ENOSPC;
	while (need > b->size - (b->next - b->first))
		drop_oldest(b);
	put(b, &tracepoint, sizeof(tracepoint));
	put(b, &told, sizeof(told));
	put(b, blocks, len);
	b->frames++;
	b->created++;
	return 0;
}

/* ---- blocks ---- */

bool trace_block_next(const struct trace_buffer *b, const struct trace_frame *f, uint64_t *at,
		      struct trace_block *block)
{
	uint8_t head[TRACE_V_LEN] = { 0 };
	uint64_t end = f->at + f->len;
	uint16_t len;

	if (*at >= end || !trace_buffer_copy(b, *at, head, sizeof(head)))
		return false;
	block->type = (char)head[0];
	switch (block->type) {
	case 'R':
		block->at = *at + TRACE_R_HEAD;
		block->len = (uint32_t)b->reg_bytes;
		*at = block->at + block->len;
		break;
	case 'M':
		memcpy(&block->addr, head + 1, sizeof(block->addr));
		memcpy(&len, head + 9, sizeof(len));
		block->len = len;
		block->at = *at + TRACE_M_HEAD;
		*at = block->at + len;
		break;
	case 'V':
		memcpy(&block->var, head + 1, sizeof(block->var));
		memcpy(&block->value, head + 5, sizeof(block->value));
		*at += TRACE_V_LEN;
		break;
	default:
		return false;
	}
	return *at <= end;
}

/* ---- drafts ---- */

static uint8_t *draft_take(struct trace_draft *d, size_t len)
{
	uint8_t *p = d->data + d->len;

	if (len > d->size - d->len) {
		d->overflow = true;
		return NULL;
	}
	d->len += len;
	return p;
}

uint8_t *trace_draft_regs(struct trace_draft *d, size_t reg_bytes)
{
	uint8_t *p = draft_take(d, TRACE_R_HEAD + reg_bytes);

	if (!p)
		return NULL;
	*p = 'R';
	return p + TRACE_R_HEAD;
}

uint8_t *trace_draft_mem(struct trace_draft *d, uint64_t addr, uint16_t len)
{
	uint8_t *p = draft_take(d, TRACE_M_HEAD + (size_t)len);

	if (!p)
		return NULL;
	*p = 'M';
	memcpy(p + 1, &addr, sizeof(addr));
	memcpy(p + 9, &len, sizeof(len));
	return p + TRACE_M_HEAD;
}

void trace_draft_cut_mem(struct trace_draft *d, uint16_t from, uint16_t to)
{
	size_t head = d->len - from - TRACE_M_HEAD;

	if (to)
		memcpy(d->data + head + 9, &to, sizeof(to));
	d->len = to ? head + TRACE_M_HEAD + to : head;
}

void trace_draft_var(struct trace_draft *d, uint32_t var, int64_t value)
{
	uint8_t *p = draft_take(d, TRACE_V_LEN);

	if (!p)
		return;
	*p = 'V';
	memcpy(p + 1, &var, sizeof(var));
	memcpy(p + 5, &value, sizeof(value));
}
