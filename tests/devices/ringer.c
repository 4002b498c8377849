// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ringer: a PCI device for tests of doorbells and MSI-X. Each of its four doorbells is served by a
 * thread of its own, which counts and sends the vector of that number. tests/guests/ringer is its
 * driver.
 *
 *   BAR 0, 4 KiB, 64-bit prefetchable   0x00-0x0c    how often each was served
 *                                       0x10         how many rings came with an exit
 *                                       0x100-0x10c  doorbells
 *   BAR 2                               MSI-X
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hv/device.h"
#include "hv/doorbell.h"
#include "hv/machine.h"
#include "hv/pci.h"

#define BELLS 4

enum { SPACE_SERVED = 0x00, SPACE_EXITS = 0x10, SPACE_BELL = 0x100, SPACE_SIZE = 0x1000 };

static const struct pci_id ringer_id = { 0x1234, 0x5249, 0x00ff00, 1 };

struct ringer {
	struct device dev;
	struct pci_func func;
	uint32_t served[BELLS]; /* atomic */
	uint32_t exits;
	struct doorbell *bell[BELLS];
	int quit; /* eventfd; -1: no thread runs */
	pthread_t thread;
};

static void *serve(void *opaque)
{
	struct ringer *r = opaque;
	struct pollfd fds[BELLS + 1];
	uint64_t n;

	for (unsigned i = 0; i < BELLS; i++)
		fds[i] = (struct pollfd){ .fd = doorbell_fd(r->bell[i]), .events = POLLIN };
	fds[BELLS] = (struct pollfd){ .fd = r->quit, .events = POLLIN };
	while (poll(fds, BELLS + 1, -1) >= 0 || errno == EINTR) {
		if (fds[BELLS].revents)
			break;
		for (unsigned i = 0; i < BELLS; i++) {
			if (read(fds[i].fd, &n, sizeof(n)) != sizeof(n))
				continue;
			__atomic_add_fetch(&r->served[i], 1, __ATOMIC_SEQ_CST);
			pci_msix_notify(&r->func, i);
		}
	}
	return NULL;
}

static void write_bell(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg, (void)value;
	((struct ringer *)dev)->exits++;
}

static const struct reg ringer_regs[] = {
	{ .name = "served",
	  .offset = SPACE_SERVED,
	  .width = 4,
	  .count = BELLS,
	  .access = REG_RO,
	  REG_STATE(struct ringer, served) },
	{ .name = "exits",
	  .offset = SPACE_EXITS,
	  .width = 4,
	  .access = REG_RO,
	  REG_STATE(struct ringer, exits) },
	{ .name = "bell",
	  .offset = SPACE_BELL,
	  .width = 4,
	  .count = BELLS,
	  .access = REG_WO,
	  .write = write_bell },
	{ 0 },
};

static int ringer_create(struct device *dev, struct error *err)
{
	(void)err;
	((struct ringer *)dev)->quit = -1;
	return 0;
}

static void ringer_destroy(struct device *dev)
{
	struct ringer *r = (struct ringer *)dev;

	if (r->quit < 0)
		return;
	if (write(r->quit, &(uint64_t){ 1 }, sizeof(uint64_t)) == sizeof(uint64_t))
		pthread_join(r->thread, NULL);
	close(r->quit);
}

static int ringer_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class ringer = {
	.name = "ringer",
	.stem = "ringer",
	.help = "doorbells and MSI-X, for tests",
	.size = sizeof(struct ringer),
	.space = SPACE_SIZE,
	.regs = ringer_regs,
	.add = ringer_add,
	.create = ringer_create,
	.destroy = ringer_destroy,
};
DEVICE_CLASS(ringer);

static int start_thread(struct ringer *r, struct error *err)
{
	r->quit = eventfd(0, EFD_CLOEXEC);
	if (r->quit >= 0 && !pthread_create(&r->thread, NULL, serve, r))
		return 0;
	if (r->quit >= 0)
		close(r->quit);
	r->quit = -1;
	return error_set(err, -EAGAIN, "%s: no thread", r->dev.name);
}

static int ringer_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct device *dev = device_new(m, &ringer, -1, err);
	struct ringer *r = (struct ringer *)dev;
	int ret;

	(void)opts;
	if (!dev)
		return -EIO;
	ret = pci_add(dev, &r->func, &ringer_id, err);
	if (!ret)
		ret = pci_add_bar(&r->func, 0, PCI_BAR_PREF64, SPACE_SIZE, 0, err);
	if (!ret)
		ret = pci_add_msix(&r->func, 2, BELLS, err);
	for (unsigned i = 0; !ret && i < BELLS; i++)
		ret = pci_doorbell(&r->func, 0, SPACE_BELL + 4 * i, 4, NULL, &r->bell[i], err);
	return ret ? ret : start_thread(r, err);
}
