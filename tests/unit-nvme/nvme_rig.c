// SPDX-License-Identifier: GPL-3.0-or-later
/* An NVMe driver for tests: see nvme_rig.h. */
#include "tests/unit-nvme/nvme_rig.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#define QUEUES_AT 0x10000u
#define QUEUE_GAP 0x8000u
#define CQ_GAP	  0x4000u

uint8_t rig_byte(uint64_t at)
{
	return (uint8_t)(at / 512 * 7 + at % 512);
}

uint8_t rig_file_byte(const struct rig *r, uint64_t at)
{
	int fd = open(r->path, O_RDONLY | O_CLOEXEC);
	uint8_t byte = 0;

	cr_assert_eq(pread(fd, &byte, 1, (off_t)at), 1);
	close(fd);
	return byte;
}

static void make_image(struct rig *r)
{
	static uint8_t bytes[RIG_BYTES];
	int fd;

	snprintf(r->path, sizeof(r->path), "/tmp/vitrine-nvme-%d.img", (int)getpid());
	for (uint64_t i = 0; i < RIG_BYTES; i++)
		bytes[i] = rig_byte(i);
	fd = open(r->path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, RIG_BYTES), (ssize_t)RIG_BYTES);
	close(fd);
}

static uint32_t config(const struct rig *r, unsigned off)
{
	return (uint32_t)pci_config_read(&r->f->m, r->n->func.slot << 3, off, 4);
}

static void set_config(const struct rig *r, unsigned off, unsigned size, uint32_t value)
{
	pci_config_write(&r->f->m, r->n->func.slot << 3, off, size, value);
}

void rig_open(struct rig *r, struct machine_drive drive, const char *option)
{
	struct error err = { "" };

	*r = (struct rig){ .f = fake_create(), .devices = { NULL } };
	cr_assert_not_null(r->f);
	make_image(r);
	drive.id = "d";
	drive.file = r->path;
	r->drives[0] = drive;
	r->f->cfg.drives = r->drives;
	snprintf(r->option, sizeof(r->option), "nvme,drive=d%s%s", *option ? "," : "", option);
	r->devices[0] = r->option;
	r->f->cfg.devices = r->devices;
	cr_assert_eq(memory_create(&r->f->m.ram, -1, RIG_RAM, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(r->f));
	r->dev = device_find(&r->f->m, "nvme0");
	cr_assert_not_null(r->dev);
	r->n = (struct nvme *)r->dev;
	r->bar = pci_bar_address(&r->n->func, 0);
	r->msix = pci_bar_address(&r->n->func, 4);
	set_config(r, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bus_write(&r->f->m.mmio, 0, 1, 0); /* the bus now does what the write wanted */
}

void rig_close(struct rig *r)
{
	struct memory *ram = r->f->m.ram;

	/* The device's thread may be in memory until it is gone. */
	fake_destroy(r->f);
	memory_destroy(ram);
	unlink(r->path);
}

uint64_t rig_get(const struct rig *r, uint64_t reg, unsigned size)
{
	uint64_t value;

	bus_read(&r->f->m.mmio, r->bar + reg, size, &value);
	return value;
}

void rig_set(const struct rig *r, uint64_t reg, unsigned size, uint64_t value)
{
	bus_write(&r->f->m.mmio, r->bar + reg, size, value);
}

void rig_ring(const struct rig *r, unsigned q, bool head, uint32_t value)
{
	rig_set(r, NVME_REG_DOORBELLS + 8 * q + 4 * head, 4, value);
}

uint64_t rig_sq_at(unsigned q)
{
	return QUEUES_AT + QUEUE_GAP * q;
}

uint64_t rig_cq_at(unsigned q)
{
	return rig_sq_at(q) + CQ_GAP;
}

void *rig_ram(const struct rig *r, uint64_t gpa, uint64_t len)
{
	return memory_ptr(r->f->m.ram, gpa, len);
}

static void forget(struct rig *r, unsigned q, uint32_t size)
{
	memset(rig_ram(r, rig_sq_at(q), QUEUE_GAP), 0, QUEUE_GAP);
	r->q[q] = (struct rig_queue){ .size = size, .phase = true };
}

void rig_setup_admin(struct rig *r)
{
	forget(r, 0, RIG_ENTRIES);
	rig_set(r, NVME_REG_AQA, 4, (RIG_ENTRIES - 1) << 16 | (RIG_ENTRIES - 1));
	rig_set(r, NVME_REG_ASQ, 8, rig_sq_at(0));
	rig_set(r, NVME_REG_ACQ, 8, rig_cq_at(0));
}

void rig_enable(struct rig *r)
{
	rig_setup_admin(r);
	rig_set(r, NVME_REG_CC, 4, RIG_CC);
	RIG_WAIT(rig_get(r, NVME_REG_CSTS, 4) & NVME_CSTS_RDY);
}

void rig_disable(struct rig *r)
{
	rig_set(r, NVME_REG_CC, 4, RIG_CC & ~NVME_CC_EN);
	RIG_WAIT(!(rig_get(r, NVME_REG_CSTS, 4) & (NVME_CSTS_RDY | NVME_CSTS_CFS)));
}

void rig_queues(struct rig *r, unsigned q, uint32_t size)
{
	uint32_t where = (size - 1) << 16 | q;

	forget(r, q, size);
	cr_assert_eq(rig_do(r, 0,
			    (struct nvme_command){ .opcode = NVME_ADMIN_CREATE_CQ,
						   .prp1 = rig_cq_at(q),
						   .cdw10 = where,
						   .cdw11 = NVME_QUEUE_PC | NVME_CQ_IEN }),
		     0u);
	cr_assert_eq(rig_do(r, 0,
			    (struct nvme_command){ .opcode = NVME_ADMIN_CREATE_SQ,
						   .prp1 = rig_sq_at(q),
						   .cdw10 = where,
						   .cdw11 = NVME_QUEUE_PC | q << 16 }),
		     0u);
}

void rig_use_msix(struct rig *r)
{
	unsigned cap = config(r, PCI_CAPABILITY_LIST) & 0xff;

	for (unsigned i = 0; i <= r->n->io_queues; i++) {
		uint64_t row = r->msix + (uint64_t)i * PCI_MSIX_ENTRY_SIZE;

		bus_write(&r->f->m.mmio, row + PCI_MSIX_ENTRY_LOWER_ADDR, 4, 0xfee00000);
		bus_write(&r->f->m.mmio, row + PCI_MSIX_ENTRY_DATA, 4, RIG_MSI + i);
		bus_write(&r->f->m.mmio, row + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	}
	set_config(r, cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
}

void rig_start(struct rig *r, struct machine_drive drive, const char *option)
{
	rig_open(r, drive, option);
	rig_enable(r);
	rig_queues(r, 1, 16);
}

uint16_t rig_submit(struct rig *r, unsigned q, struct nvme_command cmd)
{
	struct rig_queue *rq = &r->q[q];

	cmd.cid = ++r->cid;
	memcpy(rig_ram(r, rig_sq_at(q) + rq->tail * sizeof(cmd), sizeof(cmd)), &cmd, sizeof(cmd));
	rq->tail = (rq->tail + 1) % rq->size;
	rig_ring(r, q, false, rq->tail);
	return cmd.cid;
}

static uint64_t *entry_at(const struct rig *r, unsigned q)
{
	return rig_ram(r, rig_cq_at(q) + r->q[q].head * sizeof(struct nvme_completion),
		       sizeof(struct nvme_completion));
}

bool rig_has_entry(const struct rig *r, unsigned q)
{
	uint64_t half = __atomic_load_n(&entry_at(r, q)[1], __ATOMIC_ACQUIRE);

	return (half >> 48 & 1) == r->q[q].phase;
}

struct nvme_completion rig_reap(struct rig *r, unsigned q)
{
	struct rig_queue *rq = &r->q[q];
	struct nvme_completion entry;

	RIG_WAIT(rig_has_entry(r, q));
	memcpy(&entry, entry_at(r, q), sizeof(entry));
	rq->head = (rq->head + 1) % rq->size;
	rq->phase ^= !rq->head;
	rig_ring(r, q, true, rq->head);
	cr_expect_eq(entry.sq_id, q);
	entry.status >>= 1;
	return entry;
}

unsigned rig_do(struct rig *r, unsigned q, struct nvme_command cmd)
{
	uint16_t cid = rig_submit(r, q, cmd);
	struct nvme_completion entry = rig_reap(r, q);

	cr_expect_eq(entry.cid, cid);
	r->result = entry.result;
	return entry.status & ~(NVME_MORE | NVME_DNR);
}

unsigned rig_rw(struct rig *r, uint8_t opcode, uint64_t lba, uint32_t count, uint64_t prp1,
		uint64_t prp2)
{
	return rig_do(r, 1,
		      (struct nvme_command){ .opcode = opcode,
					     .nsid = 1,
					     .prp1 = prp1,
					     .prp2 = prp2,
					     .cdw10 = (uint32_t)lba,
					     .cdw11 = (uint32_t)(lba >> 32),
					     .cdw12 = count - 1 });
}
