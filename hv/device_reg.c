// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Register tables at work: which row an access hits, plain registers, traces
 * with names, and what a person sees of them. See device.h.
 */
#include "hv/device_reg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hv/device_event.h"
#include "hv/fields.h"
#include "hv/trace.h"

/* A row, and which one of its array. */
struct reg_ref {
	const struct reg *reg;
	unsigned n;
};

static unsigned reg_count(const struct reg *reg)
{
	return reg->count ? reg->count : 1;
}

static uint64_t width_mask(unsigned bytes)
{
	return bytes >= 8 ? UINT64_MAX : (1ull << (bytes * 8)) - 1;
}

/* ---- state ---- */

static uint64_t state_load(const struct device *dev, const struct reg *reg, unsigned n)
{
	const char *p = (const char *)dev + reg->state_offset + (size_t)n * reg->width;

	if (!reg->state_offset)
		return reg->reset;
	switch (reg->width) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return *(const uint16_t *)p;
	case 4:
		return *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

static void state_store(struct device *dev, const struct reg *reg, unsigned n, uint64_t value)
{
	char *p = (char *)dev + reg->state_offset + (size_t)n * reg->width;

	if (!reg->state_offset)
		return;
	switch (reg->width) {
	case 1:
		*(uint8_t *)p = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)p = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)p = (uint32_t)value;
		break;
	default:
		*(uint64_t *)p = value;
	}
}

static uint64_t reg_peek(const struct device *dev, const struct reg *reg, unsigned n)
{
	uint64_t value = reg->peek ? reg->peek(dev, reg) : state_load(dev, reg, n);

	return value & width_mask(reg->width);
}

void device_regs_reset(struct device *dev, bool power_on)
{
	const struct reg *reg;
	unsigned n;

	for (reg = dev->regs; reg->name; reg++)
		if (power_on || !reg->keep)
			for (n = 0; n < reg_count(reg); n++)
				state_store(dev, reg, n, reg->reset);
}

/* ---- finding ---- */

static bool takes(const struct reg *reg, bool write)
{
	return reg->access != (write ? REG_RO : REG_WO);
}

const struct reg *device_reg_at(const struct device *dev, uint64_t off, bool write)
{
	const struct reg *reg, *best = NULL;

	for (reg = dev->regs; reg->name; reg++) {
		if (off < reg->offset || off - reg->offset >= (uint64_t)reg->width * reg_count(reg))
			continue;
		if (reg->visible && !reg->visible(dev, write))
			continue;
		if (!best || reg->offset > best->offset ||
		    (reg->offset == best->offset && takes(reg, write) && !takes(best, write)))
			best = reg;
	}
	return best;
}

const struct reg *device_reg_find(const struct device *dev, const char *name)
{
	const struct reg *reg;

	for (reg = dev->regs; reg->name; reg++)
		if (!strcmp(reg->name, name))
			return reg;
	return NULL;
}

/* ---- accesses ---- */

static uint64_t ref_read(struct device *dev, struct reg_ref r)
{
	if (r.reg->access == REG_WO)
		return 0;
	if (r.reg->read)
		return r.reg->read(dev, r.reg) & width_mask(r.reg->width);
	return reg_peek(dev, r.reg, r.n);
}

static uint64_t ref_peek(struct device *dev, struct reg_ref r)
{
	return r.reg->access == REG_WO ? 0 : reg_peek(dev, r.reg, r.n);
}

static void ref_write(struct device *dev, struct reg_ref r, uint64_t value)
{
	const struct reg *reg = r.reg;

	if (reg->access == REG_RO)
		return;
	if (reg->write)
		reg->write(dev, reg, value);
	else if (reg->access == REG_W1C)
		state_store(dev, reg, r.n, state_load(dev, reg, r.n) & ~value);
	else
		state_store(dev, reg, r.n, value);
}

/* What the bytes that a narrow write leaves out are written with. */
static uint64_t write_base(struct device *dev, struct reg_ref r)
{
	return r.reg->access == REG_RW ? reg_peek(dev, r.reg, r.n) : 0;
}

/* An access of the guest, for the log and for those who look. @off: where there is no register. */
static void saw(struct device *dev, enum device_event_kind kind, struct reg_ref r, uint64_t value,
		uint64_t off)
{
	struct device_event ev = {
		.kind = kind, .reg = r.reg, .n = r.n, .value = value, .addr = off
	};
	struct strbuf sb = STRBUF_INIT;

	if (trace_on[TRACE_DEVICE]) {
		device_event_format(dev, &ev, &sb);
		trace(TRACE_DEVICE, "%s", strbuf_str(&sb));
		strbuf_free(&sb);
	}
	if (device_is_tapped(dev))
		device_tell(dev, &ev);
}

static inline bool is_seen(const struct device *dev)
{
	return __builtin_expect(trace_on[TRACE_DEVICE], 0) || device_is_tapped(dev);
}

/* One register's share of an access: @n bytes from byte @in of the register on. */
struct share {
	struct reg_ref ref;
	unsigned in, n;
};

/* False when there is no register at @off: a share of one byte that nobody answers. */
static bool next_share(struct device *dev, uint64_t off, unsigned left, bool write, struct share *s)
{
	const struct reg *reg = device_reg_at(dev, off, write);
	uint64_t into;

	*s = (struct share){ .n = 1 };
	if (!reg)
		return false;
	into = off - reg->offset;
	s->ref.reg = reg;
	s->ref.n = (unsigned)(into / reg->width);
	s->in = (unsigned)(into % reg->width);
	s->n = reg->width - s->in < left ? reg->width - s->in : left;
	return true;
}

static uint64_t space_load(struct device *dev, uint64_t off, unsigned size, bool peek)
{
	uint64_t all = 0, value;
	unsigned done;
	struct share s;

	for (done = 0; done < size; done += s.n) {
		if (!next_share(dev, off + done, size - done, false, &s)) {
			value = 0xff;
			if (!peek && is_seen(dev))
				saw(dev, DEVICE_READ, s.ref, value, off + done);
		} else if (peek) {
			value = ref_peek(dev, s.ref);
		} else {
			value = ref_read(dev, s.ref);
			device_count_locked(&dev->counts.reads);
			if (is_seen(dev))
				saw(dev, DEVICE_READ, s.ref, value, off + done);
		}
		all |= (value >> (s.in * 8) & width_mask(s.n)) << (done * 8);
	}
	return all;
}

uint64_t device_space_read(struct device *dev, uint64_t off, unsigned size)
{
	return space_load(dev, off, size, false);
}

uint64_t device_space_peek(struct device *dev, uint64_t off, unsigned size)
{
	return space_load(dev, off, size, true);
}

void device_space_write(struct device *dev, uint64_t off, unsigned size, uint64_t value)
{
	unsigned done;
	struct share s;

	for (done = 0; done < size; done += s.n) {
		uint64_t mask, part;

		if (!next_share(dev, off + done, size - done, true, &s)) {
			if (is_seen(dev))
				saw(dev, DEVICE_WRITE, s.ref, value >> (done * 8) & 0xff,
				    off + done);
			continue;
		}
		mask = width_mask(s.n) << (s.in * 8);
		part = (value >> (done * 8) & width_mask(s.n)) << (s.in * 8);
		if (s.n < s.ref.reg->width)
			part |= write_base(dev, s.ref) & ~mask;
		device_count_locked(&dev->counts.writes);
		if (is_seen(dev))
			saw(dev, DEVICE_WRITE, s.ref, part, off + done);
		ref_write(dev, s.ref, part);
	}
}

/* ---- for people ---- */

uint64_t device_reg_peek(struct device *dev, const struct reg *reg)
{
	uint64_t value;

	pthread_mutex_lock(&dev->lock);
	value = reg_peek(dev, reg, 0);
	pthread_mutex_unlock(&dev->lock);
	return value;
}

/* "THRE" for a flag that is set, "WLS=3", "ID=timeout"; nothing for a flag that is not. */
static void format_field(const struct reg_field *f, uint64_t value, const char **sep,
			 struct strbuf *out)
{
	uint64_t v = value >> f->lo &
		     (f->hi - f->lo == 63 ? UINT64_MAX : (1ull << (f->hi - f->lo + 1)) - 1);
	const char *word = f->values ? f->values[v] : NULL;

	if (f->lo == f->hi && !f->values && !v)
		return;
	strbuf_puts(out, *sep);
	*sep = " ";
	strbuf_puts(out, f->name);
	if (word)
		strbuf_printf(out, "=%s", word);
	else if (f->lo != f->hi || f->values)
		strbuf_printf(out, "=%" PRIu64, v);
}

void device_reg_format(const struct reg *reg, uint64_t value, struct strbuf *out)
{
	const struct reg_field *f;
	const char *sep = " [";

	strbuf_printf(out, "0x%0*" PRIx64, reg->width * 2, value);
	if (!reg->fields)
		return;
	for (f = reg->fields; f->name; f++)
		format_field(f, value, &sep, out);
	if (sep[1] != '[')
		strbuf_puts(out, "]");
}

static void describe_array(struct device *dev, const struct reg *reg, struct strbuf *out)
{
	unsigned n;

	data_str(out, "name", reg->name);
	data_list(out, "values");
	for (n = 0; n < reg->count; n++) {
		uint64_t value = reg_peek(dev, reg, n);

		if (n % 16 == 0)
			strbuf_printf(out, "%s%s[0x%02x] =", n ? "\n" : "", reg->name, n);
		strbuf_printf(out, " %0*" PRIx64, reg->width * 2, value);
		data_u64(out, NULL, value);
	}
	data_end(out);
	strbuf_puts(out, "\n");
}

static void describe_reg(struct device *dev, const struct reg *reg, struct strbuf *out)
{
	uint64_t value = reg_peek(dev, reg, 0);
	size_t mark;

	field_str(out, "name", "%s = ", reg->name);
	mark = out->len;
	device_reg_format(reg, value, out);
	data_u64(out, "value", value);
	data_since(out, "text", mark);
	strbuf_puts(out, "\n");
}

/* In the device's own words, which are text alone. */
static void describe_more(struct device *dev, struct strbuf *out)
{
	struct field_sink *fields = out->fields;
	size_t mark = out->len;

	out->fields = NULL;
	if (dev->cls->describe)
		dev->cls->describe(dev, out);
	out->fields = fields;
	data_since(out, "more", mark);
}

void device_describe(struct device *dev, struct strbuf *out)
{
	const struct reg *reg;

	pthread_mutex_lock(&dev->lock);
	data_list(out, "registers");
	for (reg = dev->regs; reg->name; reg++) {
		data_object(out, NULL);
		(reg->count ? describe_array : describe_reg)(dev, reg, out);
		data_end(out);
	}
	data_end(out);
	pthread_mutex_unlock(&dev->lock);
	describe_more(dev, out);
}
