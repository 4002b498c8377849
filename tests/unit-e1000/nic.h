/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A driver of e1000 for tests, which gets at the card through the buses of a machine without KVM.
 */
#ifndef TESTS_UNIT_E1000_NIC_H
#define TESTS_UNIT_E1000_NIC_H

#include <criterion/criterion.h>

#include "devices/e1000/e1000.h"
#include "tests/unit-e1000/fake_netdev.h"
#include "tests/unit/fake_machine.h"

#define NIC_RAM	   0x200000u
#define NIC_TXRING 0x10000u
#define NIC_RXRING 0x20000u
#define NIC_TXDATA 0x40000u
#define NIC_RXDATA 0x100000u
#define NIC_RXSTEP 0x4000u /* from buffer to buffer */
#define NIC_DESCS  16u
#define NIC_GSI	   10

struct nic {
	struct fake *f;
	struct device *dev;
	struct pci_func *fn;
	uint64_t bar;
	uint16_t io;
	unsigned tail; /* of the transmit ring */
};

extern const uint8_t nic_mac[ETH_ALEN];

/* A machine with the card on the network "n", mapped, a bus master. */
void nic_open(struct nic *n, bool header);
void nic_close(struct nic *n);
uint32_t nic_get(const struct nic *n, unsigned reg);
void nic_set(const struct nic *n, unsigned reg, uint32_t value);
/* As a person sees it. */
uint64_t nic_peek(const struct nic *n, const char *reg);
void *nic_ram(const struct nic *n, uint64_t gpa, size_t len);

/* Rings of NIC_DESCS, both directions on, buffers for receiving but for one, and the link is up. */
void nic_start(struct nic *n, uint32_t rctl);
void nic_wait_for_link(const struct nic *n);

/* One descriptor; nic_go() rings. */
void nic_put(struct nic *n, uint64_t first, uint32_t second, uint32_t third);
void nic_go(const struct nic *n);
/* A legacy descriptor for the whole frame, and the bell. */
void nic_send(struct nic *n, const void *frame, size_t len, uint8_t cmd);
/* Until TDH is there. */
void nic_wait_sent(const struct nic *n);
/* The next frame that went out; fails when none comes. */
void nic_expect_sent(const struct nic *n, struct fake_frame *frame);

struct nic_rxd {
	uint64_t addr;
	uint16_t len, sum;
	uint8_t status, errors;
	uint16_t special;
};
/* The receive descriptor @i once it is done. */
struct nic_rxd *nic_wait_rx(const struct nic *n, unsigned i);
const uint8_t *nic_rx_data(const struct nic *n, unsigned i);

/* What a register of the transceiver reads. */
uint16_t nic_phy(const struct nic *n, unsigned reg);
void nic_set_phy(const struct nic *n, unsigned reg, uint16_t value);

/* Runs the loop until @condition, at most a minute. */
#define NIC_WAIT(n, condition)                                                   \
	do {                                                                     \
		for (unsigned turn_ = 0; turn_ < 30000 && !(condition); turn_++) \
			fake_run_for((n)->f, 2);                                 \
		cr_assert(condition);                                            \
	} while (0)

#endif
