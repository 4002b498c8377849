// SPDX-License-Identifier: GPL-3.0-or-later
/* Frames for the guest: filters, buffers, what the descriptors say, and what makes no sense. */
#include <string.h>

#include "tests/unit-e1000/nic.h"
#include "tests/unit-e1000/packets.h"

static struct nic n;
static uint8_t frame[17000];

static void setup(void)
{
	fake_watch_irqs();
	nic_open(&n, false);
}

static void teardown(void)
{
	nic_close(&n);
}

TestSuite(e1000_rx, .init = setup, .fini = teardown, .timeout = 120);

/* A frame to @dst; true when the guest got it. It must have been taken either way. */
static bool arrives(const char *dst, const char *tag)
{
	unsigned taken = fake_net_counts().taken, head = nic_get(&n, E1000_RDH);
	size_t len = packet_make(frame, false, 100);

	memcpy(frame, dst, ETH_ALEN);
	if (tag) {
		memmove(frame + 16, frame + 12, len - 12);
		memcpy(frame + 12, tag, 4);
		len += 4;
	}
	fake_net_deliver(frame, len);
	NIC_WAIT(&n, fake_net_counts().taken > taken);
	nic_set(&n, E1000_RDT, (nic_get(&n, E1000_RDH) + NIC_DESCS - 1) % NIC_DESCS);
	return nic_get(&n, E1000_RDH) != head;
}

Test(e1000_rx, a_frame)
{
	size_t len = packet_make(frame, true, 700);
	const struct nic_rxd *d;
	uint32_t fcs;

	nic_start(&n, 0);
	nic_set(&n, E1000_IMS, ICR_RXT0);
	fake_net_deliver(frame, len);
	d = nic_wait_rx(&n, 0);
	cr_expect_eq(d->status, RXD_STAT_DD | RXD_STAT_EOP | RXD_STAT_IXSM);
	cr_expect_eq(d->errors, 0);
	cr_expect_eq(d->len, len + 4);
	cr_expect(!memcmp(nic_rx_data(&n, 0), frame, len));
	memcpy(&fcs, nic_rx_data(&n, 0) + len, 4);
	cr_expect_eq(fcs, e1000_fcs(frame, len));
	NIC_WAIT(&n, fake_irq_level(NIC_GSI));
	cr_expect(nic_get(&n, E1000_ICR) & ICR_RXT0);
	cr_expect_eq(nic_get(&n, E1000_RDH), 1u);
	cr_expect_eq(nic_peek(&n, "gorcl"), len + 4);
	cr_expect_eq(nic_peek(&n, "prc1023"), 1u);
}

Test(e1000_rx, short_ones_and_no_check_sequence)
{
	const struct nic_rxd *d;

	nic_start(&n, RCTL_SECRC | RCTL_BAM);
	memset(frame, 0xff, 42);
	fake_net_deliver(frame, 42);
	d = nic_wait_rx(&n, 0);
	cr_expect_eq(d->len, 60);
	cr_expect(nic_rx_data(&n, 0)[41] == 0xff && !nic_rx_data(&n, 0)[42]);
	cr_expect_eq(nic_peek(&n, "bprc"), 1u);
}

Test(e1000_rx, whose_frames)
{
	nic_start(&n, 0);
	cr_expect(arrives("\x52\x54\0\x12\x34\x56", NULL));
	cr_expect_not(arrives("\x52\x54\0\x12\x34\x57", NULL));
	cr_expect_not(arrives("\xff\xff\xff\xff\xff\xff", NULL));
	cr_expect_not(arrives("\x01\x00\x5e\x00\x00\xfb", NULL));
	nic_set(&n, E1000_RCTL, RCTL_EN | RCTL_BAM);
	cr_expect(arrives("\xff\xff\xff\xff\xff\xff", NULL));
	nic_set(&n, E1000_RCTL, RCTL_EN | RCTL_UPE);
	cr_expect(arrives("\x52\x54\0\x12\x34\x57", NULL));
	cr_expect_not(arrives("\x01\x00\x5e\x00\x00\xfb", NULL));
	nic_set(&n, E1000_RCTL, RCTL_EN | RCTL_MPE);
	cr_expect_not(arrives("\x52\x54\0\x12\x34\x57", NULL));
	cr_expect(arrives("\x01\x00\x5e\x00\x00\xfb", NULL));
	/* A second address of its own, and one by the sender. */
	nic_set(&n, E1000_RCTL, RCTL_EN);
	nic_set(&n, E1000_RA + 8, 0x33221102);
	nic_set(&n, E1000_RA + 12, 0x5544);
	cr_expect_not(arrives("\x02\x11\x22\x33\x44\x55", NULL), "it is not valid");
	nic_set(&n, E1000_RA + 12, RAH_AV | 0x5544);
	cr_expect(arrives("\x02\x11\x22\x33\x44\x55", NULL));
	nic_set(&n, E1000_RA + 8, 0x00000002);
	nic_set(&n, E1000_RA + 12, RAH_AV | 1u << 16 | 0x0900);
	cr_expect(arrives("\x02\x99\x99\x99\x99\x99", NULL));
}

/* As Linux's driver computes it for each type of filter. */
Test(e1000_rx, hashes)
{
	static const uint8_t last[2] = { 0x7a, 0xfb };
	const unsigned hashes[4] = { (0x7a >> 4 | 0xfb << 4) & 0xfff,
				     (0x7a >> 3 | 0xfb << 5) & 0xfff,
				     (0x7a >> 2 | 0xfb << 6) & 0xfff, (0x7a | 0xfb << 8) & 0xfff };
	char dst[6] = "\x01\x00\x5e\x00";

	memcpy(dst + 4, last, 2);
	nic_start(&n, 0);
	for (unsigned mo = 0; mo < 4; mo++) {
		unsigned at = E1000_MTA + 4 * (hashes[mo] >> 5);

		nic_set(&n, E1000_RCTL, RCTL_EN | mo << RCTL_MO);
		cr_expect_not(arrives(dst, NULL), "MO %u", mo);
		nic_set(&n, at, 1u << (hashes[mo] & 31));
		cr_expect(arrives(dst, NULL), "MO %u", mo);
		nic_set(&n, at, 0);
	}
}

Test(e1000_rx, how_it_came_through)
{
	nic_start(&n, RCTL_UPE);
	arrives("\x52\x54\0\x12\x34\x56", NULL);
	arrives("\x52\x54\0\x12\x34\x57", NULL);
	cr_expect_not(nic_wait_rx(&n, 0)->status & RXD_STAT_PIF);
	cr_expect(nic_wait_rx(&n, 1)->status & RXD_STAT_PIF);
}

Test(e1000_rx, tags)
{
	static const char me[] = "\x52\x54\0\x12\x34\x56", tag[] = "\x81\x00\x60\x2a";
	const struct nic_rxd *d;

	nic_start(&n, 0);
	arrives(me, tag);
	cr_expect_not(nic_wait_rx(&n, 0)->status & RXD_STAT_VP);
	cr_expect_eq(nic_wait_rx(&n, 0)->len, 150);
	nic_set(&n, E1000_CTRL, CTRL_SLU | CTRL_VME);
	nic_set(&n, E1000_RXCSUM, RXCSUM_IPOFL | RXCSUM_TUOFL);
	arrives(me, tag);
	d = nic_wait_rx(&n, 1);
	cr_expect_eq(d->status,
		     RXD_STAT_DD | RXD_STAT_EOP | RXD_STAT_VP | RXD_STAT_IPCS | RXD_STAT_TCPCS);
	cr_expect_eq(d->special, 0x602a);
	cr_expect_eq(d->len, 146);
	cr_expect(packet_is_right(nic_rx_data(&n, 1), 142));
	nic_set(&n, E1000_RCTL, RCTL_EN | RCTL_VFE);
	cr_expect_not(arrives(me, tag));
	cr_expect(arrives(me, NULL), "without a tag");
	nic_set(&n, E1000_VFTA + 4, 1u << (42 - 32));
	cr_expect(arrives(me, tag));
	nic_set(&n, E1000_RCTL, RCTL_EN | RCTL_VFE | RCTL_CFIEN | RCTL_CFI);
	cr_expect_not(arrives(me, tag), "its CFI is clear");
}

/* ---- sums ---- */

static const struct nic_rxd *deliver(unsigned i, size_t len)
{
	fake_net_deliver(frame, len);
	return nic_wait_rx(&n, i);
}

Test(e1000_rx, sums)
{
	const uint8_t fine = RXD_STAT_DD | RXD_STAT_EOP | RXD_STAT_IPCS | RXD_STAT_TCPCS;
	const struct nic_rxd *d;
	unsigned at = 0;
	uint16_t sum;
	size_t len;

	nic_start(&n, 0);
	nic_set(&n, E1000_RXCSUM, RXCSUM_IPOFL | RXCSUM_TUOFL | PACKET_IP);
	for (unsigned tcp = 0; tcp < 2; tcp++) {
		len = packet_make(frame, tcp, 301);
		d = deliver(at++, len);
		cr_expect_eq(d->status, fine);
		cr_expect_eq(d->errors, 0);
		sum = (uint16_t) ~(d->sum << 8 | d->sum >> 8);
		cr_expect_eq(sum, packet_sum(frame + PACKET_IP, len - PACKET_IP), "from PCSS on");
		frame[len - 1] ^= 1;
		d = deliver(at++, len);
		cr_expect_eq(d->status, fine);
		cr_expect_eq(d->errors, RXD_ERR_TCPE);
		frame[len - 1] ^= 1;
		frame[PACKET_IP + 8]--;
		d = deliver(at++, len);
		cr_expect_eq(d->errors, RXD_ERR_IPE);
	}
	len = packet_make(frame, false, 301);
	packet_put16(frame + PACKET_TU + 6, 0);
	cr_expect_eq(deliver(at++, len)->status, fine & ~RXD_STAT_TCPCS, "UDP without a sum");
	len = packet_make(frame, true, 301);
	packet_put16(frame + PACKET_IP + 6, 0x2000);
	packet_put16(frame + PACKET_IP + 10, 0);
	packet_put16(frame + PACKET_IP + 10, packet_sum(frame + PACKET_IP, 20));
	cr_expect_eq(deliver(at++, len)->status, fine & ~RXD_STAT_TCPCS, "a fragment");
	packet_put16(frame + PACKET_IP + 2, 60000);
	cr_expect(deliver(at++, len)->status & RXD_STAT_IXSM, "longer than the frame");
	frame[12] = 0x86;
	cr_expect(deliver(at++, len)->status & RXD_STAT_IXSM, "not IP");
}

/* ---- buffers ---- */

Test(e1000_rx, sizes_of_buffers)
{
	static const struct {
		uint32_t rctl, size;
	} rows[] = { { 0, 2048 },
		     { 1u << RCTL_BSIZE, 1024 },
		     { 2u << RCTL_BSIZE, 512 },
		     { 3u << RCTL_BSIZE, 256 },
		     { RCTL_BSEX | 1u << RCTL_BSIZE, 16384 },
		     { RCTL_BSEX | 2u << RCTL_BSIZE, 8192 },
		     { RCTL_BSEX | 3u << RCTL_BSIZE, 4096 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		nic_set(&n, E1000_RCTL, rows[i].rctl);
		pthread_mutex_lock(&n.dev->lock);
		cr_expect_eq(e1000_rx_buffer_size(to_e1000(n.dev)), rows[i].size);
		pthread_mutex_unlock(&n.dev->lock);
	}
}

Test(e1000_rx, a_frame_in_many_buffers)
{
	size_t len = packet_make(frame, true, 1400), at = 0;

	nic_start(&n, 3u << RCTL_BSIZE);
	fake_net_deliver(frame, len);
	for (unsigned i = 0; i < 6; i++) {
		const struct nic_rxd *d = nic_wait_rx(&n, i);

		cr_expect_eq(!(d->status & RXD_STAT_EOP), i != 5);
		cr_expect_eq(d->len, i == 5 ? len + 4 - 5 * 256 : 256);
		cr_expect(!memcmp(nic_rx_data(&n, i), frame + at, i == 5 ? len - at : 256));
		at += 256;
	}
}

Test(e1000_rx, long_frames)
{
	size_t len = packet_make(frame, false, 9000);

	nic_start(&n, 0);
	fake_net_deliver(frame, len);
	NIC_WAIT(&n, fake_net_counts().refused == 1);
	cr_expect_eq(nic_get(&n, E1000_ROC), 1u);
	nic_set(&n, E1000_RCTL, RCTL_EN | RCTL_LPE | RCTL_BSEX | 1u << RCTL_BSIZE);
	cr_expect_eq(deliver(0, len)->len, len + 4);
	cr_expect(!memcmp(nic_rx_data(&n, 0), frame, len));
	fake_net_deliver(frame, 16385);
	NIC_WAIT(&n, fake_net_counts().refused == 2);
}

Test(e1000_rx, without_buffers_frames_wait)
{
	size_t len = packet_make(frame, false, 100);

	nic_start(&n, 0);
	nic_set(&n, E1000_RDT, 2);
	for (unsigned i = 0; i < 5; i++)
		fake_net_deliver(frame, len);
	nic_wait_rx(&n, 1);
	NIC_WAIT(&n, nic_peek(&n, "rnbc") == 1);
	cr_expect_eq(nic_get(&n, E1000_RDH), 2u);
	cr_expect_eq(fake_net_counts().waiting, 3u);
	nic_set(&n, E1000_RDT, NIC_DESCS - 1);
	nic_wait_rx(&n, 4);
	NIC_WAIT(&n, !fake_net_counts().waiting);
	cr_expect_eq(nic_get(&n, E1000_MPC), 0u, "none is lost");
}

Test(e1000_rx, buffers_run_low)
{
	size_t len = packet_make(frame, false, 100);

	nic_start(&n, 0); /* half of 16 */
	nic_get(&n, E1000_ICR);
	for (unsigned i = 0; i < 6; i++)
		deliver(i, len);
	NIC_WAIT(&n, fake_net_counts().taken == 6);
	cr_expect_not(nic_get(&n, E1000_ICR) & ICR_RXDMT0);
	deliver(6, len);
	NIC_WAIT(&n, fake_net_counts().taken == 7);
	cr_expect(nic_get(&n, E1000_ICR) & ICR_RXDMT0);
}

Test(e1000_rx, the_interrupt_waits)
{
	size_t len = packet_make(frame, false, 100);

	nic_start(&n, 0);
	nic_set(&n, E1000_RDTR, 0xffff);
	nic_get(&n, E1000_ICR);
	pthread_mutex_lock(&n.dev->lock);
	cr_expect_eq(e1000_rx_frame(to_e1000(n.dev), frame, len), 0);
	cr_expect_not(R(to_e1000(n.dev), ICR) & ICR_RXT0);
	pthread_mutex_unlock(&n.dev->lock);
	NIC_WAIT(&n, nic_peek(&n, "icr") & ICR_RXT0);
	nic_get(&n, E1000_ICR);
	pthread_mutex_lock(&n.dev->lock);
	cr_expect_eq(e1000_rx_frame(to_e1000(n.dev), frame, len), 0);
	device_space_write(n.dev, E1000_RDTR, 4, 0xffff | RDTR_FPD);
	cr_expect(R(to_e1000(n.dev), ICR) & ICR_RXT0, "flushed");
	pthread_mutex_unlock(&n.dev->lock);
}

/* ---- to itself ---- */

Test(e1000_rx, loopback)
{
	size_t len = packet_make(frame, true, 900);
	static struct fake_frame got;

	nic_start(&n, 1u << 6); /* LBM: the MAC's */
	nic_send(&n, frame, len, TXD_EOP | TXD_IFCS | TXD_RS);
	cr_expect_eq(nic_wait_rx(&n, 0)->len, len + 4);
	cr_expect(!memcmp(nic_rx_data(&n, 0), frame, len));
	nic_set(&n, E1000_RDT, 1);
	nic_send(&n, frame, len, TXD_EOP | TXD_IFCS | TXD_RS);
	NIC_WAIT(&n, nic_peek(&n, "icr") & ICR_RXO);
	cr_expect_eq(nic_get(&n, E1000_MPC), 1u);
	nic_start(&n, 0);
	nic_set_phy(&n, PHY_CTRL, 0x4140);
	nic_send(&n, frame, len, TXD_EOP | TXD_IFCS | TXD_RS);
	nic_wait_rx(&n, 0);
	cr_expect_not(fake_net_sent(&got), "none of them left the card");
}

/* ---- what goes wrong ---- */

Test(e1000_rx, a_ring_that_is_no_ram)
{
	size_t len = packet_make(frame, true, 900);

	nic_start(&n, 0);
	nic_set(&n, E1000_RDBAL, 0x40000000);
	fake_net_deliver(frame, len);
	NIC_WAIT(&n, fake_net_counts().refused == 1);
	nic_start(&n, 0);
	deliver(0, len);
}

Test(e1000_rx, buffers_that_are_no_ram)
{
	size_t len = packet_make(frame, true, 900);
	const struct nic_rxd *d;

	nic_start(&n, 0);
	*(uint64_t *)nic_ram(&n, NIC_RXRING, 8) = UINT64_MAX - 7;
	d = deliver(0, len);
	cr_expect(d->errors & RXD_ERR_RXE);
	cr_expect_not(deliver(1, len)->errors & RXD_ERR_RXE);
}

Test(e1000_rx, rings_that_make_no_sense)
{
	size_t len = packet_make(frame, true, 1400);

	nic_start(&n, 3u << RCTL_BSIZE);
	nic_set(&n, E1000_RDLEN, 0);
	fake_net_deliver(frame, len);
	nic_set(&n, E1000_RDLEN, 0x80); /* 8: less would do */
	nic_set(&n, E1000_RDT, 4000);
	fake_net_deliver(frame, len);
	nic_set(&n, E1000_RDH, 0xffff);
	nic_set(&n, E1000_RDT, 7);
	fake_net_deliver(frame, len);
	fake_run_for(n.f, 5);
	cr_expect_eq(fake_net_counts().taken, 0u);
	nic_start(&n, 0);
	nic_wait_rx(&n, 2);
}

Test(e1000_rx, resets_while_frames_come)
{
	size_t len = packet_make(frame, true, 1400);

	for (unsigned i = 0; i < 100; i++) {
		nic_start(&n, i & 1 ? 3u << RCTL_BSIZE : 0);
		fake_net_deliver(frame, len);
		fake_net_deliver(frame, len);
		nic_set(&n, E1000_CTRL, CTRL_RST | CTRL_SLU);
		if (i % 16 == 0)
			NIC_WAIT(&n, !fake_net_counts().waiting);
	}
	NIC_WAIT(&n, !fake_net_counts().waiting);
	nic_start(&n, 0);
	deliver(0, len);
}
