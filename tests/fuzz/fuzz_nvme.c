// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes an NVMe controller: the input is what a hostile driver writes to its registers, into its
 * queues and into the lists that commands name.
 *
 * What must hold: no sanitizer has anything to say, indices stay inside their queues, every request
 * is either free or in flight, and after a reset the controller works.
 */
#include <linux/pci_regs.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "devices/nvme/nvme.h"
#include "hv/machine.h"
#include "tests/fuzz/input.h"
#include "tests/unit/fake_machine.h"

#define RAM_SIZE  0x100000u
#define QUEUES_AT 0x10000u
#define QUEUE_GAP 0x4000u
#define CQ_GAP	  0x2000u
#define LISTS_AT  0x80000u
#define ENTRIES	  8u
#define GOOD_CC	  0x00460001u
#define MAX_STEPS 400

struct state {
	struct fake *f;
	struct nvme *n;
	uint64_t bar;
	uint16_t cid;
};

static void set(struct state *s, uint64_t reg, unsigned size, uint64_t value)
{
	bus_write(&s->f->m.mmio, s->bar + reg, size, value);
}

static uint64_t sq_at(unsigned q)
{
	return QUEUES_AT + QUEUE_GAP * q;
}

/* Nothing more happens by itself, as far as one can see from here: it makes a finding come again.
 */
static void settle(struct state *s)
{
	struct pollfd wake = { .fd = s->n->wake_fd, .events = POLLIN };
	bool busy = true;

	while (busy) {
		sched_yield();
		pthread_mutex_lock(&s->n->dev.lock);
		busy = s->n->at_disk || s->n->reset_wanted || poll(&wake, 1, 0) > 0;
		pthread_mutex_unlock(&s->n->dev.lock);
	}
}

static void check_state(struct state *s)
{
	struct nvme *n = s->n;
	unsigned in_flight = 0;

	pthread_mutex_lock(&n->dev.lock);
	for (unsigned i = 0; i < NVME_QUEUES; i++) {
		check(!n->sq[i].size ||
		      (n->sq[i].head < n->sq[i].size && n->sq[i].tail < n->sq[i].size));
		check(!n->cq[i].size ||
		      (n->cq[i].head < n->cq[i].size && n->cq[i].tail < n->cq[i].size));
		in_flight += n->sq[i].in_flight;
	}
	check(n->free_count + in_flight == NVME_REQUESTS);
	check(n->aer_count <= NVME_AERS && n->event_count <= NVME_EVENTS);
	check(!(n->csts & NVME_CSTS_CFS) == !n->fatal[0]);
	pthread_mutex_unlock(&n->dev.lock);
}

static void look(struct state *s)
{
	struct strbuf sb = STRBUF_INIT;

	device_describe(&s->n->dev, &sb);
	block_describe(&s->f->m, &sb);
	check(sb.len > 0);
	strbuf_free(&sb);
}

/* An address that is good, nearly good, or any. */
static uint64_t take_address(struct input *in)
{
	uint8_t how = take(in);

	switch (how & 7) {
	case 0:
		return take_word(in);
	case 1:
		return (uint64_t)take_word(in) << 32 | take_word(in);
	case 2:
		return RAM_SIZE - (how >> 3) * 8;
	case 3:
		return LISTS_AT + 0x1000 * (how >> 6) + (how & 0x38) * 64;
	default:
		return LISTS_AT + 0x1000u * (how >> 3);
	}
}

static void enable(struct state *s)
{
	memset(memory_ptr(s->f->m.ram, QUEUES_AT, NVME_QUEUES * QUEUE_GAP), 0,
	       NVME_QUEUES * QUEUE_GAP);
	set(s, NVME_REG_CC, 4, 0);
	settle(s);
	set(s, NVME_REG_AQA, 4, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	set(s, NVME_REG_ASQ, 8, sq_at(0));
	set(s, NVME_REG_ACQ, 8, sq_at(0) + CQ_GAP);
	set(s, NVME_REG_CC, 4, GOOD_CC);
	settle(s);
}

/* Puts it behind what the queue has, whatever that is, and rings. */
static void submit(struct state *s, unsigned q, struct nvme_command cmd)
{
	uint32_t tail, size;
	uint64_t base;
	void *to;

	pthread_mutex_lock(&s->n->dev.lock);
	tail = s->n->sq[q].tail;
	size = s->n->sq[q].size;
	base = s->n->sq[q].base;
	pthread_mutex_unlock(&s->n->dev.lock);
	to = size ? memory_ptr(s->f->m.ram, base + tail * sizeof(cmd), sizeof(cmd)) : NULL;
	if (!to)
		return;
	cmd.cid = s->cid++;
	memcpy(to, &cmd, sizeof(cmd));
	set(s, NVME_REG_DOORBELLS + 8 * q, 4, (tail + 1) % size);
	settle(s);
}

/* The driver takes what there is. */
static void reap(struct state *s, unsigned q)
{
	uint32_t tail;

	pthread_mutex_lock(&s->n->dev.lock);
	tail = s->n->cq[q].tail;
	pthread_mutex_unlock(&s->n->dev.lock);
	set(s, NVME_REG_DOORBELLS + 8 * q + 4, 4, tail);
	settle(s);
}

static void make_queue(struct state *s, unsigned q, uint32_t size)
{
	uint32_t where = (size - 1) << 16 | q;

	submit(s, 0,
	       (struct nvme_command){ .opcode = NVME_ADMIN_CREATE_CQ,
				      .prp1 = sq_at(q) + CQ_GAP,
				      .cdw10 = where,
				      .cdw11 = 3 });
	submit(s, 0,
	       (struct nvme_command){ .opcode = NVME_ADMIN_CREATE_SQ,
				      .prp1 = sq_at(q),
				      .cdw10 = where,
				      .cdw11 = q << 16 | 1 });
	reap(s, 0);
}

static void any_command(struct state *s, struct input *in, unsigned q)
{
	uint8_t how = take(in);
	struct nvme_command cmd = {
		.opcode = take(in) & (how & 1 ? 0xff : 0x0f),
		.flags = how & 2 ? take(in) : 0,
		.nsid = how & 4 ? take_word(in) : 1,
		.prp1 = take_address(in),
		.prp2 = take_address(in),
		.cdw10 = how & 8 ? take_word(in) : take(in),
		.cdw11 = how & 16 ? take_word(in) : take(in),
		.cdw12 = how & 32 ? take_word(in) : take(in),
	};

	submit(s, q, cmd);
}

static void any_register(struct state *s, struct input *in)
{
	static const uint16_t regs[] = { NVME_REG_CC,	NVME_REG_AQA,	NVME_REG_ASQ,
					 NVME_REG_ACQ,	NVME_REG_INTMS, NVME_REG_INTMC,
					 NVME_REG_CSTS, NVME_REG_NSSR };
	uint8_t which = take(in);
	uint64_t value = which & 64 ? take_address(in) : take_word(in);

	if (which & 128)
		set(s, NVME_REG_DOORBELLS + 4 * (which & 31), 4, value & 0xff);
	else
		set(s, regs[which & 7], which & 32 ? 8 : 4, value);
	settle(s);
}

static void poke(struct state *s, struct input *in)
{
	uint8_t how = take(in), count = take(in) & 15;
	uint64_t at = LISTS_AT + (how & 0xf) * 0x1000u + (how & 0x10 ? 0x1000u - 8 * count : 0);

	for (; count; count--, at += 8) {
		uint64_t address = take_address(in);

		memcpy(memory_ptr(s->f->m.ram, at % (RAM_SIZE - 8), 8), &address, 8);
	}
}

static void one_step(struct state *s, struct input *in)
{
	uint8_t op = take(in);
	unsigned q = op >> 4 & 3;

	switch (op & 15) {
	case 0:
		any_register(s, in);
		break;
	case 1:
		enable(s);
		break;
	case 2:
		make_queue(s, 1 + q, 2 + take(in) % 16);
		break;
	case 3:
		look(s);
		break;
	case 4:
		poke(s, in);
		break;
	case 5:
		devices_reset(&s->f->m);
		break;
	case 6:
		pci_config_write(&s->f->m, s->n->func.slot << 3, PCI_COMMAND, 2,
				 PCI_COMMAND_MEMORY | (q ? PCI_COMMAND_MASTER : 0));
		break;
	case 7:
	case 8:
		reap(s, q);
		break;
	default:
		any_command(s, in, q);
	}
	check_state(s);
}

/* Whatever it was told before. */
static void works(struct state *s)
{
	uint32_t head;

	pci_config_write(&s->f->m, s->n->func.slot << 3, PCI_COMMAND, 2,
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bus_write(&s->f->m.mmio, 0, 1, 0);
	enable(s);
	submit(s, 0,
	       (struct nvme_command){ .opcode = NVME_ADMIN_IDENTIFY,
				      .prp1 = LISTS_AT,
				      .cdw10 = NVME_CNS_CONTROLLER });
	pthread_mutex_lock(&s->n->dev.lock);
	head = s->n->cq[0].tail;
	pthread_mutex_unlock(&s->n->dev.lock);
	check(head == 1);
}

/* One machine for all inputs, for making its threads takes most of the time; each begins with a
 * reset. */
static void begin(struct state *s)
{
	static const char *const devices[] = { "nvme,drive=memory1,max_ioqpairs=3", NULL };
	struct error err;

	if (s->f) {
		devices_reset(&s->f->m);
		memset(memory_ptr(s->f->m.ram, 0, RAM_SIZE), 0, RAM_SIZE);
		return;
	}
	s->f = fake_create();
	check(s->f);
	s->f->cfg.devices = devices;
	s->f->drives[1].aio = DRIVE_THREADS;
	check(!memory_create(&s->f->m.ram, -1, RAM_SIZE, &err));
	check(fake_add_devices(s->f));
	s->n = (struct nvme *)device_find(&s->f->m, "nvme0");
	check(s->n);
	s->bar = pci_bar_address(&s->n->func, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct state s;
	struct input in = { data, size };

	begin(&s);
	works(&s);
	make_queue(&s, 1, ENTRIES);
	for (unsigned i = 0; in.left && i < MAX_STEPS; i++)
		one_step(&s, &in);
	works(&s);
	return 0;
}
