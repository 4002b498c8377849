// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * fw_cfg: named byte strings from the person who starts the machine to the guest's kernel, and one
 * the other way, by QEMU's published interface (docs/specs/fw_cfg.rst).
 *
 *   0x510  which item        0x514  where in memory a request lies; a write to the second half
 *   0x511  its next byte     0x518  executes it
 *
 * ACPI has it as QEMU0002 (hv/arch/x86/dsdt.asl); Linux's module qemu_fw_cfg shows the files below
 * /sys/firmware/qemu_fw_cfg. The only file that a guest can write is etc/vmcoreinfo: with it a
 * kernel says where the note is that describes it (QEMU's docs/specs/vmcoreinfo.rst). What a
 * debugger makes of it is in hv/vmcoreinfo.c.
 *
 * A request can name any address and length. What is not RAM, or not all of a file that can be
 * written, is an error in the request's control word; a request that is not in RAM itself is
 * dropped.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "devices/parts/fw_cfg_items.h"
#include "hv/device.h"
#include "hv/dma.h"
#include "hv/machine.h"
#include "hv/trace.h"

#define FW_CFG_PORT 0x510

/* Register space: the ports, then the file that the guest writes. */
enum {
	SPACE_SELECTOR = 0,
	SPACE_DATA = 1,
	SPACE_DMA_HIGH = 4,
	SPACE_DMA_LOW = 8,
	SPACE_PORTS = 12,
	SPACE_VMCOREINFO = 0x10,
	SPACE_SIZE = 0x20,
};

/* "Guest-side DMA Interface" */
#define DMA_ERROR  0x01
#define DMA_READ   0x02
#define DMA_SKIP   0x04
#define DMA_SELECT 0x08
#define DMA_WRITE  0x10

/* Numbers are big endian. */
struct dma_request {
	uint32_t control, length;
	uint64_t address;
};

/* vmcoreinfo.rst; numbers are little endian, as the processor's. */
#define VMCOREINFO_ELF 1
struct vmcoreinfo {
	uint16_t host_format, guest_format;
	uint32_t size;
	uint64_t paddr;
};

struct fw_cfg {
	struct device dev;
	uint16_t selector;
	uint32_t offset;	    /* in the selected item; never past its end */
	uint32_t dma_high, dma_low; /* big endian, as the guest wrote them */
	struct vmcoreinfo vmcoreinfo;
	struct fw_cfg_items items;
};

static struct fw_cfg *to_fw_cfg(struct device *dev)
{
	return (struct fw_cfg *)dev;
}

static void select_item(struct fw_cfg *f, uint16_t key)
{
	f->selector = key;
	f->offset = 0;
}

/* What is left of the selected item. */
static uint32_t rest(const struct fw_cfg *f, const uint8_t **data)
{
	const struct fw_cfg_item *item = fw_cfg_item_at(&f->items, f->selector);

	*data = item ? item->data + f->offset : NULL;
	return item ? item->len - f->offset : 0;
}

/* ---- requests in memory ---- */

static bool from_memory(struct fw_cfg *f, uint64_t gpa, void *buf, size_t len)
{
	return f->dev.m->ram && !dma_read(&f->dev, gpa, buf, len);
}

static bool to_memory(struct fw_cfg *f, uint64_t gpa, const void *buf, size_t len)
{
	return f->dev.m->ram && !dma_write(&f->dev, gpa, buf, len);
}

/* Past the end of an item there are zeroes. */
static bool read_item(struct fw_cfg *f, uint64_t gpa, uint32_t length)
{
	static const uint8_t zeroes[4096];
	const uint8_t *data;
	uint32_t left = rest(f, &data), n = length < left ? length : left;

	if (n && !to_memory(f, gpa, data, n))
		return false;
	f->offset += n;
	for (gpa += n, length -= n; length; gpa += n, length -= n) {
		n = length < sizeof(zeroes) ? length : (uint32_t)sizeof(zeroes);
		if (!to_memory(f, gpa, zeroes, n))
			return false;
	}
	return true;
}

static bool write_item(struct fw_cfg *f, uint64_t gpa, uint32_t length)
{
	const struct fw_cfg_item *item = fw_cfg_item_at(&f->items, f->selector);

	if (!item || !item->writable || length > item->len - f->offset)
		return false;
	if (length && !from_memory(f, gpa, item->data + f->offset, length))
		return false;
	f->offset += length;
	return true;
}

static void skip_item(struct fw_cfg *f, uint32_t length)
{
	const uint8_t *data;
	uint32_t left = rest(f, &data);

	f->offset += length < left ? length : left;
}

/* False: the error bit. */
static bool execute(struct fw_cfg *f, uint32_t control, uint32_t length, uint64_t gpa)
{
	if (control & DMA_SELECT)
		select_item(f, (uint16_t)(control >> 16));
	if (control & DMA_READ)
		return read_item(f, gpa, length);
	if (control & DMA_WRITE)
		return write_item(f, gpa, length);
	if (control & DMA_SKIP)
		skip_item(f, length);
	return true;
}

static void run_request(struct fw_cfg *f)
{
	uint64_t at = (uint64_t)be32toh(f->dma_high) << 32 | be32toh(f->dma_low);
	struct dma_request r;
	uint32_t result;
	bool ok;

	f->dma_high = f->dma_low = 0;
	if (!from_memory(f, at, &r, sizeof(r))) {
		trace(TRACE_DEVICE, "%s: no request in RAM at 0x%llx", f->dev.name,
		      (unsigned long long)at);
		return;
	}
	ok = execute(f, be32toh(r.control), be32toh(r.length), be64toh(r.address));
	trace(TRACE_DEVICE, "%s: request 0x%x of item 0x%04x, %u bytes at 0x%llx%s", f->dev.name,
	      be32toh(r.control), f->selector, be32toh(r.length),
	      (unsigned long long)be64toh(r.address), ok ? "" : ": error");
	result = htobe32(ok ? 0 : DMA_ERROR);
	to_memory(f, at, &result, sizeof(result));
}

/* ---- registers ---- */

static void write_selector(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	select_item(to_fw_cfg(dev), (uint16_t)value);
}

static uint64_t peek_data(const struct device *dev, const struct reg *reg)
{
	const uint8_t *data;

	(void)reg;
	return rest((const struct fw_cfg *)dev, &data) ? *data : 0;
}

static uint64_t read_data(struct device *dev, const struct reg *reg)
{
	struct fw_cfg *f = to_fw_cfg(dev);
	const uint8_t *data;

	(void)reg;
	if (!rest(f, &data))
		return 0;
	f->offset++;
	return *data;
}

/* "Writes ignored"; without it they would go to the selector, whose second byte lies here. */
static void write_data(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)dev;
	(void)reg;
	(void)value;
}

/* "QEMU CFG", which says that there are requests. */
static uint64_t read_dma(struct device *dev, const struct reg *reg)
{
	(void)dev;
	return htobe32(reg->offset == SPACE_DMA_HIGH ? 0x51454d55 : 0x20434647);
}

static void write_dma_low(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct fw_cfg *f = to_fw_cfg(dev);

	(void)reg;
	f->dma_low = (uint32_t)value;
	run_request(f);
}

static const char *const formats[] = { "none", "elf", NULL, NULL };
static const struct reg_field format_fields[] = {
	{ .name = "FORMAT", .lo = 0, .hi = 1, .values = formats },
	{ 0 },
};

/* clang-format off */
static const struct reg fw_cfg_regs[] = {
	{ .name = "selector", .offset = SPACE_SELECTOR, .width = 2, .access = REG_WO,
	  REG_STATE(struct fw_cfg, selector), .write = write_selector,
	  .help = "which item: 0x0019 is the directory, files begin at 0x0020" },
	{ .name = "data", .offset = SPACE_DATA, .width = 1, .peek = peek_data, .read = read_data,
	  .write = write_data,
	  .help = "the item's next byte; zero past its end" },
	{ .name = "dma_high", .offset = SPACE_DMA_HIGH, .width = 4,
	  REG_STATE(struct fw_cfg, dma_high), .read = read_dma,
	  .help = "where a request lies, upper half, big endian; reads as a signature" },
	{ .name = "dma_low", .offset = SPACE_DMA_LOW, .width = 4,
	  REG_STATE(struct fw_cfg, dma_low), .read = read_dma, .write = write_dma_low,
	  .help = "the lower half; a write executes it" },
	{ .name = "vmcoreinfo_host", .offset = SPACE_VMCOREINFO, .width = 2,
	  .reset = VMCOREINFO_ELF, REG_STATE(struct fw_cfg, vmcoreinfo.host_format),
	  .fields = format_fields,
	  .help = "etc/vmcoreinfo: what notes are understood" },
	{ .name = "vmcoreinfo_guest", .offset = SPACE_VMCOREINFO + 2, .width = 2,
	  REG_STATE(struct fw_cfg, vmcoreinfo.guest_format), .fields = format_fields,
	  .help = "etc/vmcoreinfo: what the guest has; none: it has not said" },
	{ .name = "vmcoreinfo_size", .offset = SPACE_VMCOREINFO + 4, .width = 4,
	  REG_STATE(struct fw_cfg, vmcoreinfo.size),
	  .help = "etc/vmcoreinfo: bytes of the guest's note" },
	{ .name = "vmcoreinfo_addr", .offset = SPACE_VMCOREINFO + 8, .width = 8,
	  REG_STATE(struct fw_cfg, vmcoreinfo.paddr),
	  .help = "etc/vmcoreinfo: its physical address" },
	{ 0 },
};
/* clang-format on */

/* ---- life ---- */

static void fw_cfg_reset(struct device *dev)
{
	select_item(to_fw_cfg(dev), 0);
}

static int add_blobs(struct fw_cfg *f, const struct machine_blob *blob, struct error *err)
{
	int ret = 0;

	for (; !ret && blob && blob->name; blob++)
		ret = blob->path ? fw_cfg_items_add_file(&f->items, blob->name, blob->path, err)
				 : fw_cfg_items_add(&f->items, blob->name, blob->text,
						    (uint32_t)strlen(blob->text), err);
	return ret;
}

static int fw_cfg_create(struct device *dev, struct error *err)
{
	struct fw_cfg *f = to_fw_cfg(dev);
	int ret = fw_cfg_items_init(&f->items, err);

	if (!ret)
		ret = fw_cfg_items_add_writable(&f->items, "etc/vmcoreinfo", &f->vmcoreinfo,
						sizeof(f->vmcoreinfo), err);
	if (!ret)
		ret = add_blobs(f, dev->m->cfg->fw_cfg, err);
	if (ret)
		fw_cfg_items_free(&f->items);
	return ret;
}

static void fw_cfg_destroy(struct device *dev)
{
	fw_cfg_items_free(&to_fw_cfg(dev)->items);
}

static int fw_cfg_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class fw_cfg = {
	.name = "fw_cfg",
	.stem = "fwcfg",
	.help = "named byte strings for the guest, and where its vmcoreinfo is",
	.compatible = "vitrine,fw-cfg",
	.size = sizeof(struct fw_cfg),
	.space = SPACE_SIZE,
	.regs = fw_cfg_regs,
	.probe = fw_cfg_probe,
	.create = fw_cfg_create,
	.destroy = fw_cfg_destroy,
	.reset = fw_cfg_reset,
};
DEVICE_CLASS(fw_cfg);

static int fw_cfg_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	(void)cfg;
	return device_add(m, &fw_cfg, true, FW_CFG_PORT, SPACE_PORTS, -1, err) ? 0 : -EIO;
}
