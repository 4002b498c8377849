/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hash table by address, of nodes that lie inside what they belong to.
 *
 * Several nodes may have one address; they are found in the order in which they were
 * added. Who changes the table keeps readers out.
 */
#ifndef HV_ADDR_MAP_H
#define HV_ADDR_MAP_H

#include <stddef.h>
#include <stdint.h>

struct addr_node {
	uint64_t addr;
	struct addr_node *next;
};

struct addr_map {
	struct addr_node **bucket;
	size_t buckets; /* a power of two, or 0 */
	size_t count;
};

/* @node->addr is set. 0 or -ENOMEM. */
int addr_map_add(struct addr_map *map, struct addr_node *node);
/* @node is in the table. */
void addr_map_remove(struct addr_map *map, struct addr_node *node);
/* The first node of @addr, and the one after @node of the same address; NULL: none. */
struct addr_node *addr_map_find(const struct addr_map *map, uint64_t addr);
struct addr_node *addr_map_next(const struct addr_node *node);
/* Frees the table, not the nodes. */
void addr_map_free(struct addr_map *map);

#endif
