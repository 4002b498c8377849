// SPDX-License-Identifier: GPL-3.0-or-later
/* Seeds for the fuzzer of the machine interface: requests that work. Writes them to the directory
 * given. */
#include <stdio.h>
#include <string.h>

static const char *const requests[] = {
	"{\"execute\":\"query-version\",\"id\":1}{\"execute\":\"query-commands\"}",
	"{\"execute\":\"query-status\"}{\"execute\":\"cont\"}{\"execute\":\"stop\"}",
	"{\"execute\":\"query-cpus-fast\"}{\"execute\":\"query-vitrine-schema\"}",
	"{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"xp /4xb "
	"0x1000\"}}",
	"{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"info registers "
	"-a\","
	"\"cpu-index\":1}}",
	"{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"x\",\"arguments\":{\"fmt\":"
	"\"/2xg\",\"addr\":\"$rsp - 8\"}}}",
	"{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"break\",\"arguments\":{"
	"\"addr\":"
	"18446744071562067968}}}",
	"{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"info "
	"registers\",\"arguments\":"
	"{\"a\":true}}}",
	"{\"execute\":\"system_reset\"}{\"execute\":\"system_powerdown\"}{\"execute\":\"quit\"}",
	"{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"a\"}}"
	"{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"a\"}}",
	"{\"execute\":\"dump-guest-memory\",\"arguments\":{\"paging\":false,\"protocol\":\"file:"
	"x\"}}",
	"{\"execute\":\"nope\",\"id\":[1,2,{\"a\":null}]} nonsense\n[1]\n{\"execute\":1.5e3}",
};

int main(int argc, char **argv)
{
	char path[4096];
	FILE *f;

	if (argc != 2)
		return 2;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		snprintf(path, sizeof(path), "%s/seed-%zu", argv[1], i);
		f = fopen(path, "w");
		if (!f)
			return 1;
		fputc((int)(i * 21), f);
		fwrite(requests[i], 1, strlen(requests[i]), f);
		if (fclose(f))
			return 1;
	}
	return 0;
}
