// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes virtqueues: the input is what a hostile driver writes into the memory of its rings, and
 * what the device does meanwhile.
 *
 * What must hold: every buffer of a request is RAM, what is readable comes before what is writable,
 * no more requests are in flight than the queue has descriptors, and a queue that is broken says
 * why, and gives and writes nothing more. The requests' memory is read and written, so that a
 * sanitizer sees what is not RAM.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/queue.h"
#include "hv/machine.h"
#include "tests/fuzz/input.h"

#define RAM_SIZE      0x8000u
#define SIZE_MAX_BITS 5

struct state {
	struct machine m;
	struct device dev;
	struct virtqueue vq;
	struct vq_config cfg;
	struct vq_request *held[1 << SIZE_MAX_BITS];
	unsigned count;
};

static bool is_ram(const struct state *s, const struct iovec *iov)
{
	const uint8_t *base = memory_ptr(s->m.ram, 0, 1), *p = iov->iov_base;

	return p >= base && iov->iov_len && iov->iov_len <= RAM_SIZE &&
	       (size_t)(p - base) <= RAM_SIZE - iov->iov_len;
}

static void pop(struct state *s)
{
	struct vq_request *req = vq_pop(&s->vq);
	uint64_t out = 0, in = 0;
	uint8_t byte = 0;

	if (!req)
		return;
	check(!vq_fault(&s->vq));
	check(s->count < s->cfg.size && req->out_count + req->in_count <= s->cfg.size);
	for (unsigned i = 0; i < s->count; i++)
		check(s->held[i] != req && s->held[i]->slot != req->slot);
	for (unsigned i = 0; i < req->out_count + req->in_count; i++) {
		check(is_ram(s, &req->iov[i]));
		*(i < req->out_count ? &out : &in) += req->iov[i].iov_len;
	}
	check(out == req->out_bytes && in == req->in_bytes && out + in);
	check(vq_read(req, out - !!out, &byte, 1) == !!out);
	check(vq_write(req, in - !!in, &byte, 1) == !!in);
	s->held[s->count++] = req;
}

static void give(struct state *s, uint8_t which, uint32_t written, bool drop)
{
	struct vq_request *req;

	if (!s->count)
		return;
	which %= s->count;
	req = s->held[which];
	s->held[which] = s->held[--s->count];
	if (drop)
		vq_drop(req);
	else
		vq_complete(req, written);
}

static void start(struct state *s, struct input *in)
{
	uint8_t how = take(in), size = take(in);

	while (s->count)
		give(s, 0, 0, true);
	s->cfg = (struct vq_config){
		.packed = how & 1,
		.event_idx = how & 2,
		.indirect = how & 4,
		.desc = (take(in) & 15) * 0x100u,
		.driver_area = (take(in) & 15) * 0x100u,
		.device_area = (take(in) & 15) * 0x100u,
	};
	s->cfg.size = (uint16_t)(s->cfg.packed ? size & 31 : 1u << (size % (SIZE_MAX_BITS + 1)));
	if (how & 8)
		s->cfg.desc = (uint64_t)take_word(in) << (how >> 4);
	if (vq_start(&s->vq, &s->cfg) < 0)
		check(!vq_running(&s->vq) && vq_fault(&s->vq));
}

/* Bytes to where the rings are, a good descriptor, or the next index. */
static void poke(struct state *s, struct input *in, uint8_t how)
{
	uint8_t *ram = memory_ptr(s->m.ram, 0, RAM_SIZE);
	uint32_t at = (take(in) | (uint32_t)take(in) << 8) % (RAM_SIZE - 16);

	if (how & 1) {
		uint64_t addr = at;
		uint32_t len = take(in);
		uint16_t flags = take(in) | (uint16_t)(take(in) << 8), next = take(in);

		at = (uint32_t)(s->cfg.desc + 16ull * (take(in) & 31)) % (RAM_SIZE - 16);
		memcpy(ram + at, &addr, 8);
		memcpy(ram + at + 8, &len, 4);
		memcpy(ram + at + 12, s->cfg.packed ? &next : &flags, 2);
		memcpy(ram + at + 14, s->cfg.packed ? &flags : &next, 2);
	} else if (how & 2) {
		ram[(s->cfg.driver_area + 2) % RAM_SIZE] += how >> 4;
	} else {
		for (unsigned n = how >> 4; n; n--)
			ram[at++ % RAM_SIZE] = take(in);
	}
}

static void look(struct state *s)
{
	struct strbuf sb = STRBUF_INIT;

	vq_describe(&s->vq, &sb);
	check(sb.len > 0);
	strbuf_free(&sb);
	check(vq_in_flight(&s->vq) == s->count);
	if (vq_fault(&s->vq))
		check(!vq_pop(&s->vq) && !vq_ask_notify(&s->vq, true) &&
		      !vq_wants_interrupt(&s->vq));
}

static void one_step(struct state *s, struct input *in)
{
	uint8_t op = take(in);

	switch (op & 7) {
	case 0:
		if (op >> 3 == 0)
			start(s, in);
		break;
	case 1:
	case 2:
		pop(s);
		break;
	case 3:
		give(s, op >> 3, take_word(in), op == 3);
		break;
	case 4:
		vq_wants_interrupt(&s->vq);
		vq_ask_notify(&s->vq, op & 8);
		break;
	case 5:
		look(s);
		break;
	default:
		poke(s, in, take(in));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state s = { .dev = { .name = "virtio0", .m = &s.m } };
	struct input in = { data, size };
	struct error err;

	check(!memory_create(&s.m.ram, -1, RAM_SIZE, &err));
	vq_init(&s.vq, &s.dev, 0);
	start(&s, &in);
	while (in.left)
		one_step(&s, &in);
	while (s.count)
		give(&s, 0, 0, false);
	vq_destroy(&s.vq);
	memory_destroy(s.m.ram);
	return 0;
}
