/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * e1000: what the files of the device share.
 *
 *   vCPU: registers (regs.c) --> e1000_tx_kick(), e1000_rx_kick() --.   tail pointers are doorbells
 *   worker: tx.c  <-- descriptors, data -- guest memory             <-'
 *             |  offload.c: segments, checksums
 *             '--> netdev_send()            netdev --> rx.c: filter.c, then the guest's buffers
 *   loop: timers of irq.c (delays, throttle) and phy.c (autonegotiation)
 *
 * Everything is guarded by the device's lock, which the worker gives up while a frame is with the
 * backend. A reset may come then: `epoch` tells.
 */
#ifndef DEVICES_E1000_E1000_H
#define DEVICES_E1000_E1000_H

#include <linux/if_ether.h>

#include "devices/e1000/offload.h"
#include "devices/e1000/regs.h"
#include "devices/parts/worker.h"
#include "hv/device.h"
#include "hv/netdev.h"
#include "hv/pci.h"
#include "hv/timer.h"

/* Of a whole frame, in both directions; the chip takes a little less. */
#define E1000_FRAME_MAX	   16384
#define E1000_DESC_SIZE	   16u
#define E1000_EEPROM_WORDS 64
/* What a frame has on the wire at least, without its check sequence; and that. */
#define E1000_FRAME_MIN 60u
#define E1000_FCS	4u

/* The serial EEPROM at work: a 93C46 (chapter 5.4). */
struct e1000_microwire {
	uint32_t shift; /* bits that came in, behind the start bit */
	uint16_t out;
	uint8_t in_bits, out_bits, address;
	bool reading;
	bool writable; /* after EWEN */
	bool level;    /* of its DO */
};

/* An interrupt that waits a moment for more of its kind; times of the guest's clock, 0: none. */
struct e1000_delay {
	uint64_t at, limit;
};

struct e1000_irq {
	struct hv_timer *timer;
	struct e1000_delay rx, tx;
	uint64_t next; /* not before that, by ITR */
	bool up;
	bool held; /* … and so it waits */
};

struct e1000_desc {
	uint64_t addr; /* of a context descriptor: its first half */
	uint32_t len;
	uint16_t special;
	uint8_t cmd, type; /* type: of an extended one */
	uint8_t cso, css;  /* legacy */
	uint8_t popts;
	uint32_t second, third; /* as they are in memory, behind addr */
};

/* The packet that is being put together from descriptors. */
struct e1000_packet {
	bool open;
	bool bad; /* the rest of it is passed over */
	bool tse;
	uint8_t popts;
	bool tagged; /* by VLE */
	uint16_t tag;
	uint32_t len;	  /* bytes in e1000_tx.frame */
	uint32_t in_head; /* bytes in e1000_tx.head, when segments are made */
	uint32_t sent;	  /* of the payload */
	uint16_t segments;
};

struct e1000_tx {
	struct e1000_context csum, tso; /* as the last context descriptors said */
	struct e1000_packet packet;
	struct e1000_desc desc; /* the one at TDH */
	bool has_desc;
	uint32_t taken; /* bytes of it that are in the packet */
	bool hung;	/* injected: nothing is done until a reset */
	bool posted;
	/* The worker's alone. */
	uint8_t head[256];
	uint8_t frame[E1000_FRAME_MAX];
};

struct e1000_rx {
	bool posted;
	bool waiting; /* a frame does, with the backend */
	/* The worker's alone: the frame as the guest gets it. */
	uint8_t frame[E1000_FRAME_MAX + E1000_FCS];
};

struct e1000 {
	struct device dev;
	struct pci_func func;
	struct worker worker;
	struct netdev *netdev; /* NULL: none */
	bool cable;	       /* plugged in */
	unsigned epoch;	       /* resets */
	uint32_t ioaddr;
	uint32_t reg[E1000_REGS_END / 4]; /* by offset */
	uint16_t phy[PHY_REGS];
	uint16_t eeprom[E1000_EEPROM_WORDS];
	struct e1000_microwire microwire;
	struct hv_timer *aneg;
	bool aneg_done;
	bool link_was_lost; /* the latch of PHY_STATUS */
	struct e1000_irq irq;
	struct e1000_tx tx;
	struct e1000_rx rx;
	char error[96]; /* what was last wrong with a ring; "": nothing */
};

#define R(e, name) ((e)->reg[E1000_##name / 4])

extern const struct reg e1000_regs[];

static inline struct e1000 *to_e1000(struct device *dev)
{
	return (struct e1000 *)dev;
}

/* For all of these the device's lock is held, unless they say otherwise. */

/* regs.c: the reset of CTRL.RST: all but the transceiver and the EEPROM. */
void e1000_reset_mac(struct e1000 *e);

/* irq.c */
int e1000_irq_create(struct e1000 *e);
void e1000_irq_destroy(struct e1000 *e);
void e1000_irq_reset(struct e1000 *e);
/* Causes come up. */
void e1000_raise(struct e1000 *e, uint32_t causes);
/* A frame came in, a descriptor with RS was done: interrupts now or after a delay. */
void e1000_received(struct e1000 *e);
void e1000_transmitted(struct e1000 *e, bool delayed);
uint64_t e1000_read_icr(struct device *dev, const struct reg *reg);
void e1000_write_icr(struct device *dev, const struct reg *reg, uint64_t value);
void e1000_write_ics(struct device *dev, const struct reg *reg, uint64_t value);
void e1000_write_ims(struct device *dev, const struct reg *reg, uint64_t value);
void e1000_write_imc(struct device *dev, const struct reg *reg, uint64_t value);
void e1000_write_itr(struct device *dev, const struct reg *reg, uint64_t value);
void e1000_write_rdtr(struct device *dev, const struct reg *reg, uint64_t value);

/* phy.c */
int e1000_phy_create(struct e1000 *e);
void e1000_phy_destroy(struct e1000 *e);
/* Registers as after power-on; negotiates. */
void e1000_phy_reset(struct e1000 *e);
void e1000_phy_cable(struct e1000 *e, bool in);
bool e1000_link_up(const struct e1000 *e);
uint64_t e1000_peek_status(const struct device *dev, const struct reg *reg);
void e1000_write_mdic(struct device *dev, const struct reg *reg, uint64_t value);
uint64_t e1000_peek_phy(const struct device *dev, const struct reg *reg);
uint64_t e1000_read_phy(struct device *dev, const struct reg *reg);
void e1000_write_phy(struct device *dev, const struct reg *reg, uint64_t value);

/* eeprom.c */
/* Contents of a card with that address. */
void e1000_eeprom_fill(struct e1000 *e, const uint8_t mac[ETH_ALEN]);
/* What the chip takes from it after a reset. */
void e1000_eeprom_load(struct e1000 *e);
void e1000_write_eerd(struct device *dev, const struct reg *reg, uint64_t value);
void e1000_write_eecd(struct device *dev, const struct reg *reg, uint64_t value);
uint64_t e1000_peek_eecd(const struct device *dev, const struct reg *reg);

/* stats.c: of a frame of @len bytes, check sequence included, to @dst. */
void e1000_count_rx(struct e1000 *e, const uint8_t *dst, uint32_t len);
void e1000_count_tx(struct e1000 *e, const uint8_t *dst, uint32_t len);
void e1000_count(struct e1000 *e, unsigned offset);
uint64_t e1000_read_stat(struct device *dev, const struct reg *reg);
uint64_t e1000_read_stat_high(struct device *dev, const struct reg *reg);

/* ring.c */
struct e1000_ring {
	uint64_t base;
	uint32_t size, head, tail;
	uint32_t ready; /* the device's: from head on; 0 as well when the ring makes no sense */
};
struct e1000_ring e1000_tx_ring(const struct e1000 *e);
struct e1000_ring e1000_rx_ring(const struct e1000 *e);
uint32_t e1000_ring_next(const struct e1000_ring *r, uint32_t index);
/* All or nothing; false: not RAM, or no bus master. */
bool e1000_dma_read(struct e1000 *e, uint64_t gpa, void *buf, size_t len);
bool e1000_dma_write(struct e1000 *e, uint64_t gpa, const void *buf, size_t len);
/* A word that the driver polls, at a multiple of its size: it sees what was written before. */
bool e1000_dma_publish32(struct e1000 *e, uint64_t gpa, uint32_t value);
bool e1000_dma_publish64(struct e1000 *e, uint64_t gpa, uint64_t value);
void e1000_complain(struct e1000 *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* tx.c */
void e1000_tx_reset(struct e1000 *e);
/* Forgets what it has of a packet: the ring is another one. */
void e1000_tx_restart(struct e1000 *e);
/* There may be descriptors. */
void e1000_tx_kick(struct e1000 *e);
/* On the worker, the lock is not held: a turn. True when there is more to do. */
bool e1000_tx_turn(struct e1000 *e);
void e1000_tx_decode(const uint8_t raw[E1000_DESC_SIZE], struct e1000_desc *d);

/* filter.c: whether the frame (14 bytes and more) is for this card; @inexact: by a hash or by being
 * promiscuous. */
bool e1000_accepts(const struct e1000 *e, const uint8_t *frame, size_t len, bool *inexact);
bool e1000_is_tagged(const struct e1000 *e, const uint8_t *frame, size_t len);

/* rx.c */
void e1000_rx_kick(struct e1000 *e);
/* netdev_receive_fn, on the worker; the lock is not held. */
int e1000_receive(void *opaque, const void *frame, size_t len);
/* The same for a frame that the card sends to itself, and without the backend's header. */
void e1000_loop_back(struct e1000 *e, const void *frame, size_t len);
/* One frame, the lock is held. */
int e1000_rx_frame(struct e1000 *e, const void *frame, size_t len);
uint32_t e1000_rx_buffer_size(const struct e1000 *e);

/* describe.c: the class's describe(). */
void e1000_describe(struct device *dev, struct strbuf *out);

#endif
