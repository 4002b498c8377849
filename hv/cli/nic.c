// SPDX-License-Identifier: GPL-3.0-or-later
/* -nic in terms of -netdev and -device: see nic.h. */
#include "hv/cli/nic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Adds ",WORD". */
static int add(char *text, size_t size, const char *word, size_t len)
{
	size_t used = strlen(text);

	if (used + 1 + len >= size)
		return -ENAMETOOLONG;
	snprintf(text + used, size - used, ",%.*s", (int)len, word);
	return 0;
}

/* QEMU's names: virtio is virtio-net-pci as well. The card is named before it is told more. */
static int set_model(struct cli_nic *nic, const char *model, size_t len, struct error *err)
{
	static const char *const cards[][2] = { { "virtio", "virtio-net" },
						{ "virtio-net", "virtio-net" },
						{ "virtio-net-pci", "virtio-net" },
						{ "e1000", "e1000" } };
	char rest[sizeof(nic->device)];

	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++)
		if (strlen(cards[i][0]) == len && !strncmp(cards[i][0], model, len)) {
			snprintf(rest, sizeof(rest), "%s", strchr(nic->device, ','));
			snprintf(nic->device, sizeof(nic->device), "%s%s", cards[i][1], rest);
			return 0;
		}
	return error_set(err, -EINVAL,
			 "'model=%.*s' is unknown: there is model=virtio-net and model=e1000",
			 len < 40 ? (int)len : 40, model);
}

int cli_nic_parse(struct cli_nic *nic, unsigned index, const char *value, struct error *err)
{
	static const char model[] = "model=", mac[] = "mac=";
	size_t len = strcspn(value, ",");
	int ret = 0;

	if (len >= sizeof(nic->netdev) - sizeof(",id=nic99"))
		return error_set(err, -EINVAL, "'%.40s' is no network", value);
	snprintf(nic->netdev, sizeof(nic->netdev), "%.*s,id=nic%u", (int)len, value, index);
	snprintf(nic->device, sizeof(nic->device), "virtio-net,netdev=nic%u", index);
	for (value += len; *value == ',' && !ret; value += len) {
		const char *word = value + 1;

		len = 1 + strcspn(word, ",");
		if (!strncmp(word, model, sizeof(model) - 1)) {
			ret = set_model(nic, word + sizeof(model) - 1, len - sizeof(model), err);
			if (ret)
				return ret;
		} else if (!strncmp(word, mac, sizeof(mac) - 1)) {
			ret = add(nic->device, sizeof(nic->device), word, len - 1);
		} else {
			ret = add(nic->netdev, sizeof(nic->netdev), word, len - 1);
		}
	}
	return ret ? error_set(err, ret, "it has more characters than the %d that are taken",
			       CLI_NIC_TEXT - 1)
		   : 0;
}
