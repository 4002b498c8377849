// SPDX-License-Identifier: GPL-3.0-or-later
/* Words for completion: see words.h. */
#include "monitor/words.h"

#include <stdlib.h>
#include <string.h>

static void shorten_common(struct words *w, const char *word)
{
	size_t n = 0;

	if (!w->common) {
		w->common = strdup(word);
		return;
	}
	while (w->common[n] && w->common[n] == word[n])
		n++;
	w->common[n] = '\0';
}

static void keep(struct words *w, const char *word)
{
	char *copy = strdup(word);

	if (!copy)
		return;
	w->word[w->count++] = copy;
	w->bytes += strlen(word) + 1;
}

void words_add(void *words, const char *word)
{
	struct words *w = words;

	shorten_common(w, word);
	if (w->count == WORDS_MAX || w->bytes + strlen(word) + 1 > WORDS_BYTES)
		w->cut = true;
	else
		keep(w, word);
}

void words_end(struct words *w)
{
	if (w->cut && w->common)
		keep(w, w->common);
}

void words_free(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->word[i]);
	free(w->common);
	*w = (struct words){ 0 };
}
