// SPDX-License-Identifier: GPL-3.0-or-later
/* Forwardings of ports: see hostfwd.h. */
#include "hv/hostfwd.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "[ADDRESS]:PORT" up to @stop; leaves the address alone when there is none. What is behind it, or
 * NULL. */
static const char *parse_end(const char *p, char stop, struct in_addr *address, uint16_t *port)
{
	char text[INET_ADDRSTRLEN];
	const char *colon = strchr(p, ':');
	unsigned long n;
	char *end;

	if (!colon || (size_t)(colon - p) >= sizeof(text))
		return NULL;
	memcpy(text, p, (size_t)(colon - p));
	text[colon - p] = '\0';
	if (*text && inet_pton(AF_INET, text, address) != 1)
		return NULL;
	if (!isdigit((unsigned char)colon[1]))
		return NULL;
	n = strtoul(colon + 1, &end, 10);
	if (*end != stop || !n || n > UINT16_MAX)
		return NULL;
	*port = (uint16_t)n;
	return stop ? end + 1 : end;
}

int hostfwd_parse(struct hostfwd *f, const char *text, struct error *err)
{
	const char *p = strchr(text, ':');

	*f = (struct hostfwd){ .host.s_addr = htonl(INADDR_LOOPBACK) };
	f->udp = !strncmp(text, "udp:", 4);
	if (f->udp || !strncmp(text, "tcp:", 4) || *text == ':')
		p = parse_end(p + 1, '-', &f->host, &f->host_port);
	else
		p = NULL;
	if (p && parse_end(p, '\0', &f->guest, &f->guest_port))
		return 0;
	return error_set(
		err, -EINVAL,
		"-netdev user: hostfwd=%.80s: use tcp:[ADDRESS]:PORT-[ADDRESS]:PORT or udp:…, "
		"as in tcp::2222-:22",
		text);
}
