/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An NVMe driver for tests: the controller of a machine without KVM, on a small image whose every
 * byte is known.
 */
#ifndef TESTS_UNIT_NVME_NVME_RIG_H
#define TESTS_UNIT_NVME_NVME_RIG_H

#include <unistd.h>

#include "devices/nvme/nvme.h"
#include "hv/device_fault.h"
#include "tests/unit/fake_machine.h"

#define RIG_RAM	    0x400000u
#define RIG_DATA    0x100000u /* from here on memory is the test's */
#define RIG_BLOCKS  4096u
#define RIG_BYTES   (RIG_BLOCKS * 512u)
#define RIG_CC	    0x00460001u /* enabled, entries of 64 and 16 bytes */
#define RIG_ENTRIES 16u		/* of the admin queues */
#define RIG_MSI	    0x4000u	/* the data of vector 0 */

struct rig {
	struct fake *f;
	struct device *dev;
	struct nvme *n;
	uint64_t bar, msix;
	char path[64], option[160];
	struct machine_drive drives[2];
	const char *devices[2];
	struct rig_queue {
		uint32_t size, tail,
			head; /* the submission queue's tail, the completion queue's head */
		bool phase;
	} q[NVME_QUEUES];
	uint16_t cid;
	uint32_t result; /* of the last command that rig_do() has done */
};

/* @drive says how the image is used, @option is what -device is told behind the drive. */
void rig_open(struct rig *r, struct machine_drive drive, const char *option);
void rig_close(struct rig *r);
/* The same, enabled, with I/O queue 1 of 16 entries. */
void rig_start(struct rig *r, struct machine_drive drive, const char *option);

uint64_t rig_get(const struct rig *r, uint64_t reg, unsigned size);
void rig_set(const struct rig *r, uint64_t reg, unsigned size, uint64_t value);
/* A doorbell: tail of submission queue @q, or head of completion queue @q. */
void rig_ring(const struct rig *r, unsigned q, bool head, uint32_t value);
/* Where queue @q's entries are. */
uint64_t rig_sq_at(unsigned q);
uint64_t rig_cq_at(unsigned q);
void *rig_ram(const struct rig *r, uint64_t gpa, uint64_t len);

void rig_setup_admin(struct rig *r);
/* Writes CC and waits for CSTS.RDY. */
void rig_enable(struct rig *r);
void rig_disable(struct rig *r);
/* I/O queues @q, submission and completion, of @size entries. */
void rig_queues(struct rig *r, unsigned q, uint32_t size);
/* Vectors are unmasked, and MSI-X is on. */
void rig_use_msix(struct rig *r);

/* Puts the command on @q and rings; its cid. */
uint16_t rig_submit(struct rig *r, unsigned q, struct nvme_command cmd);
/* Waits for the next entry of completion queue @q, and takes it. */
struct nvme_completion rig_reap(struct rig *r, unsigned q);
/* Whether there is one. */
bool rig_has_entry(const struct rig *r, unsigned q);
/* Both: the status without NVME_MORE and NVME_DNR. */
unsigned rig_do(struct rig *r, unsigned q, struct nvme_command cmd);
/* Read or Write of @count blocks at @lba, on queue 1. */
unsigned rig_rw(struct rig *r, uint8_t opcode, uint64_t lba, uint32_t count, uint64_t prp1,
		uint64_t prp2);

/* What the image has at byte @at before anybody writes, and what the file has now. */
uint8_t rig_byte(uint64_t at);
uint8_t rig_file_byte(const struct rig *r, uint64_t at);

/* The value of something of the device's, which its thread may be changing. */
#define RIG_LOOK(expression)                                  \
	({                                                    \
		pthread_mutex_lock(&r.dev->lock);             \
		__typeof__(expression) value_ = (expression); \
		pthread_mutex_unlock(&r.dev->lock);           \
		value_;                                       \
	})
#define RIG_FAULTS() __atomic_load_n(&r.dev->faults, __ATOMIC_RELAXED)

/* Runs until @condition, at most some time. */
#define RIG_WAIT(condition)                                                      \
	do {                                                                     \
		for (unsigned turn_ = 0; turn_ < 60000 && !(condition); turn_++) \
			usleep(1000);                                            \
		cr_assert(condition);                                            \
	} while (0)

#endif
