// SPDX-License-Identifier: GPL-3.0-or-later
/* Writes long inputs of no meaning into a directory: fuzz_nvme makes something of any byte, and
 * libFuzzer would begin with single ones. */
#include <stdint.h>
#include <stdio.h>

#define SEEDS 16
#define BYTES 1024

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : ".";
	uint64_t state = 88172645463325252ull;
	char path[4096];

	for (int i = 0; i < SEEDS; i++) {
		unsigned char bytes[BYTES];
		FILE *f;

		for (int k = 0; k < BYTES; k++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			/* Small values are what fields are made of. */
			bytes[k] = (unsigned char)(state >> 32) & (state & 3 ? 0xff : 0x0f);
		}
		snprintf(path, sizeof(path), "%s/long%d", dir, i);
		f = fopen(path, "wb");
		if (!f || fwrite(bytes, 1, sizeof(bytes), f) != sizeof(bytes) || fclose(f)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}
