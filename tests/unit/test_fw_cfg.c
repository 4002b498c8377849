// SPDX-License-Identifier: GPL-3.0-or-later
/* fw_cfg: its files by ports and by requests in memory, hostile ones, and the vmcoreinfo that a
 * guest leaves. */
#include <criterion/criterion.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/vmcoreinfo.h"
#include "tests/unit/fake_machine.h"

#define SELECTOR 0x510
#define DATA	 0x511
#define DMA_HIGH 0x514
#define DMA_LOW	 0x518

#define DMA_ERROR  0x01u
#define DMA_READ   0x02u
#define DMA_SKIP   0x04u
#define DMA_SELECT 0x08u
#define DMA_WRITE  0x10u

#define DIRECTORY  0x0019
#define VMCOREINFO 0x0020 /* the first file */
#define TEXT	   0x0021
#define FROM_FILE  0x0022

#define RAM	(4ull << 20)
#define REQUEST 0x1000
#define BUFFER	0x2000

static struct fake *f;
static char path[64];
static struct machine_blob blobs[3];

static void setup(void)
{
	struct error err = { "" };
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/vitrine-fwcfg-%d", getpid());
	file = fopen(path, "wb");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite("from\0file", 9, 1, file), 1u);
	fclose(file);
	blobs[0] = (struct machine_blob){ .name = "opt/text", .text = "forty-two" };
	blobs[1] = (struct machine_blob){ .name = "opt/file", .path = path };
	f = fake_create();
	cr_assert_not_null(f);
	f->cfg.fw_cfg = blobs;
	cr_assert_eq(memory_create(&f->m.ram, -1, RAM, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(f));
}

static void teardown(void)
{
	memory_destroy(f->m.ram);
	f->m.ram = NULL;
	fake_destroy(f);
	unlink(path);
}

TestSuite(fw_cfg, .init = setup, .fini = teardown, .timeout = 20);

/* ---- by ports ---- */

static void get(unsigned key, void *buf, size_t len)
{
	uint8_t *p = buf;

	fake_out(f, SELECTOR, 2, key);
	while (len--)
		*p++ = (uint8_t)fake_in(f, DATA, 1);
}

Test(fw_cfg, is_there)
{
	char signature[5] = "";
	uint32_t features;

	get(0, signature, 4);
	cr_expect_str_eq(signature, "QEMU");
	get(1, &features, sizeof(features));
	cr_expect_eq(le32toh(features), 3u, "bytes and requests");
	cr_expect_eq(htole32((uint32_t)fake_in(f, DMA_HIGH, 4)), htobe32(0x51454d55));
	cr_expect_eq(htole32((uint32_t)fake_in(f, DMA_LOW, 4)), htobe32(0x20434647));
}

Test(fw_cfg, directory)
{
	struct {
		uint32_t count;
		struct {
			uint32_t size;
			uint16_t select, reserved;
			char name[56];
		} entry[4];
	} dir;
	static const struct {
		const char *name;
		unsigned key, size;
	} want[] = {
		{ "etc/vmcoreinfo", VMCOREINFO, 16 },
		{ "opt/text", TEXT, 9 },
		{ "opt/file", FROM_FILE, 9 },
	};

	get(DIRECTORY, &dir, sizeof(dir));
	cr_assert_eq(be32toh(dir.count), 3u);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_str_eq(dir.entry[i].name, want[i].name);
		cr_expect_eq(be16toh(dir.entry[i].select), want[i].key);
		cr_expect_eq(be32toh(dir.entry[i].size), want[i].size);
	}
	cr_expect_eq(dir.entry[3].name[0], 0, "zeroes past the end");
}

Test(fw_cfg, files)
{
	char text[12];

	get(TEXT, text, 12);
	cr_expect_arr_eq(text, "forty-two\0\0", 12);
	get(FROM_FILE, text, 9);
	cr_expect_arr_eq(text, "from\0file", 9);
	get(0x1234, text, 4);
	cr_expect_arr_eq(text, "\0\0\0", 4, "there is no such item");
	fake_out(f, SELECTOR, 2, TEXT);
	cr_expect_eq(fake_peek(f, DATA, 1), 'f');
	fake_out(f, DATA, 1, 0xff);
	cr_expect_eq(fake_in(f, DATA, 1), 'f', "data cannot be written by port");
	devices_reset(&f->m);
	cr_expect_eq(fake_in(f, DATA, 1), 'Q', "a reset selects the signature");
}

static bool refused(const struct machine_blob *list, const char *says)
{
	struct fake *other = fake_create();
	struct error err = { "" };
	bool is;

	other->cfg.fw_cfg = list;
	is = devices_create(&other->m, &other->cfg, &err) && strstr(err.text, says);
	fake_destroy(other);
	return is;
}

Test(fw_cfg, files_that_cannot_be)
{
	struct machine_blob many[80] = { { 0 } };
	static char names[79][8];

	blobs[1] = (struct machine_blob){ .name = "opt/text", .text = "" };
	cr_expect(refused(blobs, "two files 'opt/text'"));
	blobs[1] = (struct machine_blob){ .name = "opt/no", .path = "/tmp/vitrine-there-is-none" };
	cr_expect(refused(blobs, "/tmp/vitrine-there-is-none"));
	for (int i = 0; i < 79; i++) {
		snprintf(names[i], sizeof(names[i]), "opt/%d", i);
		many[i] = (struct machine_blob){ .name = names[i], .text = "x" };
	}
	cr_expect(refused(many, "more than"));
	blobs[1] = (struct machine_blob){ 0 };
}

/* ---- by requests ---- */

static void put_request(uint64_t at, uint32_t control, uint32_t length, uint64_t address)
{
	const struct {
		uint32_t control, length;
		uint64_t address;
	} r = { htobe32(control), htobe32(length), htobe64(address) };

	memory_write(f->m.ram, at, &r, sizeof(r));
	fake_out(f, DMA_HIGH, 4, htobe32((uint32_t)(at >> 32)));
	fake_out(f, DMA_LOW, 4, htobe32((uint32_t)at));
}

/* The control word that the device leaves. */
static uint32_t request(uint32_t control, uint32_t length, uint64_t address)
{
	uint32_t result = 0xffffffff;

	put_request(REQUEST, control, length, address);
	memory_read(f->m.ram, REQUEST, &result, sizeof(result));
	return be32toh(result);
}

#define SELECT(key) ((uint32_t)(key) << 16 | DMA_SELECT)

Test(fw_cfg, a_request_reads)
{
	char got[16];

	memset(memory_ptr(f->m.ram, BUFFER, 16), 'z', 16);
	cr_expect_eq(request(SELECT(TEXT) | DMA_READ, 5, BUFFER), 0u);
	cr_expect_eq(request(DMA_SKIP, 1, 0), 0u);
	cr_expect_eq(request(DMA_READ, 8, BUFFER + 5), 0u);
	memory_read(f->m.ram, BUFFER, got, sizeof(got));
	cr_expect_arr_eq(got,
			 "forty"
			 "two"
			 "\0\0\0\0\0"
			 "zzz",
			 16);
	cr_expect_eq(request(SELECT(0x1234) | DMA_READ, 4, BUFFER), 0u);
	memory_read(f->m.ram, BUFFER, got, 5);
	cr_expect_arr_eq(got, "\0\0\0\0y", 5, "no such item: zeroes");
}

Test(fw_cfg, a_request_writes_vmcoreinfo_alone)
{
	cr_expect_eq(request(SELECT(TEXT) | DMA_WRITE, 4, BUFFER), DMA_ERROR);
	cr_expect_eq(request(SELECT(DIRECTORY) | DMA_WRITE, 4, BUFFER), DMA_ERROR);
	cr_expect_eq(request(SELECT(0x1234) | DMA_WRITE, 4, BUFFER), DMA_ERROR);
	cr_expect_eq(request(SELECT(VMCOREINFO) | DMA_WRITE, 17, BUFFER), DMA_ERROR, "too long");
	cr_expect_eq(request(SELECT(VMCOREINFO) | DMA_SKIP, 8, BUFFER), 0u);
	cr_expect_eq(request(DMA_WRITE, 9, BUFFER), DMA_ERROR, "too long from there");
	cr_expect_eq(request(DMA_WRITE, UINT32_MAX, BUFFER), DMA_ERROR);
	cr_expect_eq(request(DMA_WRITE, 8, BUFFER), 0u);
	cr_expect_eq(request(DMA_WRITE, 1, BUFFER), DMA_ERROR, "at the end");
}

Test(fw_cfg, hostile_requests)
{
	static const uint64_t nowhere[] = { RAM,	RAM - 4,	0xc0000000,
					    UINT64_MAX, UINT64_MAX - 7, 0x8000000000000000ull };
	struct device *dev = device_find(&f->m, "fwcfg0");

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		put_request(nowhere[i], SELECT(TEXT) | DMA_READ, 9, BUFFER);
		cr_expect_eq(request(SELECT(TEXT) | DMA_READ, 9, nowhere[i]), DMA_ERROR, "%zu", i);
		cr_expect_eq(request(SELECT(VMCOREINFO) | DMA_WRITE, 16, nowhere[i]), DMA_ERROR,
			     "%zu", i);
	}
	cr_expect_eq(request(SELECT(TEXT) | DMA_READ, UINT32_MAX, BUFFER), DMA_ERROR);
	cr_expect_eq(request(SELECT(TEXT) | DMA_SKIP, UINT32_MAX, 0), 0u);
	cr_expect_eq(request(DMA_SKIP, UINT32_MAX, 0), 0u);
	cr_expect_eq(fake_in(f, DATA, 1), 0u);
	cr_expect_eq(request(SELECT(TEXT) | DMA_READ, 0, UINT64_MAX), 0u, "nothing, from nowhere");
	/* Over itself: the result comes last. */
	cr_expect_eq(request(SELECT(TEXT) | DMA_READ, 9, REQUEST), 0u);
	cr_expect_eq(device_reg_peek(dev, device_reg_find(dev, "vmcoreinfo_guest")), 0u);
}

/* ---- what the guest says of itself ---- */

#define NOTE 0x3000

static struct strbuf text = STRBUF_INIT;
static struct error err;

static int tell(unsigned format, uint32_t size, uint64_t gpa)
{
	const struct {
		uint16_t host, guest;
		uint32_t size;
		uint64_t paddr;
	} info = { 0, (uint16_t)format, size, gpa };

	memory_write(f->m.ram, BUFFER, &info, sizeof(info));
	cr_assert_eq(request(SELECT(VMCOREINFO) | DMA_WRITE, sizeof(info), BUFFER), 0u);
	strbuf_clear(&text);
	return vmcoreinfo_read(&f->m, &text, &gpa, &err);
}

static void put_note(const char *name, uint32_t descsz, const char *desc)
{
	uint32_t head[3] = { (uint32_t)strlen(name) + 1, descsz, 0 };

	memory_write(f->m.ram, NOTE, head, sizeof(head));
	memory_write(f->m.ram, NOTE + 12, name, strlen(name) + 1);
	memory_write(f->m.ram, NOTE + 24, desc, strlen(desc));
}

Test(fw_cfg, vmcoreinfo)
{
	static const char lines[] = "OSRELEASE=6.1\nPAGESIZE=4096\n\033[2J\n";
	uint64_t gpa = 0;

	cr_expect_eq(vmcoreinfo_read(&f->m, &text, &gpa, &err), -ENOENT);
	cr_expect(strstr(err.text, "qemu_fw_cfg"), "%s", err.text);
	put_note("VMCOREINFO", sizeof(lines) - 1, lines);
	cr_expect_eq(tell(1, 4096, NOTE), 0, "%s", err.text);
	cr_expect_str_eq(strbuf_str(&text), "OSRELEASE=6.1\nPAGESIZE=4096\n?[2J\n");
	cr_expect_eq(tell(1, 24 + sizeof(lines) - 1, NOTE), 0, "just big enough");
	cr_expect_eq(tell(1, 24 + sizeof(lines) - 2, NOTE), -EINVAL, "cut off");
	cr_expect_eq(tell(0, 4096, NOTE), -ENOENT, "taken back");
	devices_reset(&f->m);
	cr_expect_eq(vmcoreinfo_read(&f->m, &text, &gpa, &err), -ENOENT);
	strbuf_free(&text);
}

Test(fw_cfg, vmcoreinfo_that_is_none)
{
	put_note("VMCOREINFO", 4, "a=b\n");
	cr_expect_eq(tell(1, UINT32_MAX, NOTE), -EINVAL);
	cr_expect_eq(tell(1, 0, NOTE), -EINVAL);
	cr_expect_eq(tell(1, 4096, NOTE + 4), -EINVAL);
	cr_expect_eq(tell(1, 4096, RAM), -EINVAL);
	cr_expect_eq(tell(1, 4096, RAM - 12), -EINVAL);
	cr_expect_eq(tell(1, 4096, UINT64_MAX), -EINVAL);
	cr_expect_eq(tell(1, 4096, NOTE), 0, "%s", err.text);
	put_note("VMCOREINFO", UINT32_MAX, "a=b\n");
	cr_expect_eq(tell(1, 4096, NOTE), -EINVAL);
	put_note("VMCOREINFO", 4000, "a=b\n");
	cr_expect_eq(tell(1, 4000, NOTE), -EINVAL, "longer than the note");
	put_note("VMCOREINFA", 4, "a=b\n");
	cr_expect_eq(tell(1, 4096, NOTE), -EINVAL);
	strbuf_free(&text);
}
