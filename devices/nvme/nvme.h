/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An NVM Express 1.4 controller with one namespace, on a disk image (devices/parts/disk.h).
 *
 *   vCPU      registers (devices/nvme.c) --> controller.c: CC, CSTS, doorbells
 *                                                 | wake_fd
 *                                                 v
 *   worker    controller.c: enable, reset, shutdown
 *             queues.c: fetch --> admin.c  --> identify.c, features.c, log.c
 *                   |        \--> io.c ------> disk   (prp.c: the guest's memory)
 *                   |                            | disk_event_fd()
 *                   '--- completion queue <------'
 *                              '--> MSI-X, or INTx
 *
 * Everything is guarded by dev.lock. The worker alone fetches and completes commands; it takes the
 * lock for a turn of some of them, and has it not while the disk is told to begin. A vCPU in a
 * register's callback has it, and only writes down what is wanted. A doorbell carries a value,
 * which an ioeventfd would lose (hv/doorbell.h): it exits.
 */
#ifndef DEVICES_NVME_NVME_H
#define DEVICES_NVME_NVME_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices/nvme/spec.h"
#include "devices/parts/disk.h"
#include "devices/parts/worker.h"
#include "hv/block.h"
#include "hv/device.h"
#include "hv/pci.h"

#define NVME_IO_QUEUES_MAX 8
#define NVME_QUEUES	   (1 + NVME_IO_QUEUES_MAX)
#define NVME_ENTRIES_MAX   1024u
#define NVME_REQUESTS	   512u /* in flight at most, of all queues together */
#define NVME_MDTS	   7	/* log2 of the pages in one transfer */
#define NVME_TRANSFER_MAX  (4096u << NVME_MDTS)
#define NVME_MPS_MAX	   4 /* pages of 4 to 64 KiB */
#define NVME_AERS	   4
#define NVME_ERRORS	   64
#define NVME_EVENTS	   8
#define NVME_TEMPERATURE   313 /* kelvin, always */
#define NVME_NSID	   1u

struct nvme;

/* The guest's memory that a command names, in order. */
struct nvme_data {
	struct nvme_piece {
		uint64_t gpa;
		uint32_t len;
	} * piece;
	struct iovec *iov; /* for the disk, which changes it */
	unsigned count, space;
};

enum nvme_request_state {
	NVME_FREE,
	NVME_BUSY,    /* the disk or the worker has it */
	NVME_HELD,    /* an event or a queue's last command will complete it */
	NVME_LOST,    /* by an injected timeout: until it is aborted */
	NVME_WAITING, /* it is complete, and its completion queue is full */
};

struct nvme_request {
	struct disk_request io; /* first */
	enum nvme_request_state state;
	struct nvme *n;
	struct nvme_sq *sq;
	struct nvme_command cmd;
	uint16_t status;
	uint32_t result;
	struct nvme_data data;	/* the arrays stay with the request */
	void *buffer;		/* of Compare and Dataset Management; NULL: none */
	unsigned range, ranges; /* of Dataset Management */
	struct nvme_request *next;
};

struct nvme_sq {
	uint16_t id;
	uint32_t size; /* entries; 0: there is no such queue */
	uint64_t base;
	uint32_t head, tail; /* the tail is the driver's */
	struct nvme_cq *cq;
	unsigned in_flight;
	struct nvme_request *deletion; /* of this queue; it waits for what is in flight */
};

struct nvme_cq {
	uint16_t id;
	uint32_t size; /* 0: there is none */
	uint64_t base;
	uint32_t head, tail; /* the head is the driver's */
	bool phase;	     /* of the next entry */
	bool interrupts;
	uint16_t vector;
	bool tell;			     /* there are entries that it was not interrupted for */
	unsigned users;			     /* submission queues */
	struct nvme_request *waiting, **end; /* there was no room */
};

/* As Set Features leaves it; NVME_FEAT_VECTOR is in vector_config. */
struct nvme_features {
	uint32_t arbitration, power, error_recovery, coalescing, atomicity, async_events;
	uint16_t over, under; /* temperature thresholds */
	bool write_cache;
	uint32_t vector_config[NVME_QUEUES];
};

struct nvme {
	struct device dev;
	struct pci_func func;
	struct worker worker;
	int wake_fd;
	struct loop_source *wake, *done;

	/* Fixed once the guest runs. */
	struct block block;
	const struct machine_drive *drive;
	struct disk *disk;
	unsigned io_queues;
	unsigned block_shift; /* log2 of a logical block's bytes */
	uint64_t blocks;
	char serial[21];

	/* Registers. */
	uint32_t int_mask, cc, csts, nssr, aqa;
	uint64_t asq, acq;
	uint32_t doorbell[2 * NVME_QUEUES]; /* as they were last written */

	/* The worker changes it; `off` when it becomes NVME_OFF. */
	enum nvme_run { NVME_OFF, NVME_ON, NVME_ENDING } run;
	pthread_cond_t off;
	bool reset_wanted, shutdown_wanted;
	bool shut; /* no more commands are fetched until a reset */
	bool line; /* INTA#, as pci_intx_set() was told */
	uint32_t page_size;
	char fatal[120]; /* why CSTS.CFS is set; "": it is not */

	struct nvme_sq sq[NVME_QUEUES];
	struct nvme_cq cq[NVME_QUEUES];
	struct nvme_request *requests; /* NVME_REQUESTS */
	struct nvme_request *free;
	unsigned free_count;
	struct nvme_request shutdown_flush; /* no command of the guest's */
	unsigned at_disk;		    /* requests that it has */
	struct nvme_features features;
	struct nvme_request *aer[NVME_AERS];
	unsigned aer_count;
	struct nvme_event {
		uint8_t type, info, log;
	} event[NVME_EVENTS];
	unsigned event_count;
	bool event_masked[NVME_EVENT_TYPES]; /* until its log page is read */
	uint8_t critical_warning;
	struct nvme_error_entry error[NVME_ERRORS]; /* the last is at (errors - 1) % NVME_ERRORS */
	uint64_t errors; /* since the machine was made, as the next three */
	uint64_t failed; /* I/O commands */
	uint64_t bad_doorbells, media_errors;
	bool told; /* standard error, of an error of the image */

	struct {
		uint64_t reads, writes, flushes, others, bytes_read, bytes_written;
	} counts; /* atomic */
};

/* ---- controller.c ---- */

/* The class's reset(): waits for the end of what is in flight. */
void nvme_reset(struct device *dev);
/* Makes the worker, its loop and the pool of requests. On failure nothing is left. */
int nvme_controller_create(struct nvme *n, struct error *err);
void nvme_controller_destroy(struct nvme *n);
/* The disk is open: the worker begins. */
int nvme_controller_start(struct nvme *n, struct error *err);
/* Registers. */
void nvme_write_cc(struct nvme *n, uint32_t value);
void nvme_write_csts(struct nvme *n, uint32_t value);
void nvme_write_nssr(struct nvme *n, uint32_t value);
/* @index counts from NVME_REG_DOORBELLS on: tail and head in turn. */
void nvme_write_doorbell(struct nvme *n, unsigned index, uint32_t value);
/* The level of INTA#, after the mask or a queue has changed. */
void nvme_update_line(struct nvme *n);
/* There is something to do for the worker. */
void nvme_wake(struct nvme *n);
/* The guest has asked for what cannot be: CSTS.CFS, and nothing more until it resets the controller
 * (9.5). */
__attribute__((format(printf, 2, 3))) void nvme_fatal(struct nvme *n, const char *fmt, ...);

/* ---- queues.c ---- */

/* No check: of the range, of the guest's right to it. */
void nvme_sq_init(struct nvme *n, unsigned id, uint64_t base, uint32_t size, struct nvme_cq *cq);
void nvme_cq_init(struct nvme *n, unsigned id, uint64_t base, uint32_t size, uint16_t vector,
		  bool interrupts);
void nvme_sq_remove(struct nvme_sq *sq);
void nvme_cq_remove(struct nvme_cq *cq);
/* Takes up to @max commands from all queues in turn, and begins them; whether there may be more. */
bool nvme_serve(struct nvme *n, unsigned max);
/*
 * The command is over: its entry is written, now or when there is room, and the request is free
 * then. nvme_interrupt() tells the driver. @status: enum nvme_status, with NVME_DNR or not.
 */
void nvme_complete(struct nvme_request *req, unsigned status);
/* Completions that wait for room. */
void nvme_post_waiting(struct nvme *n);
void nvme_interrupt(struct nvme *n);
/* All requests are free; nothing of them is told. None is at the disk. */
void nvme_drop_all(struct nvme *n);
/* The one that is not complete; NULL: none. */
struct nvme_request *nvme_find_request(struct nvme *n, uint16_t sq_id, uint16_t cid);
/* What an injected timeout has swallowed of @sq is aborted: it is to be deleted. */
void nvme_abort_lost(struct nvme *n, const struct nvme_sq *sq);

/* ---- prp.c: 4.3; a status each ---- */

/* Bytes [0, len) of what PRP1 and PRP2 of the command name. */
unsigned nvme_data_find(struct nvme_request *req, uint32_t len);
/* The same, as iovecs of the guest's memory in data.iov. */
unsigned nvme_data_map(struct nvme_request *req);
/* What the disk did there: for watchpoints and traces. */
void nvme_data_done(struct nvme_request *req, bool from_device);
/* Copies @len bytes of @buf to what the command names, or from there. */
unsigned nvme_data_write(struct nvme_request *req, const void *buf, uint32_t len);
unsigned nvme_data_read(struct nvme_request *req, void *buf, uint32_t len);

/* ---- admin.c, io.c ---- */

/* Ends with nvme_complete(), now or later. */
void nvme_begin_admin(struct nvme_request *req);
void nvme_begin_io(struct nvme_request *req);
/* What the disk has done of it. */
void nvme_io_done(struct nvme_request *req);
/* By opcode; NULL: there is none. */
const char *nvme_admin_name(uint8_t opcode);
const char *nvme_io_name(uint8_t opcode);
bool nvme_io_writes(uint8_t opcode);
/* What a submission queue's last command was waiting for. */
void nvme_deletion_done(struct nvme_sq *sq);

/* Answered at once, with a status. */
unsigned nvme_identify(struct nvme_request *req);     /* identify.c */
unsigned nvme_set_features(struct nvme_request *req); /* features.c */
unsigned nvme_get_features(struct nvme_request *req);
unsigned nvme_get_log_page(struct nvme_request *req); /* log.c */
void nvme_features_reset(struct nvme *n);
/* A field of letters, filled with blanks. */
void nvme_put_text(char *field, size_t size, const char *text);
/* Whether there is a cache that could lose what was written. */
bool nvme_has_write_cache(const struct nvme *n);

/* ---- log.c ---- */

void nvme_log_error(struct nvme_request *req, unsigned status);
/* A doorbell that the driver had no right to ring. */
void nvme_log_doorbell(struct nvme *n);
/* Something that an Asynchronous Event Request tells of. */
void nvme_event(struct nvme *n, enum nvme_event_type type, uint8_t info, uint8_t log);
/* Completes requests for which there is an event. */
void nvme_events_deliver(struct nvme *n);
/* The temperature, or a threshold of it, is another. */
void nvme_check_temperature(struct nvme *n);

/* ---- describe.c ---- */

/* "LBA Out of Range". */
const char *nvme_status_name(unsigned status);
/* The class's describe(). */
void nvme_describe(struct device *dev, struct strbuf *out);
void nvme_block_info(struct block *block, struct block_info *info);

#endif
