/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A network backend for tests, in place of hv/netdev.c: it keeps what the card sends, and delivers
 * what the test gives it, on the card's thread, as libslirp's does. There is one, called "n".
 */
#ifndef TESTS_UNIT_E1000_FAKE_NETDEV_H
#define TESTS_UNIT_E1000_FAKE_NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_frame {
	size_t len;
	uint8_t data[17000];
};

/* Nothing was sent, nothing waits; @header: frames have one. */
void fake_net_reset(bool header);
/* For the guest. It waits as long as the card has no room. */
void fake_net_deliver(const void *frame, size_t len);
/* The oldest frame that the card has sent, without its header; false: none. Beyond 256 they are
 * lost. */
bool fake_net_sent(struct fake_frame *frame);
/* What became of the frames that were delivered. */
struct fake_net_counts {
	unsigned taken, refused, waiting;
};
struct fake_net_counts fake_net_counts(void);

#endif
