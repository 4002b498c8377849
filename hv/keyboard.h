/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys that a person can send to the guest: their names, which are QEMU's, and their numbers,
 * which are the make codes of scan code set 2 (IBM Personal System/2 Hardware Interface Technical
 * Reference, "Keyboards"), 0xe0NN for two bytes.
 */
#ifndef HV_KEYBOARD_H
#define HV_KEYBOARD_H

#include <stddef.h>
#include <stdint.h>

struct keyboard_key {
	const char *name; /* "ctrl" */
	uint16_t code;
};
const struct keyboard_key *keyboard_keys(size_t *count);

/* Keys pressed together. */
#define KEYBOARD_CHORD_MAX 8

/* A device that has keys; loop thread. */
struct keyboard {
	/*
	 * Presses @count keys one after the other, holds them for @ms milliseconds of the guest's
	 * time and lets them go in reverse. -EAGAIN: the guest does not listen to its keyboard;
	 * -EBUSY: it has not taken what was typed before.
	 */
	int (*press)(void *opaque, const uint16_t *codes, size_t count, unsigned ms);
	void *opaque;
};

#endif
