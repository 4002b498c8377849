// SPDX-License-Identifier: GPL-3.0-or-later
/* The machine interface over fake chardevs: requests, refusals, bounds, events, descriptors. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/balloon.h"
#include "monitor/command.h"
#include "monitor/monitor.h"
#include "monitor/qmp.h"
#include "monitor/qmp_internal.h"
#include "tests/unit-mon/fake_chardev.h"
#include "tests/unit-mon/fixture.h"

static struct qmp *qmp;
static struct chardev *cd;

static void setup(void)
{
	struct error err;

	fixture_setup_on_loop();
	fake->m.loop = loop;
	cr_assert_eq(qmp_create(&qmp, mon, "fake", &err), 0);
	cd = fake_endpoint_connect();
}

static void teardown(void)
{
	qmp_destroy(qmp);
	fake_chardev_free(cd);
	fixture_teardown();
}

TestSuite(mon_qmp, .init = setup, .fini = teardown, .timeout = 120);

/* What is answered to @text; the next call forgets it. */
static const char *ask(const char *text)
{
	strbuf_clear(&cd->out);
	fake_chardev_feed(cd, text, strlen(text));
	return strbuf_str(&cd->out);
}

static void negotiate(void)
{
	cr_assert_str_eq(ask("{\"execute\":\"qmp_capabilities\"}"), "{\"return\":{}}\r\n");
}

#define says(answer, part) cr_assert(strstr(answer, part), "%s", answer)

Test(mon_qmp, greets)
{
	says(strbuf_str(&cd->out), "{\"QMP\":{\"version\":{\"qemu\":{\"major\":");
	says(strbuf_str(&cd->out), "\"capabilities\":[]}}\r\n");
}

Test(mon_qmp, negotiation_comes_first_and_once)
{
	says(ask("{\"execute\":\"query-status\",\"id\":1}"),
	     "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"qmp_capabilities comes first\"},"
	     "\"id\":1}\r\n");
	says(ask("{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}"),
	     "no capabilities to enable");
	negotiate();
	says(ask("{\"execute\":\"qmp_capabilities\"}"), "negotiated already");
}

Test(mon_qmp, ids_of_any_type_come_back)
{
	negotiate();
	says(ask("{\"execute\":\"query-kvm\",\"id\":{\"a\":[1,null]}}"),
	     "{\"return\":{\"enabled\":true,\"present\":true},\"id\":{\"a\":[1,null]}}\r\n");
}

Test(mon_qmp, requests_come_in_pieces_and_together)
{
	negotiate();
	cr_assert_str_eq(ask("{\"exec"), "");
	cr_assert_str_eq(ask("ute\": \"query-na"), "");
	says(ask("me\"} \r\n"), "{\"return\":{");
	says(ask("{\"execute\":\"query-kvm\"}{\"execute\":\"query-target\"}"),
	     "\"present\":true}}\r\n{\"return\":{\"arch\":");
}

static uint64_t asked_for;

static void fake_resize(void *opaque, uint64_t bytes)
{
	(void)opaque;
	asked_for = bytes;
}

static void fake_info(void *opaque, struct balloon_info *info)
{
	(void)opaque;
	info->driver = true;
	info->actual = 192u << 20;
	info->target = asked_for;
	info->stats[info->stat_count++] = (struct balloon_stat){ "free", 5120, true };
}

Test(mon_qmp, balloon)
{
	struct balloon balloon = { fake_resize, fake_info, NULL };

	negotiate();
	says(ask("{\"execute\":\"query-balloon\"}"), "\"class\":\"DeviceNotActive\"");
	says(ask("{\"execute\":\"balloon\",\"arguments\":{\"value\":1048576}}"),
	     "this machine has no balloon: -device virtio-balloon");
	expect_is("balloon 1", "error: this machine has no balloon: -device virtio-balloon\n");
	expect_is("info balloon", "error: this machine has no balloon: -device virtio-balloon\n");
	fake->m.balloon = &balloon;
	says(ask("{\"execute\":\"balloon\",\"arguments\":{\"value\":134221824}}"),
	     "{\"return\":{}}");
	cr_assert_eq(asked_for, 134221824u);
	says(ask("{\"execute\":\"balloon\",\"arguments\":{\"value\":-1}}"), "no size");
	says(ask("{\"execute\":\"query-balloon\"}"), "{\"return\":{\"actual\":201326592}}");
	expect_is("balloon 64", "");
	cr_assert_eq(asked_for, 64u << 20);
	expect_is("info balloon", "balloon: actual=192 target=64 MiB\n"
				  "given back to the host: 0 MiB in all\n  free: 5 KiB\n");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"info balloon\"}}"),
	     "\"stats\":[{\"name\":\"free\",\"value\":5120}]");
	expect_says("balloon 0", "out of range");
}

Test(mon_qmp, what_is_wrong_is_said)
{
	static const struct {
		const char *request, *answer;
	} rows[] = {
		{ "[1]", "a request is a JSON object" },
		{ "{}", "a request has a member execute" },
		{ "{\"execute\":1}", "the member execute is a string" },
		{ "{\"execute\":\"stop\",\"arguments\":[]}", "the member arguments is an object" },
		{ "{\"execute\":\"stop\",\"argument\":{}}",
		  "a request has the members execute, arguments and id" },
		{ "{\"execute\":\"nope\"}", "there is no command nope: query-commands lists them" },
		{ "{\"execute\":\"stop\",\"arguments\":{\"x\":1}}", "stop has no argument x" },
		{ "{\"execute\":\"human-monitor-command\"}", "needs the argument command-line" },
		{ "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":1}}",
		  "command-line is string, not int" },
		{ "{\"execute\":\"human-monitor-command\",\"arguments\":"
		  "{\"command-line\":\"info status\",\"cpu-index\":7}}",
		  "there is no vCPU 7" },
		{ "{\"execute\":\"dump-guest-memory\",\"arguments\":{\"paging\":false,"
		  "\"protocol\":\"file:x\"}}",
		  "not supported" },
		{ "{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"x\"}}",
		  "there is no descriptor of the name x" },
	};

	negotiate();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		says(ask(rows[i].request), "{\"error\":{\"class\":\"");
		says(strbuf_str(&cd->out), rows[i].answer);
	}
}

Test(mon_qmp, what_is_no_json_costs_a_line_and_not_the_session)
{
	negotiate();
	says(ask("{\"execute\":\"query-kvm\", nonsense}\n"), "not understood");
	says(ask("hello\n"), "expected a JSON object");
	says(ask("{\"execute\":\"query-kvm\"}"), "\"present\":true");
	says(ask("{\"execute\":\"\xff\"}\n"), "not understood");
	says(ask("{\"execute\":\"query-kvm\"}"), "\"present\":true");
}

Test(mon_qmp, a_web_page_is_turned_away)
{
	says(ask("POST / HTTP/1.1\r\n\r\n{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}"),
	     "expected a JSON object");
	cr_assert(cd->closed);
	turn();
	cr_assert(!fake->quit);
}

Test(mon_qmp, depth_and_length_are_bounded)
{
	char *big = malloc(2 * QMP_REQUEST_MAX);

	negotiate();
	cr_assert_not_null(big);
	memset(big, '[', 100);
	strcpy(big + 100, "\n");
	says(ask(big), "not understood: nesting too deep");
	strcpy(big, "{\"execute\":\"");
	memset(big + 12, 'a', QMP_REQUEST_MAX + 8192);
	strcpy(big + 12 + QMP_REQUEST_MAX + 8192, "\"}\n");
	says(ask(big), "the request is too long");
	says(ask("{\"execute\":\"query-kvm\"}"), "\"present\":true");
	free(big);
}

Test(mon_qmp, a_long_answer_is_refused_whole)
{
	negotiate();
	says(ask("{\"execute\":\"human-monitor-command\",\"id\":5,\"arguments\":"
		 "{\"command-line\":\"x/65536xb 0\"}}"),
	     "{\"return\":");
	cr_assert_lt(cd->out.len, QMP_REPLY_MAX);
	says(ask("{\"execute\":\"human-monitor-command\",\"id\":5,\"arguments\":"
		 "{\"command-line\":\"x/65536xg 0\"}}"),
	     "ask for less\"},\"id\":5}\r\n");
}

Test(mon_qmp, nothing_is_read_while_answers_wait)
{
	negotiate();
	cd->queued = 1 << 20;
	cr_assert_str_eq(ask("{\"execute\":\"query-kvm\"}"), "");
}

Test(mon_qmp, run_state)
{
	negotiate();
	says(ask("{\"execute\":\"cont\"}"), "\"event\":\"RESUME\"}\r\n{\"return\":{}}\r\n");
	says(ask("{\"execute\":\"query-status\"}"),
	     "{\"return\":{\"status\":\"running\",\"singlestep\":false,\"running\":true}}\r\n");
	says(ask("{\"execute\":\"stop\"}"), "\"event\":\"STOP\"}\r\n");
	says(strbuf_str(&cd->out), "\"data\":{\"reason\":\"pause\",\"vcpu\":0,");
	says(strbuf_str(&cd->out), "\"by\":\"qmp 1\"}}\r\n{\"return\":{}}\r\n");
	says(ask("{\"execute\":\"system_reset\"}"), "\"event\":\"RESET\",\"data\":{\"guest\":false,"
						    "\"reason\":\"host-qmp-system-reset\"}}");
	cr_assert_eq(fake->resets, 1u);
	ask("{\"execute\":\"quit\"}");
	cr_assert(fake->quit);
}

/* One vCPU steps, and somebody lets the others go beside it. */
Test(mon_qmp, resumed_is_told_once)
{
	const struct control_event more = { .kind = CONTROL_RESUMED };

	negotiate();
	says(ask("{\"execute\":\"cont\"}"), "\"event\":\"RESUME\"");
	strbuf_clear(&cd->out);
	fake_notify(fake, &more);
	cr_assert_str_eq(strbuf_str(&cd->out), "");
	ask("{\"execute\":\"stop\"}");
	says(ask("{\"execute\":\"cont\"}"), "\"event\":\"RESUME\"");
}

Test(mon_qmp, vcpus)
{
	negotiate();
	says(ask("{\"execute\":\"query-cpus-fast\"}"),
	     "{\"return\":[{\"cpu-index\":0,\"qom-path\":\"/machine/vcpu[0]\",\"thread-id\":100,"
	     "\"target\":\"x86_64\"},{\"cpu-index\":1,");
}

Test(mon_qmp, addresses_above_2_to_63_stay_positive)
{
	const struct stop hit = {
		.reason = STOP_BREAKPOINT, .vcpu = 1, .pc = 0xffffffff81000000, .bp = 3
	};

	negotiate();
	ask("{\"execute\":\"cont\"}");
	strbuf_clear(&cd->out);
	fake_stop(fake, &hit);
	says(strbuf_str(&cd->out), "\"data\":{\"reason\":\"breakpoint\",\"vcpu\":1,"
				   "\"pc\":18446744071578845184,\"breakpoint\":3}}");
}

Test(mon_qmp, a_panic_is_an_event)
{
	const struct stop panic = { .reason = STOP_PANIC, .text = "it \"hurts\" \xff" };

	negotiate();
	ask("{\"execute\":\"cont\"}");
	strbuf_clear(&cd->out);
	fake_stop(fake, &panic);
	says(strbuf_str(&cd->out), "\"event\":\"GUEST_PANICKED\",\"data\":{\"action\":\"pause\"}}");
	says(strbuf_str(&cd->out), "\"text\":\"it \\\"hurts\\\" \xef\xbf\xbd\"");
}

Test(mon_qmp, the_balloons_size_is_an_event)
{
	negotiate();
	balloon_has_changed(&fake->m, 160ull << 20);
	says(strbuf_str(&cd->out), "\"event\":\"BALLOON_CHANGE\",\"data\":{\"actual\":167772160}}");
}

Test(mon_qmp, events_wait_for_the_negotiation)
{
	const struct stop panic = { .reason = STOP_PANIC };

	strbuf_clear(&cd->out);
	fake_stop(fake, &panic);
	cr_assert_eq(cd->out.len, 0u);
}

Test(mon_qmp, events_that_nobody_reads_are_counted)
{
	const struct control_event ev = { .kind = CONTROL_BREAKPOINTS };

	negotiate();
	strbuf_clear(&cd->out);
	cd->queued = 1 << 20;
	for (int i = 0; i < 3; i++)
		fake_notify(fake, &ev);
	cr_assert_eq(cd->out.len, 0u);
	cd->queued = 0;
	fake_notify(fake, &ev);
	says(strbuf_str(&cd->out), "\"event\":\"VITRINE_EVENTS_LOST\",\"data\":{\"count\":3}}");
	says(strbuf_str(&cd->out), "\"event\":\"VITRINE_BREAKPOINTS\"}");
}

Test(mon_qmp, cables)
{
	negotiate();
	says(ask("{\"execute\":\"set_link\",\"arguments\":{\"name\":\"serial0\",\"up\":true}}"),
	     "{\"return\":{}}");
	cr_expect_eq(device_reg_peek(fake->m.devices, device_reg_find(fake->m.devices, "lcr")), 1u);
	says(ask("{\"execute\":\"set_link\",\"arguments\":{\"name\":\"nic7\",\"up\":false}}"),
	     "there is no network card and no network 'nic7'");
	says(ask("{\"execute\":\"set_link\",\"arguments\":{\"name\":\"nic7\"}}"), "up");
}

Test(mon_qmp, human_commands_have_the_shape_that_programs_know)
{
	fake->reg[1][FAKE_RAX][0] = 0x12;
	negotiate();
	says(ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
		 "{\"command-line\":\"xp /10xb 0x1000\"}}"),
	     "{\"return\":\"0000000000001000: 0x90 0x90 0x90 0x90 0x90 0x90 0x90 0x90\\n"
	     "0000000000001008: 0x90 0x90\\n\"}\r\n");
	says(ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
		 "{\"command-line\":\"info registers\",\"cpu-index\":1}}"),
	     "{\"return\":\"\\nCPU#1\\nRAX=0000000000000012\\n\"}\r\n");
	says(ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
		 "{\"command-line\":\"info status\"}}"),
	     "{\"return\":\"VM status: paused (prelaunch)\\n\"}\r\n");
	says(ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
		 "{\"command-line\":\"gpa2hva 0x1000\"}}"),
	     "{\"return\":\"Host virtual address for 0x1000 (pc.ram) is 0x");
	says(ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
		 "{\"command-line\":\"gpa2hva 0x40000000\"}}"),
	     "{\"return\":\"No memory is mapped at address 0x40000000\\n\"}");
	says(ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
		 "{\"command-line\":\"info mtree -f\"}}"),
	     "{\"return\":\"FlatView #0\\n AS \\\"memory\\\", root: system\\n"
	     " AS \\\"cpu-memory-0\\\", root: system\\n AS \\\"cpu-memory-1\\\", root: system\\n"
	     " Root memory region: system\\n"
	     "  0000000000000000-00000000000fffff (prio 0, ram): pc.ram KVM\\n\\n"
	     "FlatView #1\\n AS \\\"I\/O\\\", root: io\\n Root memory region: io\\n"
	     "  00000000000003f8-00000000000003ff (prio 0, i\/o): serial0\\n\\n\"}");
	says(ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
		 "{\"command-line\":\"symbols status\"}}"),
	     "there are no symbols");
	says(ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
		 "{\"command-line\":\"nope\"}}"),
	     "no such command");
}

Test(mon_qmp, commands_with_arguments_by_name)
{
	negotiate();
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"x\","
		 "\"arguments\":{\"fmt\":\"/2xb\",\"addr\":\"4096 + 4096\"}}}"),
	     "{\"return\":{\"output\":\"0x0000000000002000:  0x90 0x90\","
	     "\"data\":{\"addr\":8192,\"unit\":1,\"values\":[144,144]}}}\r\n");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"line\":\"x/1xb 8192\"}}"),
	     "\"values\":[144]");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"line\":\"x\","
		 "\"command\":\"x\"}}"),
	     "either");
	says(ask("{\"execute\":\"vitrine-command\"}"), "either");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"x\","
		 "\"arguments\":{\"fmt\":\"/1xb\",\"addr\":8192}}}"),
	     "0x0000000000002000:  0x90");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"info registers\","
		 "\"arguments\":{\"a\":true}}}"),
	     "CPU#1");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"x\","
		 "\"arguments\":{\"address\":1}}}"),
	     "x has no argument address");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"x\","
		 "\"arguments\":{\"addr\":\"1\\ncont\"}}}"),
	     "addr has a control character");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"info nope\"}}"),
	     "\"class\":\"CommandNotFound\"");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"delete\","
		 "\"arguments\":{\"n\":99}}}"),
	     "{\"error\":{\"class\":\"GenericError\"");
}

Test(mon_qmp, the_schema_names_every_command)
{
	const struct mon_command *cmd;
	char name[80];

	negotiate();
	ask("{\"execute\":\"query-vitrine-schema\"}");
	for (size_t n = 0; (cmd = mon_command_at(n)); n++) {
		if (cmd->sub)
			continue;
		cr_expect(cmd->result, "%s has no schema of its result", cmd->name);
		snprintf(name, sizeof(name), "{\"command\":\"%s\",\"description\":\"", cmd->name);
		says(strbuf_str(&cd->out), name);
	}
	says(strbuf_str(&cd->out), "{\"command\":\"info registers\"");
}

Test(mon_qmp, descriptors_have_names_and_an_end)
{
	int pair[2];
	char byte;

	negotiate();
	cr_assert_eq(pipe(pair), 0);
	says(ask("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"a\"}}"),
	     "no descriptor came with the request");
	cd->next_fd = pair[1];
	says(ask("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"a\"}}"), "{\"return\":{}}");
	says(ask("{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"a\"}}"), "{\"return\":{}}");
	cr_assert_eq(read(pair[0], &byte, 1), 0, "the writing end is closed");
	close(pair[0]);
	cr_assert_eq(pipe(pair), 0);
	cd->next_fd = pair[1];
	says(ask("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"1\"}}"), "with a digit");
	cr_assert_eq(read(pair[0], &byte, 1), 0);
	close(pair[0]);
	cr_assert_eq(pipe(pair), 0);
	cd->next_fd = pair[1];
	ask("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"a\"}}");
	fake_chardev_hangup(cd);
	turn();
	cr_assert_eq(read(pair[0], &byte, 1), 0, "it goes with its client");
	close(pair[0]);
}

Test(mon_qmp, a_client_takes_its_breakpoints_along)
{
	negotiate();
	ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"break\","
	    "\"arguments\":{\"addr\":4096,\"expr\":\"$rax == 1\"}}}");
	cr_assert_eq(fake->bp_count, 1u);
	cr_expect_not(fake_hit(fake, 1, 0));
	fake_chardev_hangup(cd);
	turn();
	cr_assert_eq(fake->bp_count, 0u);
}

Test(mon_qmp, commands_have_data)
{
	negotiate();
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"info status\"}}"),
	     "\"running\":false");
	ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"break\","
	    "\"arguments\":{\"addr\":4096}}}");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"info b\"}}"),
	     "\"data\":{\"breakpoints\":[{\"id\":1,\"kind\":\"break\",\"addr\":4096,"
	     "\"len\":1,\"hits\":0,");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":\"info cpus\"}}"),
	     "{\"current\":false,\"cpu\":1,\"pc\":4096,\"symbol\":\"\",\"activity\":\"stopped\"}");
	says(ask("{\"execute\":\"vitrine-command\",\"arguments\":{\"command\":"
		 "\"info registers\"}}"),
	     "\"data\":{\"cpus\":[{\"cpu\":0,\"registers\":{\"rax\":0,\"rsp\":32768,");
}
