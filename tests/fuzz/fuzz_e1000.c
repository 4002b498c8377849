// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes e1000: the input is a hostile driver, which writes registers, descriptors and data, and
 * the frames that come in for it meanwhile.
 *
 * What must hold: a turn of the transmitter ends, both heads stay in rings that make sense, a look
 * changes nothing, and no sanitizer has anything to say. The card's thread is stopped, so that a
 * run is the same each time; frames go nowhere, or round in loopback.
 */
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "devices/e1000/e1000.h"
#include "tests/fuzz/input.h"
#include "tests/unit/fake_machine.h"

#define RAM_SIZE 0x20000u
#define TXRING	 0x1000u
#define RXRING	 0x2000u
#define DESCS	 8u

/* Those that matter most, so that they come often. */
static const uint16_t favourites[] = {
	E1000_CTRL,  E1000_EECD,  E1000_EERD, E1000_MDIC,   E1000_IMS,	  E1000_ICS,  E1000_RCTL,
	E1000_TCTL,  E1000_RDBAL, E1000_RDH,  E1000_RDT,    E1000_RDLEN,  E1000_RDTR, E1000_TDBAL,
	E1000_TDLEN, E1000_TDH,	  E1000_TDT,  E1000_TXDCTL, E1000_RXCSUM, E1000_VET,
};

static void access_register(struct e1000 *e, struct input *in, bool write)
{
	uint8_t which = take(in);
	uint64_t at = which & 0x80 ? take_word(in) % (E1000_SPACE_SIZE + 4)
				   : favourites[which % (sizeof(favourites) / 2)];
	uint32_t value = write ? take_word(in) : 0;
	unsigned size = which & 0x40 ? 1 : 4;

	pthread_mutex_lock(&e->dev.lock);
	if (write)
		device_space_write(&e->dev, at, size, value);
	else
		device_space_read(&e->dev, at, size);
	pthread_mutex_unlock(&e->dev.lock);
}

/* A descriptor that could be one, and the doorbell. */
static void put_desc(struct e1000 *e, struct input *in)
{
	static const uint8_t types[] = { 0, TXD_DEXT, TXD_DEXT };
	uint8_t how = take(in);
	unsigned slot = how >> 5;
	uint32_t words[4] = { take(in) * 64u, how & 16 ? take_word(in) : 0, take_word(in),
			      take_word(in) };
	uint8_t *ring = memory_ptr(e->dev.m->ram, how & 8 ? RXRING : TXRING, 16ul * DESCS);

	if (how & 4) {
		words[2] &= 0xd00fffff;
		words[2] |= (uint32_t)types[how % 3] << 24 | (how % 3 == 2 ? 1u << 20 : 0);
	}
	memcpy(ring + 16ul * slot, words, sizeof(words));
}

static void receive(struct e1000 *e, struct input *in)
{
	static uint8_t frame[E1000_FRAME_MAX + 8];
	size_t len = take(in) * (take(in) & 1 ? 1u : 65u);
	size_t given = in->left < 64 ? in->left : 64;

	memset(frame, 0xff, ETH_ALEN);
	memcpy(frame + ETH_ALEN, in->p, given);
	in->p += given;
	in->left -= given;
	pthread_mutex_lock(&e->dev.lock);
	e1000_rx_frame(e, frame, len < sizeof(frame) ? len : sizeof(frame));
	pthread_mutex_unlock(&e->dev.lock);
}

static void look(struct e1000 *e)
{
	struct strbuf sb = STRBUF_INIT;
	uint32_t icr = R(e, ICR), gptc = R(e, GPTC);

	device_describe(&e->dev, &sb);
	check(sb.len > 0 && R(e, ICR) == icr && R(e, GPTC) == gptc);
	strbuf_free(&sb);
}

/* Rings at their places and everything on, as drivers leave them. */
static void start(struct e1000 *e)
{
	static const uint32_t rows[][2] = {
		{ E1000_CTRL, CTRL_SLU | CTRL_VME },
		{ E1000_TDBAL, TXRING },
		{ E1000_TDBAH, 0 },
		{ E1000_TDLEN, 16 * DESCS },
		{ E1000_TDH, 0 },
		{ E1000_TDT, 0 },
		{ E1000_RDBAL, RXRING },
		{ E1000_RDBAH, 0 },
		{ E1000_RDLEN, 16 * DESCS },
		{ E1000_RDH, 0 },
		{ E1000_RDT, DESCS - 1 },
		{ E1000_TCTL, TCTL_EN | TCTL_PSP },
		{ E1000_RCTL, RCTL_EN | RCTL_BAM | RCTL_UPE | RCTL_LPE | 1u << 6 },
	};

	pthread_mutex_lock(&e->dev.lock);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		device_space_write(&e->dev, rows[i][0], 4, rows[i][1]);
	pthread_mutex_unlock(&e->dev.lock);
}

static void one_step(struct fake *f, struct e1000 *e, struct input *in)
{
	switch (take(in) % 10) {
	case 0:
	case 1:
		access_register(e, in, true);
		break;
	case 2:
		access_register(e, in, false);
		break;
	case 3:
	case 4:
		put_desc(e, in);
		break;
	case 5:
	case 6:
		e1000_tx_turn(e);
		check(e1000_tx_ring(e).ready <= e1000_tx_ring(e).size);
		break;
	case 7:
		receive(e, in);
		break;
	case 8:
		look(e);
		break;
	default:
		if (!take(in))
			devices_reset(&f->m);
		start(e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const devices[] = { "e1000", NULL };
	struct input in = { data, size };
	struct fake *f = fake_create();
	struct memory *ram;
	struct error err;
	struct e1000 *e;

	check(f);
	f->cfg.devices = devices;
	f->cfg.serial[0] = "none";
	check(!memory_create(&f->m.ram, -1, RAM_SIZE, &err));
	check(fake_add_devices(f));
	e = to_e1000(device_find(&f->m, "e1000-0"));
	worker_stop(&e->worker);
	pci_config_write(&f->m, e->func.slot << 3, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	start(e);
	while (in.left)
		one_step(f, e, &in);
	ram = f->m.ram;
	fake_destroy(f);
	memory_destroy(ram);
	return 0;
}
