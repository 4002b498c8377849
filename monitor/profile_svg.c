// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A flame graph: a box for each function in its place, as wide as its share of the samples, with
 * what it has called above it. The file needs no script and nothing from elsewhere; the name and
 * the numbers of a box show when the pointer rests on it.
 */
#include <inttypes.h>
#include <string.h>

#include "monitor/profile_tree.h"

#define WIDTH	   1200
#define MARGIN	   10
#define ROW	   18 /* of boxes */
#define HEAD	   40 /* room for the title */
#define LETTER	   7  /* the width of one, about */
#define WIDTH_SEEN 0.2
#define DEPTH_MAX  64

struct graph {
	FILE *f;
	uint64_t total;
	unsigned depth; /* of the highest box */
};

static void put_escaped(const char *text, size_t len, FILE *f)
{
	static const struct {
		char c;
		const char *text;
	} escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" } };
	const char *as;

	for (size_t i = 0; i < len && text[i]; i++) {
		as = NULL;
		for (size_t e = 0; e < sizeof(escapes) / sizeof(escapes[0]); e++)
			if (text[i] == escapes[e].c)
				as = escapes[e].text;
		/* XML has no control characters; names are no more than ASCII. */
		if (as)
			fputs(as, f);
		else
			fputc((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~'
				      ? '?'
				      : text[i],
			      f);
	}
}

/* The same function has the same colour everywhere: warm ones, and blue for what is no kernel. */
static void put_colour(const struct profile_node *node, FILE *f)
{
	unsigned h = 5381;

	if (node->name[0] == '[') {
		fputs("rgb(120,160,210)", f);
		return;
	}
	for (const char *p = node->name; *p; p++)
		h = h * 33 + (unsigned char)*p;
	fprintf(f, "rgb(%u,%u,%u)", 205 + h % 50, 90 + h / 50 % 120, 50 + h / 6000 % 40);
}

static double width_of(const struct graph *g, const struct profile_node *node)
{
	return (double)node->total * (WIDTH - 2 * MARGIN) / (double)g->total;
}

static void put_box(const struct graph *g, const struct profile_node *node, double x, unsigned row)
{
	double width = width_of(g, node);
	unsigned y = HEAD + (g->depth - row) * ROW;
	size_t letters = width > 3 * LETTER ? (size_t)(width - 4) / LETTER : 0;

	fputs("<g><title>", g->f);
	put_escaped(node->name, sizeof(node->name), g->f);
	fprintf(g->f,
		": %" PRIu64 " samples, %.2f %%; %" PRIu64 " of its own</title>"
		"<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\" rx=\"2\" fill=\"",
		node->total, 100.0 * (double)node->total / (double)g->total, node->self, x, y,
		width, ROW - 1);
	put_colour(node, g->f);
	fputs("\"/>", g->f);
	if (letters) {
		fprintf(g->f, "<text x=\"%.1f\" y=\"%u\">", x + 3, y + ROW - 5);
		if (strlen(node->name) > letters) {
			put_escaped(node->name, letters - 2, g->f);
			fputs("..", g->f);
		} else {
			put_escaped(node->name, letters, g->f);
		}
		fputs("</text>", g->f);
	}
	fputs("</g>\n", g->f);
}

static void put_boxes(const struct graph *g, const struct profile_node *node, double x,
		      unsigned row)
{
	if (width_of(g, node) < WIDTH_SEEN || row > g->depth)
		return;
	put_box(g, node, x, row);
	for (const struct profile_node *c = node->child; c; c = c->next) {
		put_boxes(g, c, x, row + 1);
		x += width_of(g, c);
	}
}

static unsigned depth_of(const struct profile_node *node, unsigned row)
{
	unsigned depth = row, d;

	for (const struct profile_node *c = node->child; c && row < DEPTH_MAX; c = c->next) {
		d = depth_of(c, row + 1);
		depth = d > depth ? d : depth;
	}
	return depth;
}

void profile_put_svg(const struct profile_tree *t, const char *title, FILE *f)
{
	struct graph g = { f, t->root.total ? t->root.total : 1, depth_of(&t->root, 0) };
	unsigned height = HEAD + (g.depth + 1) * ROW + MARGIN;

	fprintf(f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\">\n"
		"<style>text { font: 12px monospace; fill: #000 } .title { font-size: 14px }\n"
		"g:hover rect { stroke: #000 }</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text class=\"title\" x=\"%d\" y=\"24\">",
		WIDTH, height, WIDTH, height, MARGIN);
	put_escaped(title, strlen(title), f);
	fputs("</text>\n", f);
	put_boxes(&g, &t->root, MARGIN, 0);
	fputs("</svg>\n", f);
}
