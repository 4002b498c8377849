// SPDX-License-Identifier: GPL-3.0-or-later
/* pages FILE DATE: writes one of the files below to standard output. Run by the Makefile. */
#include "hv/cli/pages/pages.h"

#include <string.h>

static const struct {
	const char *file;
	void (*write)(FILE *out, const char *date);
} pages[] = {
	{ "vitrine.1", page_vitrine },
	{ "vitrine-monitor.7", page_monitor },
	{ "vitrine.bash", completion_bash },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(pages) / sizeof(pages[0]); i++)
		if (!strcmp(argv[1], pages[i].file)) {
			pages[i].write(stdout, argv[2]);
			return fflush(stdout) || ferror(stdout);
		}
	fprintf(stderr, "usage: pages FILE DATE\n");
	return 2;
}
