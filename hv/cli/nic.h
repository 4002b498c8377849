/* SPDX-License-Identifier: GPL-3.0-or-later */
/* -nic user|tap,…|none: -netdev and the -device that uses it in one. */
#ifndef HV_CLI_NIC_H
#define HV_CLI_NIC_H

#include "hv/error.h"

#define CLI_NIC_TEXT 512

/* What the two options would be told. */
struct cli_nic {
	char netdev[CLI_NIC_TEXT], device[64];
};

/* The @index-th one, whose network is "nic0" for 0. -EINVAL with a sentence. */
int cli_nic_parse(struct cli_nic *nic, unsigned index, const char *value, struct error *err);

#endif
