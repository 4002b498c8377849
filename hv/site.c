// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sites: breakpoint instructions planted in guest RAM.
 *
 * Two tables, so that tens of thousands cost no more each than a few: of the
 * sites by their guest-physical address, and of the pages that have any, with
 * one bit for each byte at which a site begins. A reader of memory looks at
 * the bits of its range. Every reader goes through sites_hide(), every writer
 * through sites_write(): nobody sees or breaks a planted instruction.
 *
 * Readers on the loop and device threads go on while a vCPU steps over a site
 * inside its exclusive section. site_lock keeps the tables, what a site has and
 * the bytes of planted instructions together; nothing is taken inside.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/debug.h"
#include "hv/machine.h"

#define PAGE 4096ull

/* ---- the tables ---- */

struct site *site_find(struct machine *m, uint64_t gpa)
{
	struct addr_node *node = addr_map_find(&m->debug->sites, gpa);

	return node ? (struct site *)((char *)node - offsetof(struct site, node)) : NULL;
}

static struct site_page *page_find(const struct debug *d, uint64_t gpa)
{
	struct addr_node *node = addr_map_find(&d->site_pages, gpa & ~(PAGE - 1));

	return node ? (struct site_page *)((char *)node - offsetof(struct site_page, node)) : NULL;
}

/* The page of @gpa, made when it is not there. */
static struct site_page *page_get(struct debug *d, uint64_t gpa)
{
	struct site_page *page = page_find(d, gpa);

	if (page)
		return page;
	page = calloc(1, sizeof(*page));
	if (!page)
		return NULL;
	page->node.addr = gpa & ~(PAGE - 1);
	if (addr_map_add(&d->site_pages, &page->node)) {
		free(page);
		return NULL;
	}
	page->next = d->pages;
	if (page->next)
		page->next->prev = page;
	d->pages = page;
	return page;
}

static void page_put(struct debug *d, struct site_page *page)
{
	if (page->sites)
		return;
	addr_map_remove(&d->site_pages, &page->node);
	*(page->prev ? &page->prev->next : &d->pages) = page->next;
	if (page->next)
		page->next->prev = page->prev;
	free(page);
}

static void page_mark(struct site_page *page, uint64_t gpa, bool on)
{
	unsigned byte = gpa & (PAGE - 1);
	uint64_t bit = 1ull << byte % 64;

	page->sites += on ? 1 : -1u;
	page->here[byte / 64] = on ? page->here[byte / 64] | bit : page->here[byte / 64] & ~bit;
}

/* Puts @site, whose gpa is set, into both tables. */
static int site_add(struct debug *d, struct site *site)
{
	struct site_page *page = page_get(d, site->gpa);
	int ret = page ? 0 : -ENOMEM;

	site->node.addr = site->gpa;
	if (!ret)
		ret = addr_map_add(&d->sites, &site->node);
	if (!ret)
		page_mark(page, site->gpa, true);
	else if (page)
		page_put(d, page);
	return ret;
}

static void site_drop(struct debug *d, struct site *site)
{
	struct site_page *page = page_find(d, site->gpa);

	addr_map_remove(&d->sites, &site->node);
	page_mark(page, site->gpa, false);
	page_put(d, page);
	if (d->lifted == site)
		d->lifted = NULL;
	free(site);
}

/* The first site of @page in [gpa, end); UINT64_MAX when there is none. */
static uint64_t first_in_page(const struct site_page *page, uint64_t gpa, uint64_t end)
{
	unsigned byte = gpa & (PAGE - 1);
	uint64_t bits = page->here[byte / 64] >> byte % 64 << byte % 64;

	for (unsigned word = byte / 64;;) {
		uint64_t found = page->node.addr + (uint64_t)word * 64 +
				 (unsigned)__builtin_ctzll(bits | 1ull << 63);

		if (bits)
			return found < end ? found : UINT64_MAX;
		if (++word == PAGE / 64)
			return UINT64_MAX;
		bits = page->here[word];
	}
}

/* The first site in [gpa, end), NULL when there is none. */
static struct site *site_in(struct machine *m, uint64_t gpa, uint64_t end)
{
	const struct debug *d = m->debug;

	while (d->sites.count && gpa < end) {
		const struct site_page *page = page_find(d, gpa);
		uint64_t at = page ? first_in_page(page, gpa, end) : UINT64_MAX;

		if (at != UINT64_MAX)
			return site_find(m, at);
		gpa = (gpa | (PAGE - 1)) + 1;
		if (!gpa)
			break;
	}
	return NULL;
}

void sites_free(struct debug *d)
{
	for (size_t i = 0; i < d->sites.buckets; i++)
		while (d->sites.bucket[i])
			site_drop(d, (struct site *)((char *)d->sites.bucket[i] -
						     offsetof(struct site, node)));
	addr_map_free(&d->sites);
	addr_map_free(&d->site_pages);
}

/* ---- one site ---- */

static uint8_t *site_bytes(struct machine *m, uint64_t gpa)
{
	return memory_ptr(m->ram, gpa, arch_bp_insn_len);
}

/* site_lock held, as in what follows up to the functions that take it. */
static int plant(struct machine *m, uint64_t gpa)
{
	struct debug *d = m->debug;
	struct site *site = site_find(m, gpa);
	uint8_t *bytes = site_bytes(m, gpa);
	int ret;

	if (!bytes)
		return -EFAULT;
	if (site) {
		site->refs++;
		return 0;
	}
	site = calloc(1, sizeof(*site));
	if (!site)
		return -ENOMEM;
	site->gpa = gpa;
	site->refs = 1;
	ret = site_add(d, site);
	if (ret) {
		free(site);
		return ret;
	}
	memcpy(site->original, bytes, arch_bp_insn_len);
	memcpy(bytes, arch_bp_insn, arch_bp_insn_len);
	if (d->sites.count == 1)
		debug_changed(d); /* KVM must be told that they come to us */
	return 0;
}

static void remove_one(struct machine *m, uint64_t gpa)
{
	struct debug *d = m->debug;
	struct site *site = site_find(m, gpa);

	if (!site || --site->refs)
		return;
	/* What the guest has put there since is the guest's. */
	if (site_intact(m, site))
		memcpy(site_bytes(m, gpa), site->original, arch_bp_insn_len);
	site_drop(d, site);
	if (!d->sites.count)
		debug_changed(d);
}

bool site_intact(struct machine *m, const struct site *site)
{
	return memcmp(site_bytes(m, site->gpa), arch_bp_insn, arch_bp_insn_len) == 0;
}

static void replant(struct machine *m, struct site *site)
{
	uint8_t *bytes = site_bytes(m, site->gpa);

	memcpy(site->original, bytes, arch_bp_insn_len);
	memcpy(bytes, arch_bp_insn, arch_bp_insn_len);
}

static void lift(struct machine *m, struct site *site, bool up)
{
	if (up && site_intact(m, site)) {
		memcpy(site_bytes(m, site->gpa), site->original, arch_bp_insn_len);
		site->lifted = true;
		m->debug->lifted = site;
	} else if (!up && site->lifted) {
		/* The instruction may have rewritten itself: keep what is there now. */
		replant(m, site);
		site->lifted = false;
		m->debug->lifted = NULL;
	}
}

/* What the fast path of readers looks at. */
static void note_count(struct debug *d)
{
	__atomic_store_n(&d->any_site, d->sites.count != 0, __ATOMIC_RELEASE);
}

int site_plant(struct machine *m, uint64_t gpa)
{
	int ret;

	pthread_mutex_lock(&m->debug->site_lock);
	ret = plant(m, gpa);
	note_count(m->debug);
	pthread_mutex_unlock(&m->debug->site_lock);
	return ret;
}

void site_remove(struct machine *m, uint64_t gpa)
{
	pthread_mutex_lock(&m->debug->site_lock);
	remove_one(m, gpa);
	note_count(m->debug);
	pthread_mutex_unlock(&m->debug->site_lock);
}

void site_replant(struct machine *m, struct site *site)
{
	pthread_mutex_lock(&m->debug->site_lock);
	replant(m, site);
	pthread_mutex_unlock(&m->debug->site_lock);
}

void site_lift(struct machine *m, struct site *site, bool up)
{
	pthread_mutex_lock(&m->debug->site_lock);
	lift(m, site, up);
	pthread_mutex_unlock(&m->debug->site_lock);
}

/* The part of @site that lies in [gpa, gpa+len): offset in the range, in the site, and its length.
 */
struct overlap {
	size_t in_buf, in_site, len;
};

static bool site_overlap(const struct site *site, uint64_t gpa, size_t len, struct overlap *o)
{
	uint64_t start = site->gpa > gpa ? site->gpa : gpa;
	uint64_t end_site = site->gpa + arch_bp_insn_len, end_buf = gpa + len;
	uint64_t end = end_site < end_buf ? end_site : end_buf;

	if (start >= end)
		return false;
	*o = (struct overlap){ start - gpa, start - site->gpa, end - start };
	return true;
}

/* Where the first site that can overlap a range that begins at @gpa may be. */
static uint64_t near(uint64_t gpa)
{
	uint64_t reach = arch_bp_insn_len - 1;

	return gpa > reach ? gpa - reach : 0;
}

/*
 * The copy says whether it was planted when the copy was made: since then it may have been lifted,
 * or put back.
 */
void sites_hide(struct machine *m, uint64_t gpa, uint8_t *buf, size_t len)
{
	struct debug *d = m->debug;
	struct overlap o;

	if (!__atomic_load_n(&d->any_site, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&d->site_lock);
	for (struct site *s = site_in(m, near(gpa), gpa + len); s;
	     s = site_in(m, s->gpa + 1, gpa + len))
		if (site_overlap(s, gpa, len, &o) &&
		    !memcmp(buf + o.in_buf, arch_bp_insn + o.in_site, o.len))
			memcpy(buf + o.in_buf, s->original + o.in_site, o.len);
	pthread_mutex_unlock(&d->site_lock);
}

/* As the processor stores: an aligned number of up to 8 bytes is never seen half written. */
static void ram_store(uint8_t *ram, const uint8_t *buf, size_t len)
{
	uint64_t value = 0;

	if (len > 8 || (len & (len - 1)) || (uintptr_t)ram % len) {
		memcpy(ram, buf, len);
		return;
	}
	memcpy(&value, buf, len);
	switch (len) {
	case 1:
		__atomic_store_n(ram, (uint8_t)value, __ATOMIC_SEQ_CST);
		break;
	case 2:
		__atomic_store_n((uint16_t *)(void *)ram, (uint16_t)value, __ATOMIC_SEQ_CST);
		break;
	case 4:
		__atomic_store_n((uint32_t *)(void *)ram, (uint32_t)value, __ATOMIC_SEQ_CST);
		break;
	default:
		__atomic_store_n((uint64_t *)(void *)ram, value, __ATOMIC_SEQ_CST);
	}
}

static void write_below(struct machine *m, uint8_t *ram, uint64_t gpa, const uint8_t *buf,
			size_t len)
{
	struct site *s;
	struct overlap o;

	for (s = site_in(m, near(gpa), gpa + len); s; s = site_in(m, s->gpa + 1, gpa + len)) {
		if (s->lifted || !site_overlap(s, gpa, len, &o))
			continue;
		if (!site_intact(m, s))
			memcpy(s->original, site_bytes(m, s->gpa), arch_bp_insn_len);
		memcpy(s->original + o.in_site, buf + o.in_buf, o.len);
	}
	ram_store(ram, buf, len);
	for (s = site_in(m, near(gpa), gpa + len); s; s = site_in(m, s->gpa + 1, gpa + len))
		if (!s->lifted && site_overlap(s, gpa, len, &o))
			memcpy(site_bytes(m, s->gpa), arch_bp_insn, arch_bp_insn_len);
}

void sites_write(struct machine *m, uint64_t gpa, const uint8_t *buf, size_t len)
{
	uint8_t *ram = memory_ptr(m->ram, gpa, len);

	if (!ram || !len)
		return;
	pthread_mutex_lock(&m->debug->site_lock);
	write_below(m, ram, gpa, buf, len);
	pthread_mutex_unlock(&m->debug->site_lock);
}
