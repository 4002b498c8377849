// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Looking at frames: QTFrame selects one, and until it is left `g`, `p`, `m` and
 * qTV answer from it. What was not collected is not there: 'x' digits, E14, "U".
 *
 * A frame that is selected while a circular trace runs on may go; then nothing
 * of it is there any more.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gdbstub/session.h"
#include "gdbstub/trace.h"
#include "hv/arch/arch.h"

/* What QTFrame looks for. */
struct wanted {
	enum { BY_NUMBER, BY_TRACEPOINT, BY_PC_INSIDE, BY_PC_OUTSIDE } by;
	uint64_t low, high; /* number or tracepoint: low */
};

/* ---- one frame; the lock is held ---- */

static bool find_block(const struct trace_buffer *b, const struct trace_frame *f, char type,
		       struct trace_block *block)
{
	uint64_t at = f->at;

	while (trace_block_next(b, f, &at, block))
		if (block->type == type)
			return true;
	return false;
}

static const struct trace_reg *reg_place(const struct gdb_trace *t, int reg)
{
	for (size_t i = 0; i < t->reg_count; i++)
		if (t->regs[i].reg == reg)
			return &t->regs[i];
	return NULL;
}

/* The frame's register, or for the pc without registers, where its tracepoint is. */
static bool frame_reg(struct gdb_trace *t, const struct trace_frame *f, int reg, void *buf)
{
	const struct trace_reg *place = reg_place(t, reg);
	const struct tracepoint *tp;
	struct trace_block block;

	if (!place || !trace_frame_alive(&t->buffer, f))
		return false;
	if (find_block(&t->buffer, f, 'R', &block))
		return trace_buffer_copy(&t->buffer, block.at + place->offset, buf, place->len) ==
		       place->len;
	tp = tracepoint_single(t, f->tracepoint);
	if (reg != arch_reg_pc() || !tp || place->len != sizeof(tp->addr))
		return false;
	memcpy(buf, &tp->addr, sizeof(tp->addr));
	return true;
}

static bool frame_mem(const struct trace_buffer *b, const struct trace_frame *f, uint64_t addr,
		      void *buf, size_t *len)
{
	struct trace_block block;
	uint64_t at = f->at;

	while (trace_block_next(b, f, &at, &block)) {
		uint64_t off = addr - block.addr;

		if (block.type != 'M' || addr < block.addr || off >= block.len)
			continue;
		if (*len > block.len - off)
			*len = block.len - off;
		return trace_buffer_copy(b, block.at + off, buf, *len) == *len;
	}
	return false;
}

/* ---- for g, p and m ---- */

bool gdb_frame_selected(const struct gdb_session *s)
{
	return s->in_frame;
}

int gdb_frame_reg(struct gdb_session *s, int reg, void *buf)
{
	struct gdb_trace *t = s->trace;
	bool there;

	pthread_mutex_lock(&t->lock);
	there = frame_reg(t, &s->frame, reg, buf);
	pthread_mutex_unlock(&t->lock);
	return there ? 0 : -ENODATA;
}

/* In what QTro said never changes, what the guest has now is what it had then. */
static ssize_t read_constant(struct gdb_session *s, uint64_t addr, void *buf, size_t len)
{
	const struct gdb_trace *t = s->trace;

	for (size_t i = 0; i < t->readonly_count; i++) {
		const struct trace_range *r = &t->readonly[i];

		if (addr < r->start || addr >= r->end)
			continue;
		if (len > r->end - addr)
			len = r->end - addr;
		return control_mem_read(s->m, gdb_selected_vcpu(s), CONTROL_VIRTUAL, addr, buf,
					len);
	}
	return -EFAULT;
}

ssize_t gdb_frame_mem(struct gdb_session *s, uint64_t addr, void *buf, size_t len)
{
	struct gdb_trace *t = s->trace;
	uint8_t *to = buf;
	size_t done = 0;

	while (done < len) {
		size_t n = len - done;
		bool there;

		pthread_mutex_lock(&t->lock);
		there = trace_frame_alive(&t->buffer, &s->frame) &&
			frame_mem(&t->buffer, &s->frame, addr + done, to + done, &n);
		pthread_mutex_unlock(&t->lock);
		if (!there) {
			ssize_t got = read_constant(s, addr + done, to + done, len - done);

			if (got <= 0)
				break;
			n = (size_t)got;
		}
		done += n;
	}
	return done ? (ssize_t)done : -EFAULT;
}

bool gdb_frame_var(struct gdb_session *s, uint32_t number, int64_t *value)
{
	struct gdb_trace *t = s->trace;
	struct trace_block block;
	uint64_t at = s->frame.at;
	bool there = false;

	pthread_mutex_lock(&t->lock);
	while (!there && trace_frame_alive(&t->buffer, &s->frame) &&
	       trace_block_next(&t->buffer, &s->frame, &at, &block)) {
		there = block.type == 'V' && block.var == number;
		*value = block.value;
	}
	pthread_mutex_unlock(&t->lock);
	return there;
}

/* GDB manual, "Traceframe Info Format". */
void gdb_put_frame_info(struct gdb_session *s, struct strbuf *out)
{
	struct gdb_trace *t = s->trace;
	uint64_t at = s->frame.at;
	struct trace_block block;

	strbuf_puts(out, "<?xml version=\"1.0\"?>\n<traceframe-info>\n");
	pthread_mutex_lock(&t->lock);
	while (s->in_frame && trace_frame_alive(&t->buffer, &s->frame) &&
	       trace_block_next(&t->buffer, &s->frame, &at, &block)) {
		if (block.type == 'M')
			strbuf_printf(
				out, "<memory start=\"0x%" PRIx64 "\" length=\"0x%" PRIx32 "\"/>\n",
				block.addr, block.len);
		else if (block.type == 'V')
			strbuf_printf(out, "<tvar id=\"0x%" PRIx32 "\"/>\n", block.var);
	}
	pthread_mutex_unlock(&t->lock);
	strbuf_puts(out, "</traceframe-info>\n");
}

/* ---- QTFrame ---- */

static bool fits(struct gdb_trace *t, const struct trace_frame *f, const struct wanted *w)
{
	uint64_t pc;

	if (w->by == BY_NUMBER)
		return f->number == w->low;
	if (w->by == BY_TRACEPOINT)
		return f->tracepoint == w->low;
	if (!frame_reg(t, f, arch_reg_pc(), &pc))
		return false;
	return (pc >= w->low && pc <= w->high) == (w->by == BY_PC_INSIDE);
}

/* From the oldest frame for a number, from the one after the present one for the rest. */
static bool search(struct gdb_session *s, const struct wanted *w, struct trace_frame *f)
{
	struct gdb_trace *t = s->trace;
	bool on = s->in_frame && trace_frame_alive(&t->buffer, &s->frame);
	bool more;

	*f = s->frame;
	if (on && (w->by != BY_NUMBER || f->number < w->low))
		more = trace_frame_next(&t->buffer, f);
	else
		more = trace_frame_first(&t->buffer, f);
	while (more && !fits(t, f, w))
		more = trace_frame_next(&t->buffer, f);
	return more;
}

static bool parse_pair(const char **p, struct wanted *w)
{
	return gdb_parse_hex(p, &w->low) && gdb_parse_char(p, ':') && gdb_parse_hex(p, &w->high);
}

static bool parse_wanted(const char *p, struct wanted *w)
{
	bool good;

	if (!strncmp(p, "pc:", 3)) {
		p += 3;
		w->by = BY_PC_INSIDE;
		good = gdb_parse_hex(&p, &w->low);
		w->high = w->low;
	} else if (!strncmp(p, "tdp:", 4)) {
		p += 4;
		w->by = BY_TRACEPOINT;
		good = gdb_parse_hex(&p, &w->low);
	} else if (!strncmp(p, "range:", 6)) {
		p += 6;
		w->by = BY_PC_INSIDE;
		good = parse_pair(&p, w);
	} else if (!strncmp(p, "outside:", 8)) {
		p += 8;
		w->by = BY_PC_OUTSIDE;
		good = parse_pair(&p, w);
	} else {
		w->by = BY_NUMBER;
		good = gdb_parse_hex(&p, &w->low);
	}
	return good && !*p;
}

/* QTFrame:N, pc:ADDR, tdp:T, range:START:END, outside:START:END; N of -1 leaves the frames. */
enum gdb_verdict gdb_trace_select(struct gdb_session *s, const char *args, size_t len)
{
	struct wanted w = { 0 };
	struct trace_frame f;
	bool found;

	(void)len;
	if (!gdb_parse_char(&args, ':'))
		return gdb_error(s, EINVAL);
	if (!strcmp(args, "-1"))
		args = "ffffffff";
	if (!parse_wanted(args, &w))
		return gdb_error(s, EINVAL);
	if (w.by == BY_NUMBER && w.low == UINT32_MAX) {
		s->in_frame = false;
		return gdb_ok(s);
	}
	pthread_mutex_lock(&s->trace->lock);
	found = search(s, &w, &f);
	pthread_mutex_unlock(&s->trace->lock);
	if (!found) {
		strbuf_puts(&s->reply, "F-1");
		return GDB_REPLY;
	}
	s->frame = f;
	s->in_frame = true;
	strbuf_printf(&s->reply, "F%" PRIx32 "T%x", f.number, f.tracepoint);
	return GDB_REPLY;
}
