// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * backtrace: who called the code that the vCPU is in.
 *
 * Frame pointers first: [fp] is the caller's frame pointer, the word above it the address that is
 * returned to, in the calling conventions of x86 and arm64 alike. Code that was interrupted has
 * not called anyone, and has no such word: between two frames what the processor leaves at an
 * interrupt is looked for. Where frame pointers end early (a kernel built without them), the
 * rest is guessed, and marked: words of the stack that are the address behind a call.
 */
#include <stdio.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/fields.h"
#include "hv/inspect.h"
#include "monitor/command.h"
#include "monitor/disas.h"
#include "monitor/session.h"
#include "monitor/symbols.h"

/* Frames that are followed, and shown of a guess. */
#define FRAMES_MAX 64
/* Bytes of stack that are looked through: a kernel stack of Linux has 16 KiB. */
#define SCAN_MAX 16384
/* The longest call. */
#define CALL_MAX 7

typedef unsigned long long ull;

struct unwind {
	struct mon_call *call;
	int cpu, bits;
	size_t word; /* bytes */
	uint64_t sp; /* above what was looked at */
	unsigned frame;
};

static bool read_at(const struct unwind *u, uint64_t addr, void *buf, size_t len)
{
	return control_mem_read(u->call->m, u->cpu, CONTROL_VIRTUAL, addr, buf, len) ==
	       (ssize_t)len;
}

static bool read_word(const struct unwind *u, uint64_t addr, uint64_t *value)
{
	*value = 0;
	return read_at(u, addr, value, u->word);
}

/* Whether the code before @addr is a call, which @insn then is: that is where it returns to. */
static bool find_call(const struct unwind *u, uint64_t addr, struct mon_insn *insn)
{
	struct symbols *symbols = inspect_symbols(u->call->m, u->cpu);
	uint8_t code[CALL_MAX];
	struct symbol symbol;

	/* Cheaper, and enough to pass over most of a stack. */
	if (symbols && !symbols_at(symbols, addr - 1, &symbol))
		return false;
	if (addr < CALL_MAX || !read_at(u, addr - CALL_MAX, code, sizeof(code)))
		return false;
	for (size_t len = 1; len <= CALL_MAX; len++)
		if (mon_disas(u->bits, addr - len, code + CALL_MAX - len, len, insn) == len &&
		    insn->call)
			return true;
	return false;
}

static bool is_behind_call(const struct unwind *u, uint64_t addr)
{
	struct mon_insn insn;

	return find_call(u, addr, &insn);
}

/* @how: as in frame_fields. */
static void put_frame(struct unwind *u, const char *mark, uint64_t addr, const char *how)
{
	bool is_pc = !strcmp(how, "pc") || !strcmp(how, "interrupted");
	struct strbuf *out = u->call->out;
	size_t start;

	data_object(out, NULL);
	data_int(out, "cpu", u->cpu);
	data_u64(out, "addr", addr);
	strbuf_printf(out, "%s0x%0*llx", mark, (int)(2 * u->word), (ull)addr);
	start = out->len;
	(is_pc ? mon_symbol_put : mon_symbol_put_return)(u->call->m, u->cpu, addr, out);
	data_since(out, "symbol", start);
	data_str(out, "how", how);
	data_end(out);
	strbuf_puts(out, strcmp(how, "interrupted") ? "\n" : ", interrupted\n");
}

static void put_numbered(struct unwind *u, uint64_t addr, const char *how)
{
	char mark[8];

	snprintf(mark, sizeof(mark), "#%-3u", u->frame++);
	put_frame(u, mark, addr, how);
}

/*
 * At a function's first instruction its frame is not made yet, and compilers make none at all for
 * one that has no use of the stack: the caller is on top. Inside of a function that must be a call
 * of this very one.
 */
static void without_frame(struct unwind *u, uint64_t pc, uint64_t fp)
{
	struct symbol symbol;
	struct mon_insn insn;
	uint64_t addr, framed;

	if (!symbols_at(inspect_symbols(u->call->m, u->cpu), pc, &symbol) ||
	    !read_word(u, u->sp, &addr) || !find_call(u, addr, &insn))
		return;
	if (symbol.addr != pc && (!insn.has_target || insn.target != symbol.addr ||
				  (read_word(u, fp + u->word, &framed) && framed == addr)))
		return;
	put_numbered(u, addr, "stack");
	u->sp += u->word;
}

/* Code that was interrupted between u->sp and the frame at @fp, which is its own. */
static void look_for_interrupt(struct unwind *u, uint64_t fp)
{
	uint64_t words[ARCH_FRAME_WORDS], pc, sp;

	if (u->word != sizeof(words[0]) || fp % u->word || fp < u->sp || fp - u->sp > SCAN_MAX)
		return;
	for (uint64_t at = u->sp; at + sizeof(words) <= fp; at += u->word) {
		if (!read_at(u, at, words, sizeof(words)))
			return;
		if (!arch_interrupt_frame(u->bits, at, words, &pc, &sp))
			continue;
		put_numbered(u, pc, "interrupted");
		u->sp = sp;
		return;
	}
}

/* True when the frames came to their end, which a frame pointer of 0 marks. */
static bool follow_frames(struct unwind *u, uint64_t fp)
{
	uint64_t next, addr;

	while (u->frame < FRAMES_MAX) {
		if (!fp && u->frame > 1)
			return true;
		if (fp < u->sp || fp - u->sp > SCAN_MAX || fp % u->word ||
		    !read_word(u, fp, &next) || !read_word(u, fp + u->word, &addr))
			return false;
		if (!addr)
			return true;
		if (!is_behind_call(u, addr))
			return false;
		put_numbered(u, addr, "frame-pointer");
		u->sp = fp + 2 * u->word;
		fp = next;
		look_for_interrupt(u, fp);
	}
	return true;
}

static void guess(struct unwind *u)
{
	uint64_t end = u->sp + SCAN_MAX, addr;
	unsigned found = 0;

	for (; u->sp < end && found < FRAMES_MAX && read_word(u, u->sp, &addr); u->sp += u->word) {
		if (!is_behind_call(u, addr))
			continue;
		if (!found++)
			strbuf_puts(u->call->out,
				    "guessed, from words on the stack that lie behind a call:\n");
		put_frame(u, "?   ", addr, "guess");
	}
}

static void backtrace_of(struct mon_call *call, int cpu)
{
	struct unwind u = { .call = call, .cpu = cpu, .bits = control_code_bits(call->m, cpu) };
	uint64_t pc, fp = 0;
	int rc;

	if (u.bits < 32) {
		mon_error(call, "16-bit code has no frames to follow: `x/8xh $sp` shows the stack");
		return;
	}
	u.word = (size_t)u.bits / 8;
	rc = control_pc(call->m, cpu, &pc);
	if (!rc)
		rc = control_reg_read(call->m, cpu, arch_reg_sp(), &u.sp);
	if (!rc)
		rc = control_reg_read(call->m, cpu, arch_reg_fp(), &fp);
	if (rc) {
		mon_error(call, "the registers cannot be read: %s", strerror(-rc));
		return;
	}
	put_numbered(&u, pc, "pc");
	without_frame(&u, pc, fp);
	look_for_interrupt(&u, fp);
	if (!follow_frames(&u, fp))
		guess(&u);
}

static void cmd_backtrace(struct mon_call *call)
{
	data_list(call->out, "frames");
	if (!call->arg[0].set)
		backtrace_of(call, call->session->cpu);
	for (int i = 0; call->arg[0].set && i < control_vcpu_limit(call->m); i++) {
		if (!control_vcpu_exists(call->m, i))
			continue;
		strbuf_printf(call->out, "vCPU %d: %s\n", i, control_vcpu_activity(call->m, i));
		backtrace_of(call, i);
	}
	data_end(call->out);
}

static const struct mon_arg backtrace_args[] = {
	{ "-a", &mon_arg_flag, true, 0, 0, "of all vCPUs" },
	{ 0 },
};

static const struct mon_field frame_fields[] = {
	{ "cpu", MON_INTEGER, false, "which vCPU's", NULL },
	{ "addr", MON_NUMBER, false, "where it goes on", NULL },
	{ "symbol", MON_TEXT, false, "with < >; empty: none", NULL },
	{ "how", MON_TEXT, false, "pc, stack, frame-pointer, interrupted, or guess", NULL },
	{ 0 },
};

static const struct mon_field backtrace_result[] = {
	{ "frames", MON_LIST, false, "the innermost first", frame_fields },
	{ 0 },
};

const struct mon_command mon_backtrace_commands[] = {
	{
		.name = "backtrace",
		.aliases = "bt|where",
		.args = backtrace_args,
		.help = "who called the code that the vCPU is in",
		.detail = "Follows frame pointers, through interrupts too. Where there are none, "
			  "what looks like a place "
			  "that is returned to\n"
			  "is shown with a `?`: not all of it need be true, and stale frames show "
			  "too.",
		.examples = (const char *const[]){ "backtrace", "bt -a", NULL },
		.run = cmd_backtrace,
		.result = backtrace_result,
	},
	{ 0 },
};
