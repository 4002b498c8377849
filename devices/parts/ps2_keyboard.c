// SPDX-License-Identifier: GPL-3.0-or-later
/* A PS/2 keyboard: see ps2_keyboard.h. */
#include "devices/parts/ps2_keyboard.h"

#define ACK    0xfa
#define RESEND 0xfe
#define PASSED 0xaa /* the basic assurance test */
#define ECHO   0xee
#define BREAK  0xf0

#define SET 2

static void put(struct ps2_keyboard *k, uint8_t byte)
{
	if (!ps2_keyboard_room(k, 1))
		return;
	k->queue[(k->head + k->waiting++) % PS2_QUEUE] = byte;
}

/* ---- commands ---- */

static void set_defaults(struct ps2_keyboard *k)
{
	put(k, ACK);
	k->enabled = true;
}

static void disable(struct ps2_keyboard *k)
{
	put(k, ACK);
	k->enabled = false;
}

static void reset(struct ps2_keyboard *k)
{
	ps2_keyboard_reset(k);
	put(k, ACK);
	put(k, PASSED);
}

static void identify(struct ps2_keyboard *k)
{
	put(k, ACK);
	put(k, 0xab);
	put(k, 0x83);
}

static void echo(struct ps2_keyboard *k)
{
	put(k, ECHO);
}

static void resend(struct ps2_keyboard *k)
{
	put(k, k->last);
}

static void set_leds(struct ps2_keyboard *k, uint8_t value)
{
	put(k, ACK);
	k->leds = value & 7;
}

/* Nobody holds a key long enough here for it to repeat. */
static void set_rate(struct ps2_keyboard *k, uint8_t value)
{
	(void)value;
	put(k, ACK);
}

/* 0 asks which one it is. */
static void choose_set(struct ps2_keyboard *k, uint8_t value)
{
	put(k, value == 0 || value == SET ? ACK : RESEND);
	if (!value)
		put(k, SET);
}

/* With a second byte, `with` is called when that comes. */
static const struct {
	uint8_t command;
	void (*run)(struct ps2_keyboard *k);
	void (*with)(struct ps2_keyboard *k, uint8_t value);
} commands[] = {
	{ 0xed, NULL, set_leds }, { 0xee, echo, NULL },		{ 0xf0, NULL, choose_set },
	{ 0xf2, identify, NULL }, { 0xf3, NULL, set_rate },	{ 0xf4, set_defaults, NULL },
	{ 0xf5, disable, NULL },  { 0xf6, set_defaults, NULL }, { 0xfe, resend, NULL },
	{ 0xff, reset, NULL },
};

void ps2_keyboard_write(struct ps2_keyboard *k, uint8_t byte)
{
	uint8_t before = k->command;

	k->command = 0;
	/* A command in place of the second byte gives the first one up. */
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (before && commands[i].command == before && byte < 0xed) {
			commands[i].with(k, byte);
			return;
		}
		if (commands[i].command != byte || (before && byte < 0xed))
			continue;
		if (commands[i].run) {
			commands[i].run(k);
		} else {
			k->command = byte;
			put(k, ACK);
		}
		return;
	}
	put(k, RESEND);
}

/* ---- the queue ---- */

void ps2_keyboard_reset(struct ps2_keyboard *k)
{
	*k = (struct ps2_keyboard){ .enabled = true };
}

bool ps2_keyboard_take(struct ps2_keyboard *k, uint8_t *byte)
{
	if (!k->waiting)
		return false;
	*byte = k->last = k->queue[k->head];
	k->head = (k->head + 1) % PS2_QUEUE;
	k->waiting--;
	return true;
}

bool ps2_keyboard_room(const struct ps2_keyboard *k, size_t bytes)
{
	return bytes <= (size_t)PS2_QUEUE - k->waiting;
}

bool ps2_keyboard_key(struct ps2_keyboard *k, uint16_t code, bool down)
{
	if (!ps2_keyboard_room(k, 3))
		return false;
	if (code >> 8)
		put(k, (uint8_t)(code >> 8));
	if (!down)
		put(k, BREAK);
	put(k, (uint8_t)code);
	return true;
}

/* ---- translation ---- */

/* IBM's table ("Keyboard and Auxiliary Device Controller"), by code of set 2. */
static const uint8_t set1[] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
	0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
	0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
	0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
	0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
	0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
	0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
	0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
	0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54,
};

bool ps2_translate(uint8_t in, bool *broken, uint8_t *out)
{
	if (in == BREAK) {
		*broken = true;
		return false;
	}
	*out = in < sizeof(set1) ? set1[in] : in;
	if (*broken)
		*out |= 0x80;
	*broken = false;
	return true;
}
