// SPDX-License-Identifier: GPL-3.0-or-later
/* What one user of a terminal writes while another one edits a line there: see struct aside. */
#include <string.h>

#include "hv/chardev_internal.h"

/* More is lost, as it is with a chardev's queue. */
#define ASIDE_MAX (1u << 20)
/* As long as this, a line is shown although it has no end yet. */
#define LINE_MAX_HELD 4096u

int aside_init(struct aside *a)
{
	*a = (struct aside){ .owner = NULL };
	return -pthread_mutex_init(&a->lock, NULL);
}

void aside_free(struct aside *a)
{
	strbuf_free(&a->text);
	pthread_mutex_destroy(&a->lock);
}

void aside_set_owner(struct aside *a, const void *owner)
{
	pthread_mutex_lock(&a->lock);
	a->owner = owner;
	pthread_mutex_unlock(&a->lock);
}

bool aside_keep(struct aside *a, const void *from, const void *data, size_t len, bool *wake)
{
	bool kept;

	*wake = false;
	pthread_mutex_lock(&a->lock);
	kept = a->owner && a->owner != from;
	if (kept && a->text.len + len <= ASIDE_MAX) {
		strbuf_add(&a->text, data, len);
		*wake = !a->posted && (memchr(data, '\n', len) || a->text.len > LINE_MAX_HELD);
		a->posted |= *wake;
	}
	pthread_mutex_unlock(&a->lock);
	return kept;
}

void aside_take(struct aside *a, bool all, struct strbuf *out)
{
	const char *end = NULL;
	size_t n;

	pthread_mutex_lock(&a->lock);
	a->posted = false;
	if (a->text.len)
		end = memrchr(a->text.data, '\n', a->text.len);
	n = end ? (size_t)(end - a->text.data) + 1 : 0;
	if (all || (!end && a->text.len > LINE_MAX_HELD))
		n = a->text.len;
	if (n) {
		strbuf_add(out, a->text.data, n);
		a->text.len -= n;
		memmove(a->text.data, a->text.data + n, a->text.len + 1);
	}
	pthread_mutex_unlock(&a->lock);
}

size_t aside_len(struct aside *a)
{
	size_t len;

	pthread_mutex_lock(&a->lock);
	len = a->text.len;
	pthread_mutex_unlock(&a->lock);
	return len;
}
