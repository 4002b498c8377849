// SPDX-License-Identifier: GPL-3.0-or-later
/* The hash table by address: see addr_map.h. */
#include "hv/addr_map.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BUCKETS 64

/* Addresses of code are dense in their low bits, and tables of them even: mix (2^64 / phi). */
static struct addr_node **bucket_of(const struct addr_map *map, uint64_t addr)
{
	return &map->bucket[(addr * 0x9e3779b97f4a7c15ull >> 32) & (map->buckets - 1)];
}

static void append(struct addr_map *map, struct addr_node *node)
{
	struct addr_node **link = bucket_of(map, node->addr);

	while (*link)
		link = &(*link)->next;
	node->next = NULL;
	*link = node;
}

static int grow(struct addr_map *map)
{
	struct addr_map old = *map;
	size_t buckets = old.buckets ? old.buckets * 2 : FIRST_BUCKETS;
	struct addr_node **bucket = calloc(buckets, sizeof(struct addr_node *));

	if (!bucket)
		return -ENOMEM;
	map->bucket = bucket;
	map->buckets = buckets;
	for (size_t i = 0; i < old.buckets; i++) {
		for (struct addr_node *node = old.bucket[i], *next; node; node = next) {
			next = node->next;
			append(map, node);
		}
	}
	free(old.bucket);
	return 0;
}

int addr_map_add(struct addr_map *map, struct addr_node *node)
{
	/* A table that cannot grow is slower, no more. */
	if (map->count >= map->buckets && grow(map) && !map->buckets)
		return -ENOMEM;
	append(map, node);
	map->count++;
	return 0;
}

void addr_map_remove(struct addr_map *map, struct addr_node *node)
{
	struct addr_node **link = bucket_of(map, node->addr);

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	map->count--;
}

static struct addr_node *skip_to(struct addr_node *node, uint64_t addr)
{
	while (node && node->addr != addr)
		node = node->next;
	return node;
}

struct addr_node *addr_map_find(const struct addr_map *map, uint64_t addr)
{
	return map->count ? skip_to(*bucket_of(map, addr), addr) : NULL;
}

struct addr_node *addr_map_next(const struct addr_node *node)
{
	return skip_to(node->next, node->addr);
}

void addr_map_free(struct addr_map *map)
{
	free(map->bucket);
	*map = (struct addr_map){ 0 };
}
