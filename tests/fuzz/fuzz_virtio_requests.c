// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes the requests of virtio devices: what is in the buffers that a driver offers, in which
 * pieces, and when. The rings themselves are in order but for a few pokes (fuzz_virtio.c is for
 * those). The first byte chooses the device.
 *
 * What must hold: no sanitizer has anything to say, a device that gave up says why, and after a
 * reset it takes requests again.
 */
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "hv/balloon.h"
#include "hv/block.h"
#include "hv/machine.h"
#include "hv/pci.h"
#include "tests/fuzz/input.h"
#include "tests/unit/fake_machine.h"

#define RAM_SIZE  0x100000u
#define RING_GAP  0x1000u /* rings from 0 on, one page for each queue */
#define USED	  0x800u
#define DATA_AT	  0x10000u
#define DATA_GAP  0x1000u /* of a descriptor */
#define SIZE	  16u
#define PIECES	  6u
#define MAX_STEPS 300

static const struct {
	const char *option, *name;
} targets[] = {
	{ "virtio-blk,drive=memory,num-queues=2", "disk0" },
	{ "virtio-balloon,free-page-reporting=on", "balloon0" },
	{ "virtio-console,port1=none,name1=fuzz", "console0" },
	{ "virtio-net", "net0" },
	{ "virtio-rng", "rng0" },
};
#define TARGETS (sizeof(targets) / sizeof(targets[0]))

struct target {
	struct virtio *v;
	uint64_t common, config, notify;
	uint16_t next[VIRTIO_QUEUES_MAX]; /* the rings' index */
};

struct state {
	struct fake *f;
	struct target all[TARGETS], *t;
};

static uint8_t *ram(const struct state *s)
{
	return memory_ptr(s->f->m.ram, 0, RAM_SIZE);
}

static void set(struct state *s, uint64_t reg, unsigned size, uint64_t value)
{
	bus_write(&s->f->m.mmio, s->t->common + reg, size, value);
}

static uint64_t get(struct state *s, uint64_t reg, unsigned size)
{
	uint64_t value = 0;

	bus_read(&s->f->m.mmio, s->t->common + reg, size, &value);
	return value;
}

/* ---- the device is done ---- */

struct barrier {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool passed;
};

static void pass(void *opaque)
{
	struct barrier *b = opaque;

	pthread_mutex_lock(&b->lock);
	b->passed = true;
	pthread_cond_signal(&b->cond);
	pthread_mutex_unlock(&b->lock);
}

/* What was posted or rung before is done on the device's thread. */
static void wait_for_worker(struct state *s)
{
	struct barrier b = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

	check(!loop_post(s->t->v->worker.loop, pass, &b));
	pthread_mutex_lock(&b.lock);
	while (!b.passed)
		pthread_cond_wait(&b.cond, &b.lock);
	pthread_mutex_unlock(&b.lock);
}

/* A disk has requests elsewhere meanwhile; the others may keep some for good. */
static void settle(struct state *s)
{
	bool busy = true;

	wait_for_worker(s);
	while (busy) {
		wait_for_worker(s);
		busy = false;
		for (unsigned i = 0; s->t == &s->all[0] && i < s->t->v->queue_count; i++)
			busy |= vq_in_flight(&s->t->v->queues[i].vq) != 0;
		if (busy)
			sched_yield();
	}
	fake_run(s->f);
}

/* ---- driver ---- */

static void command(struct state *s, uint16_t bits)
{
	pci_config_write(&s->f->m, s->t->v->dev.pci->slot << 3, PCI_COMMAND, 2, bits);
	bus_write(&s->f->m.mmio, 0, 1, 0); /* the bus now does what the write wanted */
}

static void reset_machine(struct state *s)
{
	devices_reset(&s->f->m);
	command(s, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void start(struct state *s, uint64_t features)
{
	struct virtio *v = s->t->v;

	set(s, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	while (get(s, VIRTIO_PCI_COMMON_STATUS, 1))
		sched_yield();
	memset(ram(s), 0, RING_GAP * VIRTIO_QUEUES_MAX);
	memset(s->t->next, 0, sizeof(s->t->next));
	/* Packed rings are fuzz_virtio.c's. */
	features = (features & v->offered & ~VIRTIO_BIT(VIRTIO_F_RING_PACKED)) |
		   VIRTIO_BIT(VIRTIO_F_VERSION_1);
	for (unsigned i = 0; i < 2; i++) {
		set(s, VIRTIO_PCI_COMMON_GFSELECT, 4, i);
		set(s, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)(features >> 32 * i));
	}
	set(s, VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_FEATURES_OK);
	for (unsigned q = 0; q < v->queue_count; q++) {
		set(s, VIRTIO_PCI_COMMON_Q_SELECT, 2, q);
		set(s, VIRTIO_PCI_COMMON_Q_SIZE, 2, SIZE);
		set(s, VIRTIO_PCI_COMMON_Q_DESCLO, 4, q * RING_GAP);
		set(s, VIRTIO_PCI_COMMON_Q_AVAILLO, 4, q * RING_GAP + 16 * SIZE);
		set(s, VIRTIO_PCI_COMMON_Q_USEDLO, 4, q * RING_GAP + USED);
		set(s, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	}
	set(s, VIRTIO_PCI_COMMON_STATUS, 1,
	    VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
	settle(s);
}

static void ring(struct state *s, unsigned q)
{
	bus_write(&s->f->m.mmio, s->t->notify + 4ull * q, 4, q);
	settle(s);
}

/* Chains are where the index says: what is still in flight there is written over. */
static void offer(struct state *s, unsigned q, const struct vring_desc *chain, unsigned count)
{
	uint8_t *base = ram(s) + (size_t)q * RING_GAP;
	uint16_t next = s->t->next[q]++, first = (uint16_t)(next * PIECES % SIZE);

	for (unsigned i = 0; i < count; i++) {
		struct vring_desc d = chain[i];

		d.next = (uint16_t)((first + i + 1) % SIZE);
		d.flags |= i + 1 < count ? VRING_DESC_F_NEXT : 0;
		memcpy(base + (first + i) % SIZE * sizeof(d), &d, sizeof(d));
	}
	memcpy(base + 16 * SIZE + 4 + 2ull * (next % SIZE), &first, sizeof(first));
	memcpy(base + 16 * SIZE + 2, &s->t->next[q], sizeof(next));
	ring(s, q);
}

/* Words, most of them small: types, sectors, page numbers, events. */
static void fill(struct state *s, struct input *in, uint32_t at, unsigned words)
{
	for (; words; words--, at += 4) {
		uint32_t value = take(in);

		if (value == 0xff)
			value = take_word(in);
		memcpy(ram(s) + at, &value, sizeof(value));
	}
}

static uint32_t take_length(struct input *in)
{
	uint8_t how = take(in);

	switch (how & 3) {
	case 0:
		return how >> 2;
	case 1:
		return 512u * (how >> 2 & 7);
	case 2:
		return 4u * (how >> 2);
	default:
		return how >> 2 ? take_word(in) & 0xfffff : 16;
	}
}

/* Buffers of any length, in any order of directions. */
static void any_request(struct state *s, struct input *in, unsigned q)
{
	uint8_t how = take(in);
	struct vring_desc chain[PIECES];
	unsigned count = 1 + how % PIECES;

	for (unsigned i = 0; i < count; i++) {
		uint32_t at = DATA_AT + DATA_GAP * i + (how & 0x80 ? take(in) : 0);
		uint8_t kind = take(in);

		fill(s, in, at, kind & 15);
		chain[i] = (struct vring_desc){ .addr = at,
						.len = take_length(in),
						.flags = kind & 0x80 ? VRING_DESC_F_WRITE : 0 };
		if (!chain[i].len)
			chain[i].len = 1;
	}
	offer(s, q, chain, count);
}

/* One that a disk does: a header, data of whole sectors, a status. */
static void disk_request(struct state *s, struct input *in, unsigned q)
{
	static const uint8_t types[] = { 0, 1, 4, 8, 11, 13, 0, 1 };
	uint8_t how = take(in);
	uint32_t header[4] = { types[how & 7], 0, take(in), 0 }, len = 512u * (how >> 3 & 7);
	bool writes = header[0] == 0 || header[0] == 8;
	struct vring_desc chain[3] = {
		{ .addr = DATA_AT, .len = sizeof(header) },
		{ .addr = DATA_AT + DATA_GAP, .len = len ? len : 16 },
		{ .addr = DATA_AT + 4 * DATA_GAP, .len = 1, .flags = VRING_DESC_F_WRITE },
	};

	memcpy(ram(s) + DATA_AT, header, sizeof(header));
	/* Sector, count and flags of a range. */
	fill(s, in, DATA_AT + DATA_GAP, 4);
	if (writes)
		chain[1].flags = VRING_DESC_F_WRITE;
	offer(s, q, chain, 3);
}

static void look(struct state *s)
{
	struct strbuf sb = STRBUF_INIT;
	struct balloon_info info;

	device_describe(&s->t->v->dev, &sb);
	block_describe(&s->f->m, &sb);
	check(!control_balloon_info(&s->f->m, &info, NULL));
	balloon_describe(&info, &sb);
	check(sb.len > 0);
	strbuf_free(&sb);
}

static void check_state(struct state *s)
{
	bool broken = false;

	for (unsigned i = 0; i < s->t->v->queue_count; i++) {
		check(vq_in_flight(&s->t->v->queues[i].vq) <= SIZE);
		broken |= vq_fault(&s->t->v->queues[i].vq) != NULL;
	}
	check(broken || !(get(s, VIRTIO_PCI_COMMON_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET));
}

static void poke(struct state *s, struct input *in)
{
	uint32_t at = take_word(in) % (RING_GAP * VIRTIO_QUEUES_MAX);

	ram(s)[at] = take(in);
}

static void one_step(struct state *s, struct input *in)
{
	uint8_t op = take(in);
	unsigned q = (unsigned)(op >> 4) % s->t->v->queue_count;

	switch (op & 15) {
	case 0:
		start(s, (uint64_t)take_word(in) << 32 | take_word(in));
		break;
	case 1:
		start(s, UINT64_MAX);
		break;
	case 2:
		look(s);
		break;
	case 3:
		poke(s, in);
		break;
	case 4:
		bus_write(&s->f->m.mmio, s->t->config + (take(in) & 31), 1u << (q & 3),
			  take_word(in));
		break;
	case 5:
		control_balloon_resize(&s->f->m, take_word(in), NULL);
		break;
	case 6:
		command(s, PCI_COMMAND_MEMORY | (q ? PCI_COMMAND_MASTER : 0));
		ring(s, q);
		break;
	case 7:
		reset_machine(s);
		break;
	case 8:
	case 9:
	case 10:
		disk_request(s, in, q);
		break;
	default:
		any_request(s, in, q);
	}
	check_state(s);
}

/* ---- one machine for all inputs ---- */

static void open_target(struct state *s, unsigned i)
{
	struct device *dev = device_find(&s->f->m, targets[i].name);

	check(dev);
	s->t = &s->all[i];
	s->t->v = (struct virtio *)dev;
	s->t->common = pci_bar_address(dev->pci, 0);
	s->t->config = s->t->common + 0x2000;
	s->t->notify = s->t->common + 0x3000;
}

static void open_machine(struct state *s)
{
	static const char *options[TARGETS + 1];
	struct error err;

	for (unsigned i = 0; i < TARGETS; i++)
		options[i] = targets[i].option;
	s->f = fake_create();
	check(s->f);
	s->f->cfg.devices = options;
	s->f->drives[0].aio = DRIVE_THREADS;
	check(!memory_create(&s->f->m.ram, -1, RAM_SIZE, &err));
	check(fake_add_devices(s->f));
	for (unsigned i = 0; i < TARGETS; i++)
		open_target(s, i);
}

/* Whatever it was told before; a disk is read as well. */
static void works(struct state *s)
{
	const struct vring_desc read[] = {
		{ .addr = DATA_AT, .len = 16 },
		{ .addr = DATA_AT + DATA_GAP, .len = 513, .flags = VRING_DESC_F_WRITE },
	};
	uint16_t used;

	command(s, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	start(s, 0);
	check(!(get(s, VIRTIO_PCI_COMMON_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET));
	if (s->t != &s->all[0])
		return;
	memset(ram(s) + DATA_AT, 0, 16);
	ram(s)[DATA_AT + DATA_GAP + 512] = 0xff;
	offer(s, 0, read, 2);
	memcpy(&used, ram(s) + USED + 2, sizeof(used));
	check(used == 1 && ram(s)[DATA_AT + DATA_GAP + 512] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct state s;
	struct input in = { data, size };

	if (!s.f)
		open_machine(&s);
	s.t = &s.all[take(&in) % TARGETS];
	reset_machine(&s);
	memset(ram(&s), 0, RAM_SIZE);
	start(&s, UINT64_MAX);
	for (unsigned i = 0; in.left && i < MAX_STEPS; i++)
		one_step(&s, &in);
	works(&s);
	return 0;
}
