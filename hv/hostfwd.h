/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "tcp:127.0.0.1:2222-10.0.2.15:22": a port of the host that leads to one of the guest's.
 *
 * Without an address the host's is 127.0.0.1, which nobody reaches from outside; the guest's is the
 * first one that DHCP gives. IPv4 alone.
 */
#ifndef HV_HOSTFWD_H
#define HV_HOSTFWD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "hv/error.h"

#define HOSTFWD_MAX 24

struct hostfwd {
	bool udp;
	struct in_addr host, guest; /* guest 0.0.0.0: the first that DHCP gives */
	uint16_t host_port, guest_port;
};

/* -EINVAL with a sentence. */
int hostfwd_parse(struct hostfwd *f, const char *text, struct error *err);

#endif
