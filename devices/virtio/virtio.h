/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A virtio device, whatever it does (a model: devices/virtio_*.c) and wherever it is (a transport:
 * pci.h, mmio.h).
 *
 *   vCPU thread     registers: features, status, where the queues are     dev.lock
 *                        | control_fd: DRIVER_OK, reset        | doorbells: eventfds
 *                        v                                     v
 *   worker          virtio.c: begins and ends  -->  model: notified(), completions
 *                                                        | virtio_completed()
 *                                                        v
 *                   transport: MSI-X, or a line and the ISR register
 *
 * A reset that the driver asks for ends when nothing is in flight any more: until then the status
 * does not read as 0, and a write to a register waits. (Virtio 1.2, 2.1.2, 2.4, 4.1.4.3.)
 *
 * A model's class has in its register table what its configuration is (2.5), from
 * VIRTIO_SPACE_CONFIG on, and nothing else; the transport's registers come to it in virtio_add().
 */
#ifndef DEVICES_VIRTIO_VIRTIO_H
#define DEVICES_VIRTIO_VIRTIO_H

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices/virtio/queue.h"
#include "devices/parts/worker.h"
#include "hv/device.h"
#include "hv/optlist.h"
#include "hv/pci.h"

#define VIRTIO_QUEUES_MAX   8
#define VIRTIO_BIT(feature) (1ull << (feature))
#define VIRTIO_NO_VECTOR    0xffff
#define VIRTIO_VENDOR	    0x1af4

/* The register space of every model's class. */
#define VIRTIO_SPACE_CONFIG 0x2000u
#define VIRTIO_SPACE_SIZE   0x4000u

struct virtio;

struct virtio_model {
	uint16_t id;	    /* VIRTIO_ID_… (5) */
	uint32_t pci_class; /* 24 bits */
	/* The rest: on the worker. NULL where the model has nothing to do. */
	/* Queues run. */
	void (*start)(struct virtio *v);
	/* There may be something new in a queue. Queues run and none is broken. */
	void (*notified)(struct virtio *v, unsigned queue);
	/* No more vq_pop(). Everything in flight is given back, now or soon: then
	 * virtio_completed(). */
	void (*stop)(struct virtio *v);
};

struct virtio_transport {
	/* The device has used buffers of @queue; -1: its configuration has changed. Any thread,
	 * dev.lock is not held. */
	void (*interrupt)(struct virtio *v, int queue);
	/* The level of its line, which goes by what is in the ISR. dev.lock is held. */
	void (*line)(struct virtio *v, bool level);
	/* Puts the device, which has @regs by now, where it is to be, with its doorbells.
	 * @config_size: bytes of its own configuration. Negative with a sentence. */
	int (*add)(struct virtio *v, uint32_t config_size, struct error *err);
	const char *name;	/* for transport=NAME */
	const char *qemu_name;	/* how QEMU ends the names of such devices */
	const struct reg *regs; /* ends with a row whose name is NULL */
};

struct virtio_queue {
	struct vq_config cfg; /* as the driver writes it; guarded by dev.lock */
	uint16_t size_max;
	uint16_t vector; /* atomic */
	bool enabled;	 /* guarded by dev.lock */
	struct virtqueue vq;
	struct virtio *v;
	int doorbell; /* an eventfd, not the queue's own; -1: none yet */
	struct loop_source *source;
};

/* Begins every model's struct. */
struct virtio {
	struct device dev;
	struct pci_func func; /* for the transport that is on PCI */
	const struct virtio_model *model;
	const struct virtio_transport *transport;
	uint64_t offered; /* features; fixed once the guest runs */
	unsigned queue_count;
	struct virtio_queue *queues;
	struct worker worker;
	int control_fd;
	struct loop_source *control;

	/* Guarded by dev.lock. */
	uint64_t accepted; /* features */
	uint32_t offered_select, accepted_select;
	uint16_t queue_select;
	uint16_t config_vector; /* atomic */
	uint8_t status, generation, isr;
	bool reset_wanted;
	enum virtio_run { VIRTIO_OFF, VIRTIO_ON, VIRTIO_ENDING } run; /* the worker changes it */
	pthread_cond_t off;					      /* run is VIRTIO_OFF */

	bool broken; /* worker's: a queue is, and nothing is served until a reset */
};

/* ---- for models ---- */

/*
 * In the class's create(): queues of at most @size_max descriptors (a power of two). On failure
 * nothing is left. virtio_destroy() in its destroy(): no callback of the model runs any more, and
 * nothing is in flight.
 */
int virtio_create(struct virtio *v, const struct virtio_model *model, unsigned queues,
		  uint16_t size_max, struct error *err);
void virtio_destroy(struct virtio *v);
/* The first @count of the queues are enough. Before a transport has it. */
void virtio_limit_queues(struct virtio *v, unsigned count);
/* The class's reset() and describe(). */
void virtio_reset(struct device *dev);
void virtio_describe(struct device *dev, struct strbuf *out);

/*
 * Ends the class's add(): puts @v, made by device_new(), where the options say, and starts its
 * thread.
 * @config_size: bytes of its own configuration, 0 when it has none. Beside what the transport
 * takes, every device has the options packed=on|off, event_idx=on|off, indirect_desc=on|off:
 * features that it is to leave out, or not. Negative with a sentence.
 */
int virtio_add(struct virtio *v, uint32_t config_size, struct optlist *opts, struct error *err);

/* Whether the driver accepted it. On the worker, while the queues run. */
bool virtio_has(const struct virtio *v, unsigned feature);
/* On the worker: the next request of a queue; NULL: none, or the device is not to work. */
struct vq_request *virtio_pop(struct virtio *v, unsigned queue);
/*
 * On the worker, in notified(): @handle for each request there is, until there is none and the
 * driver will notify of the next. Then as virtio_completed().
 */
void virtio_serve(struct virtio *v, unsigned queue, void (*handle)(struct vq_request *req));
/* On the worker, after requests of the queue were completed or dropped: interrupts, if wanted. */
void virtio_completed(struct virtio *v, unsigned queue);
/* The device's configuration registers changed; they were under dev.lock, which is not held now. */
void virtio_config_changed(struct virtio *v);

/* ---- for transports ---- */

extern const struct reg_field virtio_status_fields[], virtio_isr_fields[];

/* The eventfd that notifies of queue @n. Before virtio_begin(). */
int virtio_doorbell(struct virtio *v, unsigned n, int fd, struct error *err);
/* The device is complete: its thread starts. */
int virtio_begin(struct virtio *v, struct error *err);

/* Any thread, dev.lock is not held: as `interrupt` above, by the ISR and the line. */
void virtio_raise_isr(struct virtio *v, int queue);

/* Registers, with dev.lock held. */
/* Takes what the driver has heard of out of the ISR; the line goes down with the last of it. */
void virtio_clear_isr(struct virtio *v, uint8_t bits);
void virtio_write_status(struct virtio *v, uint8_t value);
/* 32 bits of the features that @select names. */
uint32_t virtio_offered(const struct virtio *v, uint32_t select);
uint32_t virtio_accepted(const struct virtio *v, uint32_t select);
void virtio_accept(struct virtio *v, uint32_t select, uint32_t bits);
/* The one that queue_select names; NULL: there is none. */
struct virtio_queue *virtio_selected(const struct virtio *v);
/* … if its configuration may be changed now. Waits while a reset is under way. */
struct virtio_queue *virtio_changeable(struct virtio *v);
/* Its size, if it may have so many. */
void virtio_resize_queue(struct virtio_queue *q, uint64_t size);
/* It does not work when the driver is ready; one that works already goes on until a reset. */
void virtio_disable_queue(struct virtio *v);

#endif
