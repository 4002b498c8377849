// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The keyboard controller of a PC, 8042, with a keyboard and no mouse: ports 0x60
 * and 0x64. It also resets the machine (command 0xfe) and opens the A20 gate.
 *
 *   keyboard's queue --translated when CTR says so--> output buffer, port 0x60, interrupt 1
 *                    commands' answers ------------->
 *
 * Every command that owes an answer gives it at once: a driver waits half a second
 * for each one that does not come. An answer goes before what the keyboard sends. A byte
 * sent to the mouse that is not there comes back as a time-out (status bit 6, data
 * 0xfe), as the real controller reports an open line.
 *
 * Commands and bits: IBM Personal System/2 Hardware Interface Technical
 * Reference, "Keyboard and Auxiliary Device Controller".
 */
#include <errno.h>

#include "devices/parts/ps2_keyboard.h"
#include "hv/device.h"
#include "hv/irq.h"
#include "hv/keyboard.h"
#include "hv/machine.h"

#define KBC_DATA   0x60
#define KBC_STATUS 0x64
#define KBC_IRQ	   1

#define STR_OBF	     0x01 /* a byte waits at 0x60 */
#define STR_SYS	     0x04 /* the self test has passed */
#define STR_CMD	     0x08 /* the last write went to 0x64 */
#define STR_UNLOCKED 0x10
#define STR_AUX	     0x20 /* the byte is the auxiliary device's */
#define STR_TIMEOUT  0x40

#define CTR_KBD_INT 0x01
#define CTR_SYS	    0x04
#define CTR_KBD_DIS 0x10
#define CTR_AUX_DIS 0x20
#define CTR_XLATE   0x40

#define OUTPUT_NO_RESET 0x01
#define OUTPUT_A20	0x02

/* Register space: 0x60 and 0x64, then the controller's own. */
enum {
	SPACE_DATA,
	SPACE_STATUS,
	SPACE_RAM = 0x10,
	SPACE_OUTPUT = 0x30,
	SPACE_KBD_LEDS,
	SPACE_KBD_ENABLED,
	SPACE_KBD_WAITING,
	SPACE_SIZE
};

struct i8042 {
	struct device dev;
	uint8_t status, data, command, output;
	uint8_t ram[32]; /* byte 0 is the command byte, CTR */
	struct ps2_keyboard kbd;
	bool from_kbd;	/* the byte that waits is the keyboard's */
	bool held_back; /* … and an answer took its place: it is `held` */
	uint8_t held;
	bool broken;			    /* the translation has seen a break prefix */
	uint16_t chord[KEYBOARD_CHORD_MAX]; /* keys that are down */
	size_t chord_count;
	struct hv_timer *release_timer;
	struct keyboard keyboard;
};

static struct i8042 *to_kbc(struct device *dev)
{
	return (struct i8042 *)dev;
}

static void update_irq(struct i8042 *k)
{
	bool up = (k->status & STR_OBF) && !(k->status & STR_AUX) && (k->ram[0] & CTR_KBD_INT);

	device_irq_set(&k->dev, up);
}

/* Puts a byte where the guest reads it, with the status bits that tell where it is from. */
static void answer(struct i8042 *k, uint8_t byte, uint8_t flags)
{
	if ((k->status & STR_OBF) && k->from_kbd) {
		k->held = k->data;
		k->held_back = true;
	}
	k->from_kbd = false;
	k->data = byte;
	k->status &= ~(STR_AUX | STR_TIMEOUT);
	k->status |= STR_OBF | flags;
	update_irq(k);
}

/* The keyboard's next byte, as the guest wants to see it. */
static bool next_from_kbd(struct i8042 *k, uint8_t *byte)
{
	if (k->held_back) {
		k->held_back = false;
		*byte = k->held;
		return true;
	}
	while (ps2_keyboard_take(&k->kbd, byte))
		if (!(k->ram[0] & CTR_XLATE) || ps2_translate(*byte, &k->broken, byte))
			return true;
	return false;
}

/* The keyboard sends when the output buffer is free and its clock is not held. */
static void feed(struct i8042 *k)
{
	uint8_t byte;

	if ((k->status & STR_OBF) || (k->ram[0] & CTR_KBD_DIS) || !next_from_kbd(k, &byte))
		return;
	answer(k, byte, 0);
	k->from_kbd = true;
}

/* ---- keys from a person ---- */

static void send_chord(struct i8042 *k, bool down)
{
	size_t i;

	for (i = 0; i < k->chord_count; i++)
		ps2_keyboard_key(&k->kbd, k->chord[down ? i : k->chord_count - 1 - i], down);
	feed(k);
}

static void release(struct i8042 *k)
{
	send_chord(k, false);
	k->chord_count = 0;
	hv_timer_disarm(k->release_timer);
}

static void release_later(void *opaque)
{
	struct i8042 *k = opaque;

	pthread_mutex_lock(&k->dev.lock);
	release(k);
	pthread_mutex_unlock(&k->dev.lock);
}

static int press_locked(struct i8042 *k, const uint16_t *codes, size_t count, unsigned ms)
{
	size_t i;

	if (!k->kbd.enabled || (k->ram[0] & CTR_KBD_DIS))
		return -EAGAIN;
	/* With what is down already: two bytes down and three up at most, for each. */
	if (!ps2_keyboard_room(&k->kbd, 3 * k->chord_count + 5 * count))
		return -EBUSY;
	release(k);
	for (i = 0; i < count && i < KEYBOARD_CHORD_MAX; i++)
		k->chord[k->chord_count++] = codes[i];
	send_chord(k, true);
	hv_timer_arm(k->release_timer,
		     hv_clock_now(k->dev.m->timers, HV_CLOCK_GUEST) + ms * 1000000ull);
	return 0;
}

static int press(void *opaque, const uint16_t *codes, size_t count, unsigned ms)
{
	struct i8042 *k = opaque;
	int ret;

	pthread_mutex_lock(&k->dev.lock);
	ret = press_locked(k, codes, count, ms);
	pthread_mutex_unlock(&k->dev.lock);
	return ret;
}

/* ---- commands: a table, by first and last code ---- */

static void cmd_read_ram(struct i8042 *k, uint8_t cmd)
{
	answer(k, k->ram[cmd & 0x1f], 0);
}

static void cmd_ctr_bits(struct i8042 *k, uint8_t cmd)
{
	static const struct {
		uint8_t cmd, set, clear;
	} rows[] = {
		{ 0xa7, CTR_AUX_DIS, 0 },
		{ 0xa8, 0, CTR_AUX_DIS },
		{ 0xad, CTR_KBD_DIS, 0 },
		{ 0xae, 0, CTR_KBD_DIS },
	};
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].cmd == cmd)
			k->ram[0] = (k->ram[0] | rows[i].set) & ~rows[i].clear;
	feed(k);
}

static void cmd_self_test(struct i8042 *k, uint8_t cmd)
{
	(void)cmd;
	k->status |= STR_SYS;
	k->ram[0] |= CTR_SYS;
	answer(k, 0x55, 0);
}

static void cmd_test_kbd(struct i8042 *k, uint8_t cmd)
{
	(void)cmd;
	answer(k, 0x00, 0); /* both lines are fine: open */
}

static void cmd_test_aux(struct i8042 *k, uint8_t cmd)
{
	(void)cmd;
	answer(k, 0x01, 0); /* clock stuck low: there is no second port */
}

static void cmd_read_input(struct i8042 *k, uint8_t cmd)
{
	(void)cmd;
	answer(k, 0x80, 0); /* keyboard not locked */
}

static void cmd_read_output(struct i8042 *k, uint8_t cmd)
{
	(void)cmd;
	answer(k, k->output, 0);
}

/* The next byte at 0x60 belongs to the command. */
static void cmd_wait_data(struct i8042 *k, uint8_t cmd)
{
	k->command = cmd;
}

/* Pulls those lines of the output port low whose bit is clear; line 0 is the processor's reset. */
static void cmd_pulse(struct i8042 *k, uint8_t cmd)
{
	if (!(cmd & OUTPUT_NO_RESET))
		machine_request_reset(k->dev.m);
}

static const struct {
	uint8_t first, last;
	void (*fn)(struct i8042 *k, uint8_t cmd);
} commands[] = {
	{ 0x20, 0x3f, cmd_read_ram },	 { 0x60, 0x7f, cmd_wait_data },
	{ 0xa7, 0xa8, cmd_ctr_bits },	 { 0xa9, 0xa9, cmd_test_aux },
	{ 0xaa, 0xaa, cmd_self_test },	 { 0xab, 0xab, cmd_test_kbd },
	{ 0xad, 0xae, cmd_ctr_bits },	 { 0xc0, 0xc0, cmd_read_input },
	{ 0xd0, 0xd0, cmd_read_output }, { 0xd1, 0xd4, cmd_wait_data },
	{ 0xf0, 0xff, cmd_pulse },
};

static void write_command(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct i8042 *k = to_kbc(dev);
	unsigned i;

	(void)reg;
	k->status |= STR_CMD;
	k->command = 0;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (value >= commands[i].first && value <= commands[i].last)
			commands[i].fn(k, (uint8_t)value);
}

/* ---- data ---- */

static void write_output(struct i8042 *k, uint8_t value)
{
	k->output = value;
	if (!(value & OUTPUT_NO_RESET))
		machine_request_reset(k->dev.m);
}

static void write_data(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct i8042 *k = to_kbc(dev);
	uint8_t cmd = k->command, byte = (uint8_t)value;

	(void)reg;
	k->command = 0;
	k->status &= ~STR_CMD;
	if (cmd >= 0x60 && cmd <= 0x7f) {
		k->ram[cmd & 0x1f] = byte;
		update_irq(k);
		feed(k);
	} else if (cmd == 0xd1) {
		write_output(k, byte);
	} else if (cmd == 0xd2) {
		answer(k, byte, 0); /* as if from the keyboard */
	} else if (cmd == 0xd3) {
		answer(k, byte, 0); /* no second port: it does not come back from there */
	} else if (cmd == 0xd4) {
		answer(k, 0xfe, STR_AUX | STR_TIMEOUT);
	} else {
		k->ram[0] &= ~CTR_KBD_DIS; /* sending enables the line */
		ps2_keyboard_write(&k->kbd, byte);
		feed(k);
	}
}

static uint64_t read_data(struct device *dev, const struct reg *reg)
{
	struct i8042 *k = to_kbc(dev);
	uint8_t byte = k->data;

	(void)reg;
	k->status &= ~(STR_OBF | STR_AUX | STR_TIMEOUT);
	update_irq(k); /* down, so that the next byte is an edge */
	feed(k);
	return byte;
}

static const struct reg_field status_fields[] = {
	REG_BIT("OBF", 0),     REG_BIT("IBF", 1),      REG_BIT("SYS", 2),
	REG_BIT("CMD", 3),     REG_BIT("UNLOCKED", 4), REG_BIT("AUX", 5),
	REG_BIT("TIMEOUT", 6), REG_BIT("PARITY", 7),   { 0 },
};
static const struct reg_field ctr_fields[] = {
	REG_BIT("KBD_INT", 0),
	REG_BIT("AUX_INT", 1),
	REG_BIT("SYS", 2),
	REG_BIT("KBD_DIS", 4),
	REG_BIT("AUX_DIS", 5),
	REG_BIT("XLATE", 6),
	{ 0 },
};
static const struct reg_field output_fields[] = {
	REG_BIT("NO_RESET", 0),
	REG_BIT("A20", 1),
	{ 0 },
};
static const struct reg_field led_fields[] = {
	REG_BIT("SCROLL", 0),
	REG_BIT("NUM", 1),
	REG_BIT("CAPS", 2),
	{ 0 },
};

/* clang-format off */
static const struct reg i8042_regs[] = {
	{ .name = "data", .offset = SPACE_DATA, .width = 1, REG_STATE(struct i8042, data),
	  .read = read_data, .write = write_data,
	  .help = "port 0x60: an answer; a byte for a command or for the keyboard" },
	{ .name = "status", .offset = SPACE_STATUS, .width = 1, .access = REG_RO,
	  .reset = STR_UNLOCKED | STR_SYS, REG_STATE(struct i8042, status), .fields = status_fields,
	  .help = "port 0x64: what waits at 0x60" },
	{ .name = "command", .offset = SPACE_STATUS, .width = 1, .access = REG_WO,
	  REG_STATE(struct i8042, command), .write = write_command,
	  .help = "port 0x64: a command; 0xfe resets the machine. Seen here: the one that waits for its data" },
	{ .name = "ctr", .offset = SPACE_RAM, .width = 1,
	  .reset = CTR_SYS | CTR_KBD_DIS | CTR_AUX_DIS, REG_STATE(struct i8042, ram[0]),
	  .fields = ctr_fields,
	  .help = "command byte: by commands 0x20 and 0x60" },
	{ .name = "ram", .offset = SPACE_RAM + 1, .width = 1, .count = 31, REG_STATE(struct i8042,
	  ram[1]),
	  .help = "controller RAM: by commands 0x21 and 0x61 on" },
	{ .name = "output", .offset = SPACE_OUTPUT, .width = 1,
	  .reset = OUTPUT_NO_RESET | OUTPUT_A20, REG_STATE(struct i8042, output),
	  .fields = output_fields,
	  .help = "output port: by commands 0xd0 and 0xd1" },
	{ .name = "kbd_leds", .offset = SPACE_KBD_LEDS, .width = 1, .access = REG_RO,
	  REG_STATE(struct i8042, kbd.leds), .fields = led_fields,
	  .help = "the keyboard: its lights" },
	{ .name = "kbd_enabled", .offset = SPACE_KBD_ENABLED, .width = 1, .access = REG_RO,
	  .reset = 1, REG_STATE(struct i8042, kbd.enabled),
	  .help = "the keyboard: whether it sends keys" },
	{ .name = "kbd_waiting", .offset = SPACE_KBD_WAITING, .width = 1, .access = REG_RO,
	  REG_STATE(struct i8042, kbd.waiting),
	  .help = "the keyboard: bytes that the guest has not taken" },
	{ 0 },
};
/* clang-format on */

static void i8042_reset(struct device *dev)
{
	struct i8042 *k = to_kbc(dev);

	ps2_keyboard_reset(&k->kbd);
	k->from_kbd = k->held_back = k->broken = false;
	k->chord_count = 0;
	hv_timer_disarm(k->release_timer);
	update_irq(k);
}

static int i8042_create(struct device *dev, struct error *err)
{
	struct i8042 *k = to_kbc(dev);

	if (hv_timer_create(dev->m->timers, HV_CLOCK_GUEST, release_later, k, &k->release_timer) <
	    0)
		return error_set(err, -ENOMEM, "%s: no timer", dev->name);
	k->keyboard = (struct keyboard){ .press = press, .opaque = k };
	dev->m->keyboard = &k->keyboard;
	return 0;
}

static void i8042_destroy(struct device *dev)
{
	dev->m->keyboard = NULL;
	hv_timer_destroy(to_kbc(dev)->release_timer);
}

static int i8042_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class i8042 = {
	.name = "i8042",
	.stem = "kbc",
	.help = "keyboard controller with a keyboard: keys by sendkey, reset, A20",
	.compatible = "intel,8042",
	.size = sizeof(struct i8042),
	.space = SPACE_SIZE,
	.regs = i8042_regs,
	.probe = i8042_probe,
	.create = i8042_create,
	.destroy = i8042_destroy,
	.reset = i8042_reset,
};
DEVICE_CLASS(i8042);

static int i8042_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	struct device *dev = device_add(m, &i8042, true, KBC_DATA, 1, KBC_IRQ, err);

	(void)cfg;
	if (!dev)
		return -EIO;
	return device_add_range(dev, true, KBC_STATUS, 1, SPACE_STATUS, err);
}
