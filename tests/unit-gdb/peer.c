// SPDX-License-Identifier: GPL-3.0-or-later
/* The debugger's side: see peer.h. */
#include "peer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void rcmd(void *opaque, const char *line, struct strbuf *out)
{
	struct machine *m = opaque;

	if (!strcmp(line, "cont"))
		control_resume_all(m, NULL, NULL);
	else if (!strcmp(line, "message"))
		control_message(m, "told");
	else
		strbuf_printf(out, "you said %s\n", line);
}

void peer_open(struct peer *p, const char *dev, enum run_state state)
{
	struct gdbstub_config cfg = { .dev = dev, .rcmd = rcmd, .on_disconnect = p->on_disconnect };
	struct error err = { "" };

	p->m = fake_machine_new(2, state);
	cfg.rcmd_opaque = p->m;
	cr_assert_eq(gdbstub_create(&p->stub, p->m, NULL, &cfg, &err), 0, "%s", err.text);
	p->cd = dev[0] == '/' ? fake_line() : fake_connect();
}

void peer_attach(struct peer *p, enum run_state state)
{
	peer_open(p, "unix:/somewhere", state);
	peer_raw(p, "+");
	peer_send(p, "qSupported:multiprocess+;swbreak+;hwbreak+");
	peer_take(p);
	peer_raw(p, "+");
	peer_send(p, "QStartNoAckMode");
	peer_raw(p, "+");
	cr_assert_str_eq(peer_take(p), "+$OK#9a");
}

void peer_close(struct peer *p)
{
	bool line = p->cd && p->cd == fake_line();

	gdbstub_destroy(p->stub);
	if (p->cd && !line)
		fake_chardev_free(p->cd);
	fake_machine_free(p->m);
}

void peer_send_bytes(struct peer *p, const char *payload, size_t len)
{
	char *frame = malloc(len + 8);
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (uint8_t)payload[i];
	frame[0] = '$';
	memcpy(frame + 1, payload, len);
	snprintf(frame + 1 + len, 7, "#%02x", sum);
	fake_input(p->cd, frame, len + 4);
	free(frame);
}

void peer_send(struct peer *p, const char *payload)
{
	peer_send_bytes(p, payload, strlen(payload));
}

void peer_raw(struct peer *p, const char *bytes)
{
	fake_input(p->cd, bytes, strlen(bytes));
}

const char *peer_take(struct peer *p)
{
	static char *taken;

	free(taken);
	taken = strdup(strbuf_str(&p->cd->sent));
	strbuf_clear(&p->cd->sent);
	return taken;
}

/* What a debugger makes of runs: "0* " is 0000. */
static char *expanded(const char *s, size_t len)
{
	struct strbuf out = STRBUF_INIT;
	char *text;

	for (size_t i = 0; i < len; i++) {
		if (s[i] != '*') {
			strbuf_add(&out, s + i, 1);
			continue;
		}
		cr_assert(i && i + 1 < len && s[i + 1] >= ' ', "a run of nothing");
		for (int n = s[++i] - 29; n; n--)
			strbuf_add(&out, s + i - 2, 1);
	}
	text = strdup(strbuf_str(&out));
	strbuf_free(&out);
	return text;
}

const char *peer_reply(struct peer *p)
{
	const char *text = peer_take(p), *hash = strchr(text, '#');
	static char *payload;
	uint8_t sum = 0;
	char tail[4];

	if (!*text)
		return "(none)";
	if (*text == '+')
		text++;
	if (*text != '$' || !hash || strlen(hash) != 3)
		return "(more)";
	free(payload);
	payload = expanded(text + 1, (size_t)(hash - text) - 1);
	for (const char *s = text + 1; s != hash; s++)
		sum += (uint8_t)*s;
	snprintf(tail, sizeof(tail), "#%02x", sum);
	cr_expect_str_eq(hash, tail, "checksum of \"%s\"", payload);
	return payload;
}

const char *peer_ask(struct peer *p, const char *payload)
{
	peer_take(p);
	peer_send(p, payload);
	return peer_reply(p);
}
