// SPDX-License-Identifier: GPL-3.0-or-later
/* The items of fw_cfg and their directory: see fw_cfg_items.h. */
#include "devices/parts/fw_cfg_items.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/boot/file.h"

#define KEY_SIGNATURE  0x0000
#define KEY_ID	       0x0001
#define KEY_DIRECTORY  0x0019
#define KEY_FILE_FIRST 0x0020

#define ID_TRADITIONAL 0x1
#define ID_DMA	       0x2

/* "File Directory": numbers are big endian. */
struct directory_entry {
	uint32_t size;
	uint16_t select, reserved;
	char name[FW_CFG_NAME_MAX + 1];
};
struct directory {
	uint32_t count;
	struct directory_entry entry[FW_CFG_ITEMS_MAX];
};

const struct fw_cfg_item *fw_cfg_item_at(const struct fw_cfg_items *items, uint16_t key)
{
	for (unsigned i = 0; i < items->count; i++)
		if (items->items[i].key == key)
			return &items->items[i];
	return NULL;
}

static int out_of_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "fw_cfg: out of memory");
}

/* Takes @item, whose data is freed when there is no room for it. */
static int append(struct fw_cfg_items *items, const struct fw_cfg_item *item, struct error *err)
{
	if (items->count == FW_CFG_ITEMS_MAX) {
		if (item->owned)
			free(item->data);
		return error_set(err, -ENOSPC, "fw_cfg: there are more than %d items",
				 FW_CFG_ITEMS_MAX);
	}
	items->items[items->count++] = *item;
	return 0;
}

static int append_copy(struct fw_cfg_items *items, struct fw_cfg_item *item, const void *data,
		       uint32_t len, struct error *err)
{
	item->data = malloc(len ? len : 1);
	if (!item->data)
		return out_of_memory(err);
	if (len)
		memcpy(item->data, data, len);
	item->len = len;
	item->owned = true;
	return append(items, item, err);
}

int fw_cfg_items_init(struct fw_cfg_items *items, struct error *err)
{
	struct fw_cfg_item signature = { .key = KEY_SIGNATURE };
	struct fw_cfg_item id = { .key = KEY_ID };
	struct fw_cfg_item directory = { .key = KEY_DIRECTORY,
					 .len = sizeof(uint32_t),
					 .owned = true };
	struct directory *empty;
	uint32_t features = htole32(ID_TRADITIONAL | ID_DMA);
	int ret = append_copy(items, &signature, "QEMU", 4, err);

	if (!ret)
		ret = append_copy(items, &id, &features, sizeof(features), err);
	if (ret)
		return ret;
	empty = calloc(1, sizeof(*empty));
	if (!empty)
		return out_of_memory(err);
	directory.data = (uint8_t *)empty;
	return append(items, &directory, err);
}

void fw_cfg_items_free(struct fw_cfg_items *items)
{
	for (unsigned i = 0; i < items->count; i++)
		if (items->items[i].owned)
			free(items->items[i].data);
	items->count = 0;
}

/* ---- files ---- */

static int name_item(const struct fw_cfg_items *items, const char *name, struct fw_cfg_item *item,
		     struct error *err)
{
	size_t len = strlen(name);

	if (len > FW_CFG_NAME_MAX)
		return error_set(err, -ENAMETOOLONG,
				 "fw_cfg: the name '%.60s' has more than %d characters", name,
				 FW_CFG_NAME_MAX);
	for (unsigned i = 0; i < items->count; i++)
		if (!strcmp(items->items[i].name, name))
			return error_set(err, -EEXIST, "fw_cfg: there are two files '%s'", name);
	*item = (struct fw_cfg_item){ .key = KEY_FILE_FIRST };
	memcpy(item->name, name, len + 1);
	while (fw_cfg_item_at(items, item->key))
		item->key++;
	return 0;
}

/* The last item becomes the directory's last entry. */
static void list(struct fw_cfg_items *items)
{
	const struct fw_cfg_item *item = &items->items[items->count - 1];
	struct fw_cfg_item *dir = NULL;
	struct directory *d;
	uint32_t n;

	for (unsigned i = 0; i < items->count && !dir; i++)
		if (items->items[i].key == KEY_DIRECTORY)
			dir = &items->items[i];
	if (!dir)
		return;
	d = (struct directory *)dir->data;
	n = be32toh(d->count);
	d->entry[n].size = htobe32(item->len);
	d->entry[n].select = htobe16(item->key);
	memcpy(d->entry[n].name, item->name, sizeof(item->name));
	d->count = htobe32(n + 1);
	dir->len += sizeof(d->entry[0]);
}

int fw_cfg_items_add(struct fw_cfg_items *items, const char *name, const void *data, uint32_t len,
		     struct error *err)
{
	struct fw_cfg_item item;
	int ret = name_item(items, name, &item, err);

	if (!ret)
		ret = append_copy(items, &item, data, len, err);
	if (!ret)
		list(items);
	return ret;
}

int fw_cfg_items_add_writable(struct fw_cfg_items *items, const char *name, void *data,
			      uint32_t len, struct error *err)
{
	struct fw_cfg_item item;
	int ret = name_item(items, name, &item, err);

	item.data = data;
	item.len = len;
	item.writable = true;
	if (!ret)
		ret = append(items, &item, err);
	if (!ret)
		list(items);
	return ret;
}

int fw_cfg_items_add_file(struct fw_cfg_items *items, const char *name, const char *path,
			  struct error *err)
{
	struct boot_file file = { .fd = -1 };
	void *data = NULL;
	int ret = boot_file_open(&file, "fw_cfg file", path, err);

	if (ret)
		return ret;
	if (file.size > FW_CFG_FILE_MAX) {
		ret = error_set(err, -EFBIG, "fw_cfg: %s has more than %u MiB", path,
				FW_CFG_FILE_MAX >> 20);
		goto out;
	}
	data = malloc(file.size ? file.size : 1);
	if (!data)
		ret = out_of_memory(err);
	else if (!boot_file_read(&file, 0, data, file.size))
		ret = error_set(err, -EIO, "fw_cfg: cannot read %s", path);
	else
		ret = fw_cfg_items_add(items, name, data, (uint32_t)file.size, err);
	free(data);
out:
	boot_file_close(&file);
	return ret;
}
