// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * MSI-X (PCI Local Bus Specification 3.0, 6.8.2): see pci.h.
 *
 *   BAR   0 ........ table: 16 bytes for each vector: address, data, control
 *         half ..... pending bits, in groups of 64
 *
 * A vector is a struct irq_msg: its route is the row's address and data, and its gate is open while
 * nothing masks it. So a sender takes no lock, and the pending bit is what waits behind the gate.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/device_event.h"
#include "hv/device_fault.h"
#include "hv/fields.h"
#include "hv/machine.h"
#include "hv/pci_internal.h"
#include "hv/trace.h"

#define ROW_WORDS (PCI_MSIX_ENTRY_SIZE / 4)
#define BAR_MIN	  0x1000u

struct vector {
	uint32_t row[ROW_WORDS]; /* guarded by the bus's lock */
	struct irq_msg *msg;
};

struct pci_msix {
	struct pci_func *fn;
	uint32_t pba; /* offset of the pending bits in the BAR */
	bool on;      /* atomic: a copy of the capability's bit */
	bool out;     /* guarded by the bus's lock: lets_out(), as the gates know it */
	unsigned count;
	struct vector vector[];
};

static uint64_t address_of(const struct vector *v)
{
	return v->row[PCI_MSIX_ENTRY_LOWER_ADDR / 4] |
	       (uint64_t)v->row[PCI_MSIX_ENTRY_UPPER_ADDR / 4] << 32;
}

static uint32_t data_of(const struct vector *v)
{
	return v->row[PCI_MSIX_ENTRY_DATA / 4];
}

static bool is_masked(const struct vector *v)
{
	return v->row[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static uint16_t control_of(const struct pci_msix *x)
{
	return pci_get16(x->fn->config + x->fn->msix_cap + PCI_MSIX_FLAGS);
}

/* Whether a message may leave the function at all. */
static bool lets_out(const struct pci_msix *x)
{
	uint16_t control = control_of(x);

	return (control & PCI_MSIX_FLAGS_ENABLE) && !(control & PCI_MSIX_FLAGS_MASKALL) &&
	       (pci_get16(x->fn->config + PCI_COMMAND) & PCI_COMMAND_MASTER);
}

/* ---- the gates ---- */

static void update_vector(struct pci_msix *x, struct vector *v)
{
	bool open = x->out && !is_masked(v);

	/* A route costs KVM some time: while a driver fills in a row, there is none. */
	if (open)
		irq_msg_route(v->msg, address_of(v), data_of(v));
	irq_msg_gate(v->msg, open);
}

void pci_msix_update(struct pci_func *fn)
{
	struct pci_msix *x = fn->msix;
	bool on, out;

	if (!x)
		return;
	on = control_of(x) & PCI_MSIX_FLAGS_ENABLE;
	out = lets_out(x);
	if (on == x->on && out == x->out)
		return;
	x->out = out;
	for (unsigned i = 0; i < x->count; i++) {
		/* What was sent while it was off has been sent to nobody. */
		if (on != x->on) {
			irq_msg_gate(x->vector[i].msg, false);
			irq_msg_forget(x->vector[i].msg);
		}
		update_vector(x, &x->vector[i]);
	}
	__atomic_store_n(&x->on, on, __ATOMIC_RELEASE);
}

void pci_msix_reset(struct pci_func *fn)
{
	struct pci_msix *x = fn->msix;

	if (!x)
		return;
	for (unsigned i = 0; i < x->count; i++) {
		memset(x->vector[i].row, 0, sizeof(x->vector[i].row));
		x->vector[i].row[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
		update_vector(x, &x->vector[i]);
	}
}

/* ---- the BAR; the range's lock is the bus's ---- */

static uint32_t pending_bits(const struct pci_msix *x, unsigned word)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < 32 && word * 32 + i < x->count; i++)
		bits |= (uint32_t)irq_msg_pending(x->vector[word * 32 + i].msg) << i;
	return bits;
}

/* The aligned word at @off. */
static uint32_t word_at(const struct pci_msix *x, uint64_t off)
{
	if (off >= x->pba)
		return pending_bits(x, (unsigned)(off - x->pba) / 4);
	if (off / PCI_MSIX_ENTRY_SIZE >= x->count)
		return 0;
	return x->vector[off / PCI_MSIX_ENTRY_SIZE].row[off / 4 % ROW_WORDS];
}

static void set_word(struct pci_msix *x, uint64_t off, uint32_t value)
{
	static const char *const names[ROW_WORDS] = { "address", "address_high", "data",
						      "control" };
	static const uint32_t writable[ROW_WORDS] = { 0xfffffffc, 0xffffffff, 0xffffffff,
						      PCI_MSIX_ENTRY_CTRL_MASKBIT };
	unsigned n = (unsigned)(off / PCI_MSIX_ENTRY_SIZE), word = off / 4 % ROW_WORDS;

	/* The pending bits are read-only; behind the table there is nothing. */
	if (n >= x->count)
		return;
	trace(TRACE_DEVICE, "%s.msix[%u].%s <- 0x%08x", x->fn->dev->name, n, names[word], value);
	x->vector[n].row[word] = value & writable[word];
	update_vector(x, &x->vector[n]);
}

/* 6.8.2: accesses are of 4 or 8 bytes, aligned; what others do is undefined. Here they read right
 * and write nothing. */
static uint64_t table_read(void *opaque, uint64_t off, unsigned size)
{
	const struct pci_msix *x = opaque;
	uint64_t value = word_at(x, off & ~3ull);

	if (size == 8)
		value |= (uint64_t)word_at(x, (off & ~3ull) + 4) << 32;
	return value >> (off & 3) * 8;
}

static void table_write(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	struct pci_msix *x = opaque;

	if (size < 4 || off % size)
		return;
	set_word(x, off, (uint32_t)value);
	if (size == 8)
		set_word(x, off + 4, (uint32_t)(value >> 32));
}

/* ---- life ---- */

static uint32_t bar_size(unsigned vectors)
{
	uint32_t size = BAR_MIN;

	while (size / 2 < vectors * PCI_MSIX_ENTRY_SIZE)
		size *= 2;
	return size;
}

static int add_capability(struct pci_msix *x, unsigned bar, struct error *err)
{
	struct pci_func *fn = x->fn;
	struct bus_range *range;
	uint8_t at = pci_add_cap(fn, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);
	int ret;

	if (!at)
		return error_set(err, -ENOSPC, "%s: no room for another capability", fn->dev->name);
	ret = pci_add_bar(fn, bar, PCI_BAR_MEM32, 2ull * x->pba, 0, err);
	if (ret)
		return ret;
	fn->msix_cap = at;
	pci_put16(fn->initial + at + PCI_MSIX_FLAGS, (uint16_t)(x->count - 1));
	pci_put16(fn->writable + at + PCI_MSIX_FLAGS,
		  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_put32(fn->initial + at + PCI_MSIX_TABLE, bar);
	pci_put32(fn->initial + at + PCI_MSIX_PBA, x->pba | bar);
	range = &fn->bar[bar].range->bus;
	range->lock = &fn->dev->m->pci->lock;
	range->read = range->peek = table_read;
	range->write = table_write;
	range->opaque = x;
	return 0;
}

int pci_add_msix(struct pci_func *fn, unsigned bar, unsigned vectors, struct error *err)
{
	struct pci_msix *x;
	int ret = 0;

	if (!vectors || vectors > PCI_MSIX_MAX)
		return error_set(err, -EINVAL, "%s: MSI-X has 1 to %d vectors, not %u",
				 fn->dev->name, PCI_MSIX_MAX, vectors);
	x = calloc(1, sizeof(*x) + vectors * sizeof(x->vector[0]));
	if (!x)
		return error_set(err, -ENOMEM, "%s: out of memory", fn->dev->name);
	x->fn = fn;
	x->pba = bar_size(vectors) / 2;
	fn->msix = x;
	while (!ret && x->count < vectors) {
		ret = irq_msg_create(fn->dev->m, &x->vector[x->count].msg, err);
		x->count += !ret;
	}
	if (!ret)
		ret = add_capability(x, bar, err);
	if (ret)
		pci_msix_free(fn);
	return ret;
}

void pci_msix_free(struct pci_func *fn)
{
	struct pci_msix *x = fn->msix;

	if (!x)
		return;
	for (unsigned i = 0; i < x->count; i++)
		irq_msg_destroy(x->vector[i].msg);
	free(x);
	fn->msix = NULL;
}

/* ---- the device's side ---- */

bool pci_msix_enabled(struct pci_func *fn)
{
	return fn->msix && __atomic_load_n(&fn->msix->on, __ATOMIC_ACQUIRE);
}

/* The row is looked at for those who look at the device: else a sender takes no lock. */
static void saw_message(struct pci_func *fn, const struct vector *v)
{
	uint64_t addr = 0;
	uint32_t data = 0;

	if (device_is_tapped(fn->dev)) {
		pthread_mutex_lock(&fn->dev->m->pci->lock);
		addr = address_of(v);
		data = data_of(v);
		pthread_mutex_unlock(&fn->dev->m->pci->lock);
	}
	device_saw_msg(fn->dev, addr, data);
}

void pci_msix_notify(struct pci_func *fn, unsigned vector)
{
	if (!pci_msix_enabled(fn) || vector >= fn->msix->count)
		return;
	if (device_fault_irq(fn->dev))
		return;
	saw_message(fn, &fn->msix->vector[vector]);
	irq_msg_send(fn->msix->vector[vector].msg);
}

void pci_msix_notify_all(struct pci_func *fn)
{
	struct pci_bus *bus = fn->dev->m->pci;

	for (unsigned i = 0; i < fn->msix->count; i++) {
		bool masked;

		pthread_mutex_lock(&bus->lock);
		masked = is_masked(&fn->msix->vector[i]);
		pthread_mutex_unlock(&bus->lock);
		if (!masked)
			pci_msix_notify(fn, i);
	}
}

int pci_msix_fd(struct pci_func *fn, unsigned vector)
{
	if (!fn->msix || vector >= fn->msix->count)
		return -ENOENT;
	return irq_msg_fd(fn->msix->vector[vector].msg);
}

struct irq_count pci_msix_count(struct pci_func *fn, unsigned vector)
{
	if (!fn->msix || vector >= fn->msix->count)
		return (struct irq_count){ 0 };
	return irq_msg_count(fn->msix->vector[vector].msg);
}

/* ---- for people ---- */

void pci_msix_describe(const struct pci_func *fn, const uint8_t *cap, struct strbuf *out)
{
	const struct pci_msix *x = fn->msix;
	uint16_t control = pci_get16(cap + PCI_MSIX_FLAGS);

	strbuf_printf(out,
		      "MSI-X: %s%s, %u vectors, table at 0x0 and pending bits at 0x%x of BAR%u\n",
		      control & PCI_MSIX_FLAGS_ENABLE ? "on" : "off",
		      control & PCI_MSIX_FLAGS_MASKALL ? ", all masked" : "", x->count, x->pba,
		      cap[PCI_MSIX_TABLE] & PCI_MSIX_TABLE_BIR);
	for (unsigned i = 0; i < x->count; i++) {
		const struct vector *v = &x->vector[i];
		struct irq_count count = irq_msg_count(v->msg);

		/* A row that nobody has touched says nothing. */
		if (is_masked(v) && !address_of(v) && !count.raised)
			continue;
		strbuf_printf(out, "    vector %u: address 0x%llx, data 0x%04x%s%s, %llu sent\n", i,
			      (unsigned long long)address_of(v), data_of(v),
			      is_masked(v) ? ", masked" : "",
			      irq_msg_pending(v->msg) ? ", pending" : "",
			      (unsigned long long)count.raised);
	}
}

void pci_msix_describe_use(const struct pci_func *fn, struct strbuf *out)
{
	const struct pci_msix *x = fn->msix;

	for (unsigned i = 0; i < x->count; i++) {
		const struct vector *v = &x->vector[i];
		struct irq_count n = irq_msg_count(v->msg);
		size_t mark;

		if (is_masked(v) && !n.raised)
			continue;
		data_object(out, NULL);
		field_u64(out, "vector", "MSI-X vector %llu of ", i);
		field_str(out, "device", "%s", fn->dev->name);
		field_u64(out, "gsi", ", GSI %llu", irq_msg_gsi(v->msg));
		field_u64(out, "sent", ": %llu sent\n  ", n.raised);
		mark = out->len;
		strbuf_puts(out, "to ");
		arch_msi_describe(address_of(v), data_of(v), out);
		strbuf_printf(out, "%s%s%s\n", x->on ? "" : ", off", is_masked(v) ? ", masked" : "",
			      irq_msg_pending(v->msg) ? ", pending" : "");
		data_since(out, "text", mark);
		data_end(out);
	}
}
