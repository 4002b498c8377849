/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What fw_cfg holds: byte strings by key, and a directory of those that have a name. QEMU's
 * docs/specs/fw_cfg.rst, "Firmware Configuration Items".
 */
#ifndef DEVICES_PARTS_FW_CFG_ITEMS_H
#define DEVICES_PARTS_FW_CFG_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

#define FW_CFG_NAME_MAX	 55 /* characters */
#define FW_CFG_ITEMS_MAX 64
#define FW_CFG_FILE_MAX	 (64u << 20) /* bytes; ours */

struct fw_cfg_item {
	uint16_t key;
	char name[FW_CFG_NAME_MAX + 1]; /* empty: not in the directory */
	uint8_t *data;
	uint32_t len;
	bool writable;
	bool owned; /* freed with the items */
};

struct fw_cfg_items {
	struct fw_cfg_item items[FW_CFG_ITEMS_MAX];
	unsigned count;
};

/* @items is all zeroes. Signature, features, and a directory that is empty. -ENOMEM. */
int fw_cfg_items_init(struct fw_cfg_items *items, struct error *err);
void fw_cfg_items_free(struct fw_cfg_items *items);
/*
 * Adds a file to the directory, with a copy of @data; or, when the guest may write it, with @data
 * itself, which stays the caller's. -EEXIST, -ENOSPC, -ENAMETOOLONG, -ENOMEM, with a sentence.
 */
int fw_cfg_items_add(struct fw_cfg_items *items, const char *name, const void *data, uint32_t len,
		     struct error *err);
int fw_cfg_items_add_writable(struct fw_cfg_items *items, const char *name, void *data,
			      uint32_t len, struct error *err);
/* The same with what is in a file of the host now. */
int fw_cfg_items_add_file(struct fw_cfg_items *items, const char *name, const char *path,
			  struct error *err);
/* NULL: there is none. */
const struct fw_cfg_item *fw_cfg_item_at(const struct fw_cfg_items *items, uint16_t key);

#endif
