/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens in the machine, kept in memory while somebody wants it: exits, packets of gdb,
 * interrupts, work on vCPUs. What devices do has rings of its own (device_trace.h).
 *
 *   exits    a ring for each vCPU, written by its own thread
 *   packets  \
 *   irq       > a ring for each, written by any thread
 *   work     /
 *
 * All of them are record_ring.h's: no writer waits for anybody. A topic that is off costs a load
 * and a branch. Rings are made when their topic is first turned on and stay until the machine is
 * gone, so that they can be read when it is off again.
 */
#ifndef HV_RECORD_H
#define HV_RECORD_H

#include "hv/machine.h"
#include "hv/record_packet.h"

enum record_topic {
	RECORD_EXITS,
	RECORD_PACKETS,
	RECORD_IRQ,
	RECORD_WORK,
	RECORD_TOPICS,
};

/* Records that a ring holds. */
#define RECORD_SLOTS	    8192u
#define RECORD_PACKET_SLOTS 2048u
/* Bytes of a packet that are kept. */
#define RECORD_TEXT 160

enum record_kind {
	RECORD_EXIT,   /* KVM_RUN has returned; `ns`: until its exit was handled */
	RECORD_ENTER,  /* the vCPU goes into the guest … */
	RECORD_LEAVE,  /* … and is kept out; `code`: enum record_leave */
	RECORD_PACKET, /* `write`: sent by us */
	RECORD_LINE,   /* an interrupt line: GSI `addr` goes to level `value` */
	RECORD_MSI,    /* a message: `value` to `addr`; by GSI `count` when that is not 0 */
	RECORD_RUN,    /* work on a vCPU */
};

enum record_leave {
	RECORD_STOPPED, /* the guest, or this vCPU, is stopped */
	RECORD_HELD,	/* work, or exclusive work elsewhere: it goes on at once */
};

/* What became of an interrupt. */
enum record_irq {
	RECORD_IRQ_UNKNOWN, /* KVM does not say, or it is a falling edge */
	RECORD_IRQ_DELIVERED,
	RECORD_IRQ_MERGED,
	RECORD_IRQ_LOST,
};

/* What an exit was about. */
enum record_access {
	RECORD_NO_ACCESS,
	RECORD_PORT,
	RECORD_MEMORY,
	RECORD_MSR,
};

struct record {
	uint64_t time; /* ns of CLOCK_MONOTONIC; of what takes time, its begin */
	uint64_t ns;   /* how long it took */
	uint64_t pc;   /* linear, as at the exit */
	uint64_t addr; /* port, guest-physical address, MSR, GSI, where a message goes */
	uint64_t value;
	const char *what; /* the exit's name; the packet's bytes, no string; the function; the
			     interrupt's source */
	const char *who;  /* asked for the work: a function. NULL: unknown */
	uint8_t kind;	  /* enum record_kind */
	uint8_t access;	  /* enum record_access */
	uint8_t size;	  /* bytes of an access */
	uint8_t write;
	int16_t vcpu;	/* -1: nobody's */
	uint16_t code;	/* of its kind */
	uint32_t count; /* elements of a string's I/O; bytes of the whole packet */
	uint32_t reserved;
};

static inline bool record_is_on(const struct machine *m, enum record_topic topic)
{
	return __builtin_expect(
		__atomic_load_n(&m->record_topics, __ATOMIC_RELAXED) & (1u << topic), 0);
}

/* Begins anew: what was recorded before is not shown any more. -ENOMEM, with a sentence. Loop
 * thread. */
int record_start(struct machine *m, enum record_topic topic, struct error *err);
/* What is there stays. Loop thread. */
void record_stop(struct machine *m, enum record_topic topic);
/* When it was turned on, as record.time; 0: never. Loop thread. */
uint64_t record_since(const struct machine *m, enum record_topic topic);
/* Every thread that could write is gone. */
void record_free(struct machine *m);

struct record_list {
	struct record *rec; /* in order of time */
	size_t count;
	uint64_t lost; /* records before them */
	char *texts;   /* what `what` of packets points to */
};
/*
 * A copy of the last @max records of @topic, of the exits of @vcpu (-1: of all) only. False: there
 * is no memory. Writers may go on. Loop thread.
 */
bool record_get(struct machine *m, enum record_topic topic, int vcpu, size_t max,
		struct record_list *out);
void record_list_free(struct record_list *list);

/* ---- for those who write; call them when the topic is on. Any thread. ---- */

uint64_t record_now(void);
void record_put(struct machine *m, enum record_topic topic, const struct record *rec);
/* Who causes the interrupt that this thread is about to send; NULL: it is not known. Cheap enough
 * to be said each time. */
extern __thread const char *record_irq_source;
static inline void record_irq_from(const char *source)
{
	record_irq_source = source;
}
/* The rest of @rec is filled in here. */
void record_irq(struct machine *m, struct record *rec);

#endif
