// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * nvme: an NVM Express 1.4 controller on PCI, with one namespace on an image of the host's. Here
 * are its registers (NVM Express 1.4, 3.1) and its options; what it does: devices/nvme/nvme.h.
 *
 *   BAR 0, 8 KiB    0x0000  CAP, VS, INTMS, INTMC, CC, CSTS, NSSR, AQA, ASQ, ACQ
 *                   0x1000  doorbells of 4 bytes: tail of submission queue 0, head of completion
 *                           queue 0, tail of submission queue 1, …
 *   BAR 4           MSI-X: vector 0 for the admin queue, as many more as I/O queue pairs
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "devices/nvme/nvme.h"
#include "hv/device_fault.h"
#include "hv/machine.h"
#include "hv/optlist.h"

#define SPACE_SIZE 0x2000
#define BAR	   0
#define BAR_MSIX   4
#define CLASS	   0x010802 /* mass storage, non-volatile memory, NVMe */
#define SERIAL_MAX 20
#define BLOCK_MIN  512u
#define BLOCK_MAX  4096u
#define READY_TIME 20 /* CAP.TO, units of 500 ms */

static const struct pci_id nvme_id = { 0x1234, 0x4e56, CLASS, 0x01 };

static struct nvme *to_nvme(struct device *dev)
{
	return (struct nvme *)dev;
}

/* ---- registers that do something ---- */

static void write_mask(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct nvme *n = to_nvme(dev);

	if (reg->offset == NVME_REG_INTMS)
		n->int_mask |= (uint32_t)value;
	else
		n->int_mask &= ~(uint32_t)value;
	nvme_update_line(n);
}

static void write_cc(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	nvme_write_cc(to_nvme(dev), (uint32_t)value);
}

static void write_csts(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	nvme_write_csts(to_nvme(dev), (uint32_t)value);
}

static void write_nssr(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	nvme_write_nssr(to_nvme(dev), (uint32_t)value);
}

static void write_doorbell(struct device *dev, const struct reg *reg, uint64_t value)
{
	nvme_write_doorbell(to_nvme(dev), (unsigned)(reg->offset - NVME_REG_DOORBELLS) / 4,
			    (uint32_t)value);
}

static const struct reg_field cap_fields[] = {
	REG_BITS("MQES", 15, 0),
	REG_BIT("CQR", 16),
	REG_BITS("AMS", 18, 17),
	REG_BITS("TO", 31, 24),
	REG_BITS("DSTRD", 35, 32),
	REG_BIT("NSSRS", 36),
	REG_BITS("CSS", 44, 37),
	REG_BIT("BPS", 45),
	REG_BITS("MPSMIN", 51, 48),
	REG_BITS("MPSMAX", 55, 52),
	REG_BIT("PMRS", 56),
	REG_BIT("CMBS", 57),
	{ 0 },
};
static const struct reg_field vs_fields[] = {
	REG_BITS("MJR", 31, 16),
	REG_BITS("MNR", 15, 8),
	REG_BITS("TER", 7, 0),
	{ 0 },
};
static const char *const shutdowns[] = { "none", "normal", "abrupt", NULL };
static const struct reg_field cc_fields[] = {
	REG_BIT("EN", 0),
	REG_BITS("CSS", 6, 4),
	REG_BITS("MPS", 10, 7),
	REG_BITS("AMS", 13, 11),
	{ .name = "SHN", .lo = 14, .hi = 15, .values = shutdowns },
	REG_BITS("IOSQES", 19, 16),
	REG_BITS("IOCQES", 23, 20),
	{ 0 },
};
static const char *const shutdown_states[] = { "none", "under_way", "complete", NULL };
static const struct reg_field csts_fields[] = {
	REG_BIT("RDY", 0),
	REG_BIT("CFS", 1),
	{ .name = "SHST", .lo = 2, .hi = 3, .values = shutdown_states },
	REG_BIT("NSSRO", 4),
	REG_BIT("PP", 5),
	{ 0 },
};
static const struct reg_field aqa_fields[] = {
	REG_BITS("ASQS", 11, 0),
	REG_BITS("ACQS", 27, 16),
	{ 0 },
};

/* What this controller has not got reads as zero, and that is how a driver learns of it. */
#define NONE(name_, offset_, width_, help_)                                                        \
	{                                                                                          \
		.name = name_, .offset = offset_, .width = width_, .access = REG_RO, .help = help_ \
	}
#define DOORBELL(name_, index_, help_)                                                         \
	{                                                                                      \
		.name = name_, .offset = NVME_REG_DOORBELLS + sizeof(uint32_t) * (index_),     \
		.width = 4,                                                                    \
		.state_offset = offsetof(struct nvme, doorbell) + sizeof(uint32_t) * (index_), \
		.write = write_doorbell, .help = help_                                         \
	}
#define DOORBELLS(n_)                                                           \
	DOORBELL("SQ" #n_ "TDBL", 2ul * (n_), "tail of submission queue " #n_), \
		DOORBELL("CQ" #n_ "HDBL", 2ul * (n_) + 1, "head of completion queue " #n_)

/* clang-format off */
static const struct reg nvme_regs[] = {
	{ .name = "CAP", .offset = NVME_REG_CAP, .width = 8, .access = REG_RO,
	  .reset = (NVME_ENTRIES_MAX - 1) | NVME_CAP_CQR | NVME_CAP_TO(READY_TIME) |
		   NVME_CAP_NSSRS | NVME_CAP_CSS_NVM | NVME_CAP_MPSMAX(NVME_MPS_MAX),
	  .fields = cap_fields, .help = "what the controller can do" },
	{ .name = "VS", .offset = NVME_REG_VS, .width = 4, .access = REG_RO,
	  .reset = NVME_VERSION, .fields = vs_fields, .help = "version of the specification" },
	{ .name = "INTMS", .offset = NVME_REG_INTMS, .width = 4, REG_STATE(struct nvme, int_mask),
	  .write = write_mask, .help = "writing a one masks the interrupt (not of MSI-X)" },
	{ .name = "INTMC", .offset = NVME_REG_INTMC, .width = 4, REG_STATE(struct nvme, int_mask),
	  .write = write_mask, .help = "… and here unmasks it" },
	{ .name = "CC", .offset = NVME_REG_CC, .width = 4, REG_STATE(struct nvme, cc),
	  .fields = cc_fields, .write = write_cc, .help = "what the driver wants" },
	{ .name = "CSTS", .offset = NVME_REG_CSTS, .width = 4, REG_STATE(struct nvme, csts),
	  .access = REG_W1C, .fields = csts_fields, .write = write_csts,
	  .help = "what the controller says; NSSRO alone can be cleared" },
	{ .name = "NSSR", .offset = NVME_REG_NSSR, .width = 4, REG_STATE(struct nvme, nssr),
	  .write = write_nssr, .help = "0x4e564d65 resets the subsystem; reads as 0" },
	{ .name = "AQA", .offset = NVME_REG_AQA, .width = 4, REG_STATE(struct nvme, aqa),
	  .fields = aqa_fields, .help = "entries of the admin queues, less one" },
	{ .name = "ASQ", .offset = NVME_REG_ASQ, .width = 8, REG_STATE(struct nvme, asq),
	  .help = "where the admin submission queue is" },
	{ .name = "ACQ", .offset = NVME_REG_ACQ, .width = 8, REG_STATE(struct nvme, acq),
	  .help = "where the admin completion queue is" },
	NONE("CMBLOC", NVME_REG_CMBLOC, 4, "no controller memory buffer"),
	NONE("CMBSZ", NVME_REG_CMBSZ, 4, "… of no size"),
	NONE("BPINFO", NVME_REG_BPINFO, 4, "no boot partition"),
	NONE("CMBMSC", NVME_REG_CMBMSC, 8, "no controller memory buffer"),
	NONE("PMRCAP", NVME_REG_PMRCAP, 4, "no persistent memory region"),
	DOORBELLS(0), DOORBELLS(1), DOORBELLS(2), DOORBELLS(3), DOORBELLS(4),
	DOORBELLS(5), DOORBELLS(6), DOORBELLS(7), DOORBELLS(8),
	{ 0 },
};
/* clang-format on */
_Static_assert(NVME_QUEUES == 9, "a row for each doorbell");

/* ---- life ---- */

static int nvme_create(struct device *dev, struct error *err)
{
	return nvme_controller_create(to_nvme(dev), err);
}

static void nvme_destroy(struct device *dev)
{
	block_remove(dev->m, &to_nvme(dev)->block);
	nvme_controller_destroy(to_nvme(dev));
}

static int nvme_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class nvme = {
	.name = "nvme",
	.stem = "nvme",
	.help = "NVMe disk",
	.faults = FAULT_BIT(FAULT_ERROR) | FAULT_BIT(FAULT_TIMEOUT),
	.size = sizeof(struct nvme),
	.space = SPACE_SIZE,
	.regs = nvme_regs,
	.add = nvme_add,
	.create = nvme_create,
	.destroy = nvme_destroy,
	.reset = nvme_reset,
	.describe = nvme_describe,
};
DEVICE_CLASS(nvme);

static int find_drive(struct nvme *n, struct optlist *opts, struct error *err)
{
	const char *id = optlist_get(opts, "drive");
	const struct machine_drive *d = n->dev.m->cfg->drives;

	if (!id)
		return error_set(err, -EINVAL,
				 "-device nvme: drive=ID is missing, the id of a -drive "
				 "file=FILE,if=none,id=ID");
	while (d && d->id && strcmp(d->id, id) != 0)
		d++;
	if (!d || !d->id)
		return error_set(err, -ENOENT, "-device nvme: no -drive has the id '%.40s'", id);
	n->drive = d;
	return 0;
}

static int configure(struct nvme *n, struct optlist *opts, struct error *err)
{
	unsigned vcpus = n->dev.m->cfg->max_vcpus;
	uint64_t queues = vcpus < 1 ? 1 : vcpus < NVME_IO_QUEUES_MAX ? vcpus : NVME_IO_QUEUES_MAX;
	const char *serial = optlist_get(opts, "serial");
	uint64_t block = BLOCK_MIN;
	int ret = optlist_number(opts, "max_ioqpairs", 1, NVME_IO_QUEUES_MAX, &queues, err);

	if (!ret)
		ret = optlist_number(opts, "logical_block_size", BLOCK_MIN, BLOCK_MAX, &block, err);
	if (ret)
		return ret;
	if (block & (block - 1))
		return error_set(err, -EINVAL,
				 "-device nvme: logical_block_size=%llu is no power of two",
				 (unsigned long long)block);
	if (serial && strlen(serial) > SERIAL_MAX)
		return error_set(err, -EINVAL, "-device nvme: serial=%.40s: at most %d letters",
				 serial, SERIAL_MAX);
	snprintf(n->serial, sizeof(n->serial), "%.*s", SERIAL_MAX, serial ? serial : n->drive->id);
	n->io_queues = (unsigned)queues;
	n->block_shift = (unsigned)__builtin_ctzll(block);
	return 0;
}

static int open_disk(struct nvme *n, struct error *err)
{
	int ret = disk_open(&n->disk, n->drive, err);

	if (ret) {
		error_prefix(err, "-drive");
		return ret;
	}
	n->blocks = disk_size(n->disk) >> n->block_shift;
	if (disk_size(n->disk) & ((1u << n->block_shift) - 1))
		return error_set(err, -EINVAL,
				 "%s: its size is no multiple of logical_block_size=%u",
				 n->drive->file, 1u << n->block_shift);
	return 0;
}

static int add_function(struct nvme *n, struct error *err)
{
	int ret = pci_add(&n->dev, &n->func, &nvme_id, err);

	if (!ret)
		ret = pci_add_bar(&n->func, BAR, PCI_BAR_MEM64, SPACE_SIZE, 0, err);
	if (!ret)
		ret = pci_add_msix(&n->func, BAR_MSIX, n->io_queues + 1, err);
	if (!ret)
		pci_add_intx(&n->func);
	return ret;
}

static int nvme_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct nvme *n = (struct nvme *)device_new(m, &nvme, -1, err);
	int ret;

	if (!n)
		return -EIO;
	ret = find_drive(n, opts, err);
	if (!ret)
		ret = configure(n, opts, err);
	if (!ret)
		ret = open_disk(n, err);
	if (!ret)
		ret = add_function(n, err);
	if (!ret)
		ret = nvme_controller_start(n, err);
	if (ret)
		return ret;
	n->block = (struct block){ .dev = &n->dev, .info = nvme_block_info };
	block_add(m, &n->block);
	return 0;
}
