/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A PS/2 keyboard: bytes from the computer go in, bytes to it wait in a queue. (IBM Personal
 * System/2 Hardware Interface Technical Reference, "Keyboards".) It speaks scan code set 2; the
 * controller can translate that to set 1.
 */
#ifndef DEVICES_PARTS_PS2_KEYBOARD_H
#define DEVICES_PARTS_PS2_KEYBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PS2_QUEUE 64 /* a chord and its release fit several times */

struct ps2_keyboard {
	uint8_t leds;	 /* as the computer set them: bit 0 scroll, 1 num, 2 caps */
	uint8_t enabled; /* it sends keys */
	uint8_t command; /* waits for its second byte; 0: none does */
	uint8_t waiting; /* bytes in the queue */
	uint8_t head;	 /* the next one to go */
	uint8_t last;	 /* that went, for a resend */
	uint8_t queue[PS2_QUEUE];
};

/* As after power-on, without the word that it sends then. */
void ps2_keyboard_reset(struct ps2_keyboard *k);
/* A byte from the computer. */
void ps2_keyboard_write(struct ps2_keyboard *k, uint8_t byte);
/* The next byte to it; false: none waits. */
bool ps2_keyboard_take(struct ps2_keyboard *k, uint8_t *byte);
/*
 * Queues the bytes for a key (its number as in hv/keyboard.h) that goes down or up: all or none.
 */
bool ps2_keyboard_key(struct ps2_keyboard *k, uint16_t code, bool down);
/* Whether @bytes more fit. */
bool ps2_keyboard_room(const struct ps2_keyboard *k, size_t bytes);

/*
 * The controller's translation of set 2 to set 1, a byte at a time; @broken keeps that the last one
 * was 0xf0. False: nothing comes out for it.
 */
bool ps2_translate(uint8_t in, bool *broken, uint8_t *out);

#endif
