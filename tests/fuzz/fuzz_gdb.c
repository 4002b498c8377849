// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes whole sessions of the GDB server over the fake machine. The first byte
 * of the input chooses socket or line, and how the rest is read:
 *
 *   raw      the bytes as they are
 *   packets  one packet in each line, framed with the right checksum; a line
 *            that begins with 0x01 lets the guest run, with 0x02 hangs up and
 *            connects again, with 0x03 is Ctrl-C, with 0x04 another client's doing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit-gdb/fake_chardev.h"
#include "tests/unit-gdb/fake_machine.h"
#include "gdbstub/gdbstub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct machine *m;
	struct gdbstub *stub;
	struct chardev *cd;
	bool line;
};

static void rcmd(void *opaque, const char *text, struct strbuf *out)
{
	struct machine *m = opaque;

	strbuf_puts(out, text);
	if (*text == 'c')
		control_resume_all(m, NULL, NULL);
	else if (*text == 's')
		control_stop(m, NULL);
	else if (*text == 'm')
		control_message(m, "%s", text);
}

static void send_packet(struct run *r, const uint8_t *data, size_t len)
{
	char *frame = malloc(len + 8);
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += data[i];
	frame[0] = '$';
	memcpy(frame + 1, data, len);
	snprintf(frame + 1 + len, 7, "#%02x", sum);
	fake_input(r->cd, frame, len + 4);
	free(frame);
}

static void reconnect(struct run *r)
{
	if (r->line)
		return;
	fake_hang_up(r->cd);
	fake_chardev_free(r->cd);
	r->cd = fake_connect();
}

static void other_client(struct run *r, uint8_t what)
{
	struct stop stop = { .reason = STOP_PANIC, .text = "the guest panicked" };

	if (what % 4 == 0)
		control_stop(r->m, NULL);
	else if (what % 4 == 1)
		control_resume_all(r->m, NULL, NULL);
	else if (what % 4 == 2)
		control_message(r->m, "a message");
	else if (r->m->state == RUN_RUNNING)
		fake_stop(r->m, RUN_PANICKED, &stop);
}

static void one_line(struct run *r, const uint8_t *line, size_t len)
{
	if (len && line[0] == 1)
		fake_run(r->m, len > 1 ? line[1] : 10);
	else if (len && line[0] == 2)
		reconnect(r);
	else if (len && line[0] == 3)
		fake_input(r->cd, "\003", 1);
	else if (len && line[0] == 4)
		other_client(r, len > 1 ? line[1] : 0);
	else
		send_packet(r, line, len);
}

static void all_lines(struct run *r, const uint8_t *data, size_t size)
{
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		one_line(r, data, len);
		len += end != NULL;
		data += len;
		size -= len;
		strbuf_clear(&r->cd->sent);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gdbstub_config cfg = { .rcmd = rcmd };
	struct run r = { 0 };

	if (!size)
		return 0;
	r.line = data[0] & 1;
	r.m = fake_machine_new(1 + (data[0] >> 4) % FAKE_MAX_VCPUS,
			       data[0] & 4 ? RUN_CREATED : RUN_RUNNING);
	cfg.dev = r.line ? "/dev/ttyS0" : "unix:x";
	cfg.rcmd_opaque = r.m;
	if (gdbstub_create(&r.stub, r.m, NULL, &cfg, NULL))
		abort();
	r.cd = r.line ? fake_line() : fake_connect();
	if (data[0] & 2)
		fake_input(r.cd, data + 1, size - 1);
	else
		all_lines(&r, data + 1, size - 1);
	gdbstub_destroy(r.stub);
	if (!r.line)
		fake_chardev_free(r.cd);
	if (r.m->bp_count)
		abort(); /* every breakpoint goes with its owner */
	fake_machine_free(r.m);
	return 0;
}
