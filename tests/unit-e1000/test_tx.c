// SPDX-License-Identifier: GPL-3.0-or-later
/* Frames from the guest: descriptors of all kinds, sums, segments, and rings that make no sense. */
#include <string.h>

#include "hv/control_device.h"
#include "tests/unit-e1000/nic.h"
#include "tests/unit-e1000/packets.h"

#define CMD(bits) ((uint32_t)(bits) << 24)
#define CONTEXT	  CMD(TXD_DEXT)
#define DATA	  (CMD(TXD_DEXT | TXD_IFCS) | 1u << 20)
#define BOTH_SUMS ((TXD_POPTS_IXSM | TXD_POPTS_TXSM) << 8)
#define FAR_AWAY  0x40000000ull /* no RAM */

static struct nic n;
static struct fake_frame got;
static uint8_t frame[17000];

static void setup(void)
{
	fake_watch_irqs();
	nic_open(&n, false);
	nic_start(&n, 0);
}

static void teardown(void)
{
	nic_close(&n);
}

TestSuite(e1000_tx, .init = setup, .fini = teardown, .timeout = 120);

static const char *description(void)
{
	static struct strbuf text;

	strbuf_clear(&text);
	device_describe(n.dev, &text);
	return strbuf_str(&text);
}

static void expect_it_works(void)
{
	size_t len = packet_make(frame, false, 200);

	while (fake_net_sent(&got))
		;
	nic_start(&n, 0);
	nic_send(&n, frame, len, TXD_EOP | TXD_IFCS | TXD_RS);
	nic_expect_sent(&n, &got);
	cr_expect_eq(got.len, len);
	cr_expect(!memcmp(got.data, frame, len));
}

Test(e1000_tx, a_frame)
{
	size_t len = packet_make(frame, true, 1000);

	nic_get(&n, E1000_ICR);
	nic_set(&n, E1000_IMS, ICR_TXDW);
	nic_send(&n, frame, len, TXD_EOP | TXD_IFCS | TXD_RS);
	nic_expect_sent(&n, &got);
	cr_expect_eq(got.len, len);
	cr_expect(!memcmp(got.data, frame, len));
	nic_wait_sent(&n);
	NIC_WAIT(&n, fake_irq_level(NIC_GSI));
	cr_expect_eq(nic_get(&n, E1000_ICR), ICR_TXDW | ICR_TXQE);
	cr_expect(*(uint8_t *)nic_ram(&n, NIC_TXRING + 12, 1) & TXD_DD);
	cr_expect_eq(nic_peek(&n, "gptc"), 1u);
	cr_expect_eq(nic_peek(&n, "gotcl"), len + 4);
	cr_expect_eq(nic_get(&n, E1000_GOTCL), len + 4);
	cr_expect_eq(nic_get(&n, E1000_GOTCL + 4), 0u);
	cr_expect_eq(nic_get(&n, E1000_GOTCL), 0u, "the upper half clears both");
	cr_expect_eq(nic_get(&n, E1000_GPTC), 1u);
	cr_expect_eq(nic_get(&n, E1000_GPTC), 0u);
}

Test(e1000_tx, short_ones_are_padded)
{
	memset(frame, 0xab, 20);
	nic_send(&n, frame, 20, TXD_EOP | TXD_IFCS);
	nic_expect_sent(&n, &got);
	cr_expect_eq(got.len, 60u);
	cr_expect(!memcmp(got.data, frame, 20) && !got.data[20] && !got.data[59]);
	nic_wait_sent(&n);
	cr_expect_not(*(uint8_t *)nic_ram(&n, NIC_TXRING + 12, 1) & TXD_DD, "nobody asked");
	cr_expect_eq(nic_peek(&n, "ptc64"), 1u);
}

Test(e1000_tx, check_sequence_of_the_driver_s)
{
	size_t len = packet_make(frame, false, 100);
	uint32_t fcs = e1000_fcs(frame, len);

	cr_assert_eq(e1000_fcs((const uint8_t *)"123456789", 9), 0xcbf43926u,
		     "as the world has it");
	memcpy(frame + len, &fcs, 4);
	nic_send(&n, frame, len + 4, TXD_EOP);
	nic_expect_sent(&n, &got);
	cr_expect_eq(got.len, len);
	nic_send(&n, frame, len, TXD_EOP);
	nic_expect_sent(&n, &got);
	cr_expect_eq(got.len, len, "forgotten: it goes, and");
	cr_expect_not_null(strstr(description(), "last error: a frame without IFCS"));
}

Test(e1000_tx, sum_of_a_legacy_descriptor)
{
	size_t len = packet_make(frame, false, 333);
	uint8_t *in_ram = nic_ram(&n, NIC_TXDATA, len);

	packet_put16(frame + PACKET_TU + 6, packet_pseudo(frame, (uint16_t)(len - PACKET_TU)));
	memcpy(in_ram, frame, len);
	/* In two parts; the last one says what is to be summed. */
	nic_put(&n, NIC_TXDATA, 50 | CMD(TXD_IFCS), 0);
	nic_put(&n, NIC_TXDATA + 50,
		(uint32_t)(len - 50) | (PACKET_TU + 6) << 16 | CMD(TXD_EOP | TXD_IFCS | TXD_IC),
		PACKET_TU << 8);
	nic_go(&n);
	nic_expect_sent(&n, &got);
	cr_expect_eq(got.len, len);
	cr_expect(packet_is_right(got.data, got.len));
}

static uint64_t context_of(unsigned tucso)
{
	return PACKET_IP | (PACKET_IP + 10) << 8 | (uint64_t)(PACKET_TU - 1) << 16 |
	       (uint64_t)PACKET_TU << 32 | (uint64_t)tucso << 40;
}

Test(e1000_tx, sums_by_a_context)
{
	for (unsigned tcp = 0; tcp < 2; tcp++) {
		size_t len = packet_make(frame, tcp, 401);
		unsigned tucso = PACKET_TU + (tcp ? 16 : 6);

		packet_put16(frame + tucso, packet_pseudo(frame, (uint16_t)(len - PACKET_TU)));
		packet_put16(frame + PACKET_IP + 10, 0);
		memcpy(nic_ram(&n, NIC_TXDATA, len), frame, len);
		nic_put(&n, context_of(tucso), CONTEXT, 0);
		nic_put(&n, NIC_TXDATA, 100 | DATA, BOTH_SUMS);
		nic_put(&n, NIC_TXDATA + 100, (uint32_t)(len - 100) | DATA | CMD(TXD_EOP), 0);
		nic_go(&n);
		nic_expect_sent(&n, &got);
		cr_expect_eq(got.len, len);
		cr_expect(packet_is_right(got.data, got.len), "tcp %u", tcp);
	}
}

/* Puts a packet of @data bytes of TCP for segmentation, in parts of @part bytes. */
static void put_large(size_t data, unsigned mss, unsigned part)
{
	size_t len = packet_make(frame, true, data);

	packet_put16(frame + PACKET_TU + 16, packet_pseudo(frame, 0));
	packet_put16(frame + PACKET_IP + 10, 0);
	memcpy(nic_ram(&n, NIC_TXDATA, len), frame, len);
	nic_put(&n, context_of(PACKET_TU + 16),
		CONTEXT | CMD(TUCMD_TCP | TUCMD_IP | TUCMD_TSE) | (uint32_t)data,
		PACKET_TCP << 8 | mss << 16);
	for (size_t at = 0; at < len; at += part) {
		bool last = len - at <= part;

		nic_put(&n, NIC_TXDATA + at,
			(uint32_t)(last ? len - at : part) | DATA |
				CMD(TXD_TSE | (last ? TXD_EOP | TXD_RS : 0)),
			BOTH_SUMS);
	}
	nic_go(&n);
}

static void expect_segments(size_t data, unsigned mss)
{
	size_t at = 0;

	for (unsigned i = 0; at < data; i++) {
		size_t part = data - at < mss ? data - at : mss;

		nic_expect_sent(&n, &got);
		cr_assert_eq(got.len, PACKET_TCP + part, "segment %u", i);
		cr_expect(packet_is_right(got.data, got.len), "segment %u", i);
		cr_expect_eq(packet_get16(got.data + PACKET_IP + 4), (uint16_t)(0xfffe + i));
		cr_expect_eq(packet_get32(got.data + PACKET_TU + 4), (uint32_t)(0xffffff00u + at));
		cr_expect_eq(got.data[PACKET_TU + 13], at + part == data ? 0x19 : 0x10,
			     "FIN and PSH are the last one's");
		cr_expect(!memcmp(got.data + PACKET_TCP, frame + PACKET_TCP + at, part));
		at += part;
	}
}

Test(e1000_tx, segments)
{
	put_large(5000, 1460, 4096);
	expect_segments(5000, 1460);
}

Test(e1000_tx, segments_from_many_parts)
{
	put_large(2920, 1460, 250);
	expect_segments(2920, 1460);
	put_large(100, 1460, 53); /* one less than the header */
	expect_segments(100, 1460);
	nic_wait_sent(&n);
	cr_expect_not(fake_net_sent(&got));
	cr_expect_eq(nic_peek(&n, "tsctc"), 2u);
}

Test(e1000_tx, tags)
{
	size_t len = packet_make(frame, false, 100);

	nic_set(&n, E1000_CTRL, CTRL_SLU | CTRL_VME);
	memcpy(nic_ram(&n, NIC_TXDATA, len), frame, len);
	nic_put(&n, NIC_TXDATA, (uint32_t)len | CMD(TXD_EOP | TXD_IFCS | TXD_VLE), 0x6123u << 16);
	nic_go(&n);
	nic_expect_sent(&n, &got);
	cr_expect_eq(got.len, len + 4);
	cr_expect(!memcmp(got.data, frame, 12) && !memcmp(got.data + 16, frame + 12, len - 12));
	cr_expect(!memcmp(got.data + 12, "\x81\x00\x61\x23", 4));
	nic_set(&n, E1000_CTRL, CTRL_SLU);
	nic_put(&n, NIC_TXDATA, (uint32_t)len | CMD(TXD_EOP | TXD_IFCS | TXD_VLE), 0x6123u << 16);
	nic_go(&n);
	nic_expect_sent(&n, &got);
	cr_expect_eq(got.len, len, "not without VME");
}

Test(e1000_tx, the_interrupt_waits)
{
	size_t len = packet_make(frame, false, 100);

	nic_set(&n, E1000_TIDV, 0xffff);
	nic_set(&n, E1000_TADV, 1000); /* a millisecond: the sooner of them */
	nic_get(&n, E1000_ICR);
	nic_send(&n, frame, len, TXD_EOP | TXD_IFCS | TXD_RS | TXD_IDE);
	nic_wait_sent(&n);
	NIC_WAIT(&n, nic_peek(&n, "icr") & ICR_TXDW);
}

Test(e1000_tx, nobody_hears_it_without_a_link)
{
	nic_set(&n, E1000_CTRL, 0);
	nic_send(&n, frame, 100, TXD_EOP | TXD_IFCS | TXD_RS);
	nic_wait_sent(&n);
	cr_expect_not(fake_net_sent(&got));
}

/* ---- what goes wrong ---- */

Test(e1000_tx, a_ring_that_is_no_ram)
{
	nic_set(&n, E1000_TDBAL, (uint32_t)FAR_AWAY);
	nic_set(&n, E1000_TDT, 3);
	NIC_WAIT(&n, strstr(description(), "transmit descriptor 0 at 0x40000000 cannot be read"));
	cr_expect_not_null(strstr(description(), "  0: not in RAM"));
	expect_it_works();
}

Test(e1000_tx, a_tail_outside_the_ring)
{
	nic_set(&n, E1000_TDT, 700);
	nic_set(&n, E1000_TDH, 500);
	fake_run_for(n.f, 5);
	cr_expect_not_null(strstr(description(), "head 500, tail 700, which is not inside"));
	expect_it_works();
}

Test(e1000_tx, data_that_is_no_ram)
{
	nic_put(&n, FAR_AWAY, 100 | CMD(TXD_EOP | TXD_IFCS | TXD_RS), 0);
	nic_put(&n, UINT64_MAX - 3, 1000 | CMD(TXD_EOP | TXD_IFCS | TXD_RS), 0);
	nic_go(&n);
	nic_wait_sent(&n);
	cr_expect_not(fake_net_sent(&got));
	cr_expect_not_null(strstr(description(), "transmit buffer at 0xfffffffffffffffc"));
	expect_it_works();
}

Test(e1000_tx, contexts_and_nothing_else)
{
	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < NIC_DESCS - 1; k++)
			nic_put(&n, UINT64_MAX, CONTEXT | CMD(0xff) | 0xfffff, UINT32_MAX);
		nic_go(&n);
		nic_wait_sent(&n);
	}
	expect_it_works();
}

/* Without an end, with segments of one byte or none, longer than a frame, less than a header. */
Test(e1000_tx, packets_that_are_none)
{
	static const uint32_t third[] = { 0,
					  14u << 8,
					  14u << 8 | 1u << 16,
					  255u << 8 | 0xffffu << 16,
					  5u << 8 | 100u << 16,
					  PACKET_TCP << 8 | 0x3000u << 16 };

	for (size_t i = 0; i < sizeof(third) / sizeof(third[0]); i++) {
		nic_start(&n, 0);
		for (unsigned k = 0; k < 4; k++) {
			nic_put(&n, UINT64_MAX,
				CONTEXT | CMD(TUCMD_TSE | (k & 1)) | (uint32_t)(k * 99), third[i]);
			nic_put(&n, NIC_TXDATA, 200 | DATA | CMD(TXD_TSE | (k & 2 ? TXD_EOP : 0)),
				UINT32_MAX);
			nic_put(&n, NIC_TXDATA, 100 | DATA | CMD(TXD_TSE | TXD_EOP), BOTH_SUMS);
		}
		nic_go(&n);
		nic_wait_sent(&n);
		while (fake_net_sent(&got))
			cr_expect_leq(got.len, 17000u);
	}
	nic_start(&n, 0);
	for (unsigned k = 0; k < NIC_DESCS - 1; k++)
		nic_put(&n, NIC_TXDATA, 0xffff | CMD(TXD_IFCS), 0);
	nic_go(&n);
	nic_wait_sent(&n);
	cr_expect_not_null(strstr(description(), "a frame of more than 16384 bytes: not sent"));
	cr_expect_not(fake_net_sent(&got));
	nic_set(&n, E1000_CTRL, CTRL_RST | CTRL_SLU);
	expect_it_works();
}

Test(e1000_tx, resets_in_the_middle)
{
	for (unsigned i = 0; i < 200; i++) {
		nic_start(&n, 0);
		put_large(3000, 1 + i * 30, 1000);
		if (i % 3 == 0)
			nic_set(&n, E1000_CTRL, CTRL_RST | CTRL_SLU);
		else if (i % 3 == 1)
			devices_reset(&n.f->m);
		while (fake_net_sent(&got))
			;
		if (i % 3 == 1) {
			nic_close(&n);
			nic_open(&n, i & 1);
		}
	}
	expect_it_works();
}

Test(e1000_tx, injected_faults)
{
	size_t len = packet_make(frame, false, 100);
	struct error err;

	cr_assert_eq(control_inject(&n.f->m, "e1000-0", FAULT_TIMEOUT, &err), 0, "%s", err.text);
	nic_send(&n, frame, len, TXD_EOP | TXD_IFCS | TXD_RS);
	NIC_WAIT(&n, strstr(description(), "the transmitter hangs until a reset"));
	cr_expect_eq(nic_get(&n, E1000_TDH), 0u);
	nic_set(&n, E1000_CTRL, CTRL_RST | CTRL_SLU);
	expect_it_works();
	cr_assert_eq(control_inject(&n.f->m, "e1000-0", FAULT_ERROR, &err), 0, "%s", err.text);
	nic_send(&n, frame, len, TXD_EOP | TXD_IFCS | TXD_RS);
	NIC_WAIT(&n, strstr(description(), "last error: transmit descriptor"));
	nic_go(&n);
	nic_expect_sent(&n, &got);
}

Test(e1000_tx, what_is_in_flight)
{
	nic_set(&n, E1000_TCTL, 0);
	nic_put(&n, context_of(PACKET_TU + 16),
		CONTEXT | CMD(TUCMD_TCP | TUCMD_IP | TUCMD_TSE) | 5000,
		PACKET_TCP << 8 | 1460u << 16);
	nic_put(&n, NIC_TXDATA, 5054 | DATA | CMD(TXD_TSE | TXD_EOP), BOTH_SUMS);
	nic_put(&n, NIC_TXDATA, 60 | CMD(TXD_EOP | TXD_IFCS | TXD_VLE), 5u << 16);
	nic_go(&n);
	cr_expect_not_null(
		strstr(description(),
		       "transmit: 16 descriptors at 0x10000, head 0, tail 3, 3 are the card's\n"
		       "  0: context: IP sum of 14-33 at 24, TCP or UDP sum of 34-0 at 50, 5000 "
		       "bytes "
		       "in segments of 1460 behind a header of 54 TCP IP TSE\n"
		       "  1: data: 5054 bytes at 0x40000 EOP IFCS TSE IXSM TXSM\n"
		       "  2: legacy: 60 bytes at 0x40000 EOP IFCS VLE, tag 0x0005\n"
		       "receive: 16 descriptors at 0x20000, head 0, tail 15, 15 are the card's\n"
		       "  0: buffer at 0x100000\n"),
		"%s", description());
}

/* ---- a backend whose frames have a header ---- */

static void setup_header(void)
{
	fake_watch_irqs();
	nic_open(&n, true);
	nic_start(&n, 0);
}

TestSuite(e1000_tx_header, .init = setup_header, .fini = teardown, .timeout = 120);

Test(e1000_tx_header, is_empty)
{
	expect_it_works();
	put_large(5000, 1460, 4096);
	expect_segments(5000, 1460);
}
