// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The EEPROM (chapter 5): 64 words, read by EERD, or bit by bit by EECD as a 93C46 on a Microwire
 * bus, which is also how it is written.
 *
 *   CS  ___/------------------------------------------------\___
 *   DI      1 | opcode, 2 bits | address, 6 bits | data of WRITE
 *   DO                                            data of READ, from the high bit on
 *
 * Each rising edge of SK moves one bit.
 */
#include "devices/e1000/e1000.h"

#include <string.h>

#define WORD_MAC      0x00
#define WORD_ID_LED   0x04
#define WORD_INIT1    0x0a
#define WORD_SUBSYS   0x0b
#define WORD_INIT2    0x0f
#define WORD_INIT3    0x24
#define WORD_CHECKSUM 0x3f
#define CHECKSUM      0xbaba /* of all words, 5.6.35 */

#define ADDRESS_BITS 6
#define COMMAND_BITS (2 + ADDRESS_BITS)

enum { OP_OTHER, OP_WRITE, OP_READ, OP_ERASE };
/* The upper address bits tell the other ones apart. */
enum { OTHER_EWDS, OTHER_WRAL, OTHER_ERAL, OTHER_EWEN };

void e1000_eeprom_fill(struct e1000 *e, const uint8_t mac[ETH_ALEN])
{
	/* Signature 01b, the device's ids and the subsystem's are to be loaded; full duplex. */
	static const uint16_t ids[] = { 0x4403, 0x001e, 0x8086, 0x100e, 0x8086, 0x3000 };
	uint16_t sum = 0;

	memset(e->eeprom, 0xff, sizeof(e->eeprom));
	for (unsigned i = 0; i < ETH_ALEN / 2; i++)
		e->eeprom[WORD_MAC + i] = (uint16_t)(mac[2ul * i] | mac[2ul * i + 1] << 8);
	e->eeprom[WORD_MAC + 3] = 0;
	memcpy(&e->eeprom[WORD_INIT1], ids, sizeof(ids));
	e->eeprom[WORD_INIT3] = 0; /* wakes nobody */
	for (unsigned i = 0; i < WORD_CHECKSUM; i++)
		sum += e->eeprom[i];
	e->eeprom[WORD_CHECKSUM] = (uint16_t)(CHECKSUM - sum);
}

void e1000_eeprom_load(struct e1000 *e)
{
	const uint16_t *mac = &e->eeprom[WORD_MAC];

	R(e, RA) = mac[0] | (uint32_t)mac[1] << 16;
	e->reg[E1000_RA / 4 + 1] = mac[2] | RAH_AV;
}

/* ---- EERD ---- */

void e1000_write_eerd(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);
	unsigned word = value >> 8 & 0xff;
	uint32_t data = 0xffff;

	(void)reg;
	if (!(value & EERD_START)) {
		R(e, EERD) = (uint32_t)value & 0xff00;
		return;
	}
	if (word < E1000_EEPROM_WORDS)
		data = (uint32_t)device_space_read(dev, E1000_SPACE_EEPROM + 2 * word, 2);
	R(e, EERD) = data << 16 | (uint32_t)(value & 0xff00) | EERD_DONE;
}

/* ---- EECD ---- */

static void put_word(struct e1000 *e, unsigned word, uint16_t value)
{
	device_space_write(&e->dev, E1000_SPACE_EEPROM + 2 * word, 2, value);
}

static void put_all(struct e1000 *e, uint16_t value)
{
	for (unsigned i = 0; i < E1000_EEPROM_WORDS; i++)
		put_word(e, i, value);
}

/* Those that need no data. */
static void run_command(struct e1000 *e, unsigned op, unsigned address)
{
	struct e1000_microwire *w = &e->microwire;

	if (op == OP_READ) {
		w->reading = true;
		w->address = (uint8_t)address;
	} else if (op == OP_ERASE && w->writable) {
		put_word(e, address, 0xffff);
	} else if (op == OP_OTHER) {
		unsigned other = address >> (ADDRESS_BITS - 2);

		if (other == OTHER_EWEN || other == OTHER_EWDS)
			w->writable = other == OTHER_EWEN;
		else if (other == OTHER_ERAL && w->writable)
			put_all(e, 0xffff);
	}
}

static void run_write(struct e1000 *e)
{
	const struct e1000_microwire *w = &e->microwire;
	unsigned address = w->shift >> 16 & (E1000_EEPROM_WORDS - 1);

	if (!w->writable)
		return;
	if ((w->shift >> (16 + ADDRESS_BITS) & 3) == OP_WRITE)
		put_word(e, address, (uint16_t)w->shift);
	else if (!(w->shift >> (16 + ADDRESS_BITS) & 3) &&
		 address >> (ADDRESS_BITS - 2) == OTHER_WRAL)
		put_all(e, (uint16_t)w->shift);
}

/* Word after word, as long as the clock runs. */
static void shift_out(struct e1000 *e)
{
	struct e1000_microwire *w = &e->microwire;

	if (!w->out_bits) {
		w->out = (uint16_t)device_space_read(&e->dev, E1000_SPACE_EEPROM + 2u * w->address,
						     2);
		w->address = (w->address + 1) & (E1000_EEPROM_WORDS - 1);
		w->out_bits = 16;
	}
	w->level = w->out >> --w->out_bits & 1;
}

static void shift_bit(struct e1000 *e, bool in)
{
	struct e1000_microwire *w = &e->microwire;

	if (w->reading) {
		shift_out(e);
		return;
	}
	/* Zeroes before the start bit say nothing. */
	if (!w->in_bits && !in)
		return;
	if (w->in_bits <= COMMAND_BITS + 16) {
		w->shift = w->in_bits ? w->shift << 1 | in : 0;
		w->in_bits++;
	}
	if (w->in_bits == 1 + COMMAND_BITS) {
		run_command(e, w->shift >> ADDRESS_BITS & 3, w->shift & (E1000_EEPROM_WORDS - 1));
		w->level = false; /* what comes before the data of READ */
	} else if (w->in_bits == 1 + COMMAND_BITS + 16) {
		run_write(e);
	}
}

void e1000_write_eecd(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);
	struct e1000_microwire *w = &e->microwire;
	uint32_t was = R(e, EECD);

	(void)reg;
	R(e, EECD) = (uint32_t)value & (EECD_SK | EECD_CS | EECD_DI | 0x30 | EECD_REQ);
	if (!(value & EECD_CS)) {
		/* Then it is ready again: nothing takes time. */
		w->in_bits = w->out_bits = 0;
		w->reading = false;
		w->level = true;
	} else if ((value & EECD_SK) && !(was & EECD_SK)) {
		shift_bit(e, value & EECD_DI);
	}
}

uint64_t e1000_peek_eecd(const struct device *dev, const struct reg *reg)
{
	const struct e1000 *e = (const struct e1000 *)dev;
	uint32_t value = R(e, EECD) | EECD_PRES;

	(void)reg;
	if (value & EECD_REQ)
		value |= EECD_GNT;
	return e->microwire.level ? value | EECD_DO : value;
}
