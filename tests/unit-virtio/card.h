/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A virtio driver for tests, as virtio_pci and virtio_mmio are: it gets at the registers through
 * the bus of a machine without KVM. On PCI it finds the structures by their capabilities. Which of
 * the two a card is on, a test sees only where it asks.
 */
#ifndef TESTS_UNIT_VIRTIO_CARD_H
#define TESTS_UNIT_VIRTIO_CARD_H

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "devices/virtio/virtio.h"
#include "hv/pci.h"
#include "tests/unit-virtio/driver.h"
#include "tests/unit/fake_machine.h"

#define CARD_RAM   0x200000u
#define CARD_RINGS 0x10000u /* 64 KiB for each queue */
#define CARD_DATA  0x100000u
#define CARD_MSI   0x4000u /* the data of vector 0 */

struct card {
	struct fake *f;
	struct device *dev;
	struct pci_func *fn; /* NULL: it is on MMIO */
	uint64_t common, isr, config, notify, msix;
	uint32_t multiplier;
	struct driver queue[VIRTIO_QUEUES_MAX];
};

/* A machine with `-device OPTION` for each of @options (ends with NULL); the card is the one of
 * that @name. */
void card_open(struct card *c, const char *const *options, const char *name);
/* … and `-netdev` for each of @netdevs. */
void card_open_net(struct card *c, const char *const *netdevs, const char *const *options,
		   const char *name);
/* The same with disk images to choose from (ends with one without an id). */
void card_open_with(struct card *c, const struct machine_drive *drives, const char *const *options,
		    const char *name);
void card_close(struct card *c);

uint64_t card_get(const struct card *c, uint64_t address, unsigned size);
void card_set(const struct card *c, uint64_t address, unsigned size, uint64_t value);
/* A register by what it is called, and as wide as it is, on PCI. Those that only PCI has, fail the
 * test on MMIO. */
uint64_t card_get_reg(const struct card *c, unsigned reg, unsigned size);
void card_set_reg(const struct card *c, unsigned reg, unsigned size, uint64_t value);
#define CARD_GET(c, field, size)	card_get_reg(c, VIRTIO_PCI_COMMON_##field, size)
#define CARD_SET(c, field, size, value) card_set_reg(c, VIRTIO_PCI_COMMON_##field, size, value)
void card_set_config(const struct card *c, unsigned off, unsigned size, uint32_t value);

/* Its line, and why that is up, which a look makes it forget. */
int card_gsi(const struct card *c);
uint8_t card_take_isr(const struct card *c);
/* As firmware and the driver's bus leave it after a reset of the machine. */
void card_enable(const struct card *c);
unsigned card_queues(const struct card *c);

uint64_t card_features(const struct card *c);
/* Up to FEATURES_OK with @features beside VERSION_1; whether the device agreed. */
bool card_negotiate(struct card *c, uint64_t features);
/* Sets up and enables a queue of @size as the features say. */
void card_queue(struct card *c, unsigned n, uint64_t features, uint16_t size);
/* All of it: negotiated, all queues of @size, DRIVER_OK. */
void card_start(struct card *c, uint64_t features, uint16_t size);
/* Writes 0 and waits until it reads so. */
void card_reset(struct card *c);
void card_status(struct card *c, uint8_t bits);
void card_ring(struct card *c, unsigned n);
/* Waits for status bits, for a used buffer (its id). Both fail the test when they do not come. */
void card_expect_status(struct card *c, uint8_t bits);
int card_wait_used(struct card *c, unsigned n, uint32_t *len);
/* Vectors 0 … for the configuration and the queues. */
void card_use_msix(struct card *c);

/* The guest's memory. */
void *card_ram(const struct card *c, uint64_t gpa, uint64_t len);

/* Runs @statement until @condition, at most some time. */
#define CARD_WAIT(condition)                                                     \
	do {                                                                     \
		for (unsigned turn_ = 0; turn_ < 20000 && !(condition); turn_++) \
			usleep(1000);                                            \
		cr_assert(condition);                                            \
	} while (0)

#endif
