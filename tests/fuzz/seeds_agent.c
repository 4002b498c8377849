// SPDX-License-Identifier: GPL-3.0-or-later
/* Writes what gdb compiles into a directory: where fuzz_agent begins. Each begins with its rules.
 */
#include <stdio.h>

struct seed {
	const char *name;
	unsigned char bytes[64];
	unsigned len;
};

static const struct seed seeds[] = {
	{ "register", { 0xc0, 0x26, 0, 5, 0x22, 5, 0x16, 32, 0x13, 0x27 }, 10 },
	{ "and",
	  { 0xc0, 0x26, 0, 6, 0x22, 16, 2, 0x19, 0x20, 0, 15, 0x22, 0, 0x27, 0, 0x22, 1, 0x27 },
	  18 },
	{ "loop", { 0xc0, 0x22, 9, 0x22, 1, 3, 0x28, 0x20, 0, 2, 0x27 }, 11 },
	{ "printf",
	  { 0xc0, 0x22, 7,   0x22, 0,	0x22, 0,   0x34, 1, 0,
	    8,	  'a',	' ', '%',  '#', '5',  'x', '\\', 0, 0x27 },
	  20 },
	{ "string",
	  { 0xc0, 0x22, 7, 0x22, 0, 0x22, 0, 0x34, 1, 0, 5, '%', '.', '9', 's', 0, 0x27 },
	  17 },
	{ "collect",
	  { 0xc0, 0x25, 1,    2, 3, 4,	  5, 6, 7,    8, 0x0d, 8,    0x30, 1,	 0,   0x22,
	    9,	  0x2f, 0x2e, 0, 1, 0x2c, 0, 1, 0x2d, 0, 2,    0x22, 1,	   0x0c, 0x27 },
	  31 },
	{ "stack", { 0xc0, 0x22, 1, 0x22, 2, 0x22, 3, 0x33, 0x32, 2, 0x2b, 0x29, 0x27 }, 13 },
};

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : ".";
	char path[4096];

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", dir, seeds[i].name);
		f = fopen(path, "wb");
		if (!f || fwrite(seeds[i].bytes, 1, seeds[i].len, f) != seeds[i].len || fclose(f)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}
