// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * backtrace: who called the code that the vCPU is in.
 *
 * By the kernel's own tables where it has some (hv/arch/arch_unwind.h): then it was built without
 * frame pointers. What they do not know, a module as a rule, is passed as is said next, until they
 * know the code again.
 *
 * Else by frame pointers: [fp] is the caller's frame pointer, the word above it the address that is
 * returned to, in the calling conventions of x86 and arm64 alike. Code that was interrupted has
 * not called anyone, and has no such word: between two frames what the processor leaves at an
 * interrupt is looked for. Where frame pointers end early, the rest is guessed, and marked: words
 * of the stack that are the address behind a call.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/arch/arch_unwind.h"
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
	unsigned frame, guesses;
	bool guessing; /* the last line was a guess */
	bool has_tables;
	struct arch_unwind tables;
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
static bool decode_call(const struct unwind *u, uint64_t addr, struct mon_insn *insn)
{
	uint8_t code[CALL_MAX];

	if (addr < CALL_MAX || !read_at(u, addr - CALL_MAX, code, sizeof(code)))
		return false;
	for (size_t len = 1; len <= CALL_MAX; len++)
		if (mon_disas(u->bits, addr - len, code + CALL_MAX - len, len, insn) == len &&
		    insn->call)
			return true;
	return false;
}

/* The same in code that symbols are of: cheaper, and enough to pass over most of a stack. */
static bool find_call(const struct unwind *u, uint64_t addr, struct mon_insn *insn)
{
	struct symbols *symbols = inspect_symbols(u->call->m, u->cpu);
	struct symbol symbol;

	return (!symbols || symbols_at(symbols, addr - 1, &symbol)) && decode_call(u, addr, insn);
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
	u->guessing = false;
	put_frame(u, mark, addr, how);
}

static void put_guess(struct unwind *u, uint64_t addr)
{
	if (!u->guessing)
		strbuf_puts(u->call->out,
			    "guessed, from words on the stack that lie behind a call:\n");
	u->guessing = true;
	u->guesses++;
	put_frame(u, "?   ", addr, "guess");
}

/*
 * At a function's first instruction its frame is not made yet, and compilers make none at all for
 * one that has no use of the stack: the caller is on top. Inside of a function that must be a call
 * of this very one. Returns where that goes on; 0: nobody is there.
 */
static uint64_t without_frame(struct unwind *u, uint64_t pc, uint64_t fp)
{
	struct symbol symbol;
	struct mon_insn insn;
	uint64_t addr, framed;

	if (!symbols_at(inspect_symbols(u->call->m, u->cpu), pc, &symbol) ||
	    !read_word(u, u->sp, &addr) || !find_call(u, addr, &insn))
		return 0;
	if (symbol.addr != pc && (!insn.has_target || insn.target != symbol.addr ||
				  (read_word(u, fp + u->word, &framed) && framed == addr)))
		return 0;
	put_numbered(u, addr, "stack");
	u->sp += u->word;
	return addr;
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

	for (; u->sp < end && u->guesses < FRAMES_MAX && read_word(u, u->sp, &addr);
	     u->sp += u->word)
		if (is_behind_call(u, addr))
			put_guess(u, addr);
}

/* ---- by tables ---- */

static bool read_for_tables(void *opaque, uint64_t addr, void *buf, size_t len)
{
	return read_at(opaque, addr, buf, len);
}

static void open_tables(struct unwind *u)
{
	int rc;

	u->tables = (struct arch_unwind){ .read = read_for_tables, .opaque = u };
	if (u->bits != 64)
		return;
	rc = arch_unwind_open(&u->tables, inspect_symbols(u->call->m, u->cpu));
	u->has_tables = !rc;
	if (rc == -ENOTSUP)
		strbuf_puts(u->call->out, "this kernel's ORC tables are of a form that is not "
					  "known: without them\n");
}

static void read_registers(const struct unwind *u, struct arch_frame *frame)
{
	frame->has_regs = true;
	for (size_t i = 0; i < ARCH_UNWIND_REGS; i++) {
		int reg = arch_reg_find(arch_unwind_regs[i]);

		if (reg < 0 || control_reg_read(u->call->m, u->cpu, reg, &frame->reg[i]))
			frame->has_regs = false;
	}
}

/* Whether the tables lead from @frame to something that can be. */
static bool leads_on(const struct unwind *u, struct arch_frame frame)
{
	switch (arch_unwind_caller(&u->tables, &frame)) {
	case ARCH_CALLER_CALLED:
		return is_behind_call(u, frame.pc);
	case ARCH_CALLER_INTERRUPTED:
	case ARCH_CALLER_NONE:
		return true;
	default:
		return false;
	}
}

static bool pass_without_frame(struct unwind *u, struct arch_frame *frame)
{
	uint64_t addr = frame->exact ? without_frame(u, frame->pc, frame->fp) : 0;

	if (addr)
		*frame = (struct arch_frame){ .pc = addr, .sp = u->sp, .fp = frame->fp };
	return addr;
}

/* Code that keeps a frame pointer all the same: generated code does. */
static bool pass_by_frame(struct unwind *u, struct arch_frame *frame)
{
	uint64_t fp = frame->fp, next, addr;

	if (fp < u->sp || fp - u->sp > SCAN_MAX || fp % u->word || !read_word(u, fp, &next) ||
	    !read_word(u, fp + u->word, &addr) || !is_behind_call(u, addr))
		return false;
	*frame = (struct arch_frame){ .pc = addr, .sp = fp + 2 * u->word, .fp = next };
	put_numbered(u, addr, "frame-pointer");
	return true;
}

/* All that may have called, up to the first from which the tables lead on. */
static bool pass_by_guess(struct unwind *u, struct arch_frame *frame)
{
	uint64_t end = u->sp + SCAN_MAX, addr;

	while (u->sp < end && u->guesses < FRAMES_MAX && read_word(u, u->sp, &addr)) {
		struct arch_frame next = { .pc = addr, .fp = frame->fp };

		u->sp += u->word;
		if (!is_behind_call(u, addr))
			continue;
		put_guess(u, addr);
		next.sp = u->sp;
		if (!leads_on(u, next))
			continue;
		*frame = next;
		return true;
	}
	return false;
}

/* A caller that tables led to need not be in code that they know; it is behind a call. */
static enum arch_caller caller_by_tables(const struct unwind *u, struct arch_frame *frame)
{
	struct arch_frame next = *frame;
	enum arch_caller how = arch_unwind_caller(&u->tables, &next);
	struct mon_insn insn;

	if (how == ARCH_CALLER_CALLED && !arch_unwind_covers(&u->tables, next.pc - 1) &&
	    !decode_call(u, next.pc, &insn))
		return ARCH_CALLER_UNKNOWN;
	*frame = next;
	return how;
}

/* False when the tables do not know the code at @frame, and nothing else was found for it. */
static bool follow_tables(struct unwind *u, struct arch_frame *frame)
{
	while (u->frame < FRAMES_MAX) {
		enum arch_caller how = caller_by_tables(u, frame);

		if (how == ARCH_CALLER_NONE)
			return true;
		if (how != ARCH_CALLER_UNKNOWN)
			put_numbered(u, frame->pc,
				     how == ARCH_CALLER_INTERRUPTED ? "interrupted" : "orc");
		else if (!pass_without_frame(u, frame) && !pass_by_frame(u, frame) &&
			 !pass_by_guess(u, frame))
			return u->frame > 1 || u->guesses;
		u->sp = frame->sp;
	}
	return true;
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
	open_tables(&u);
	put_numbered(&u, pc, "pc");
	if (u.has_tables) {
		struct arch_frame frame = { .pc = pc, .sp = u.sp, .fp = fp, .exact = true };

		read_registers(&u, &frame);
		if (follow_tables(&u, &frame))
			return;
	}
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
	{ "how", MON_TEXT, false, "pc, stack, frame-pointer, orc, interrupted, or guess", NULL },
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
		.detail = "Follows the kernel's ORC tables when the symbols say where they are, "
			  "else frame pointers;\n"
			  "through interrupts too. Where there are neither, what looks like a "
			  "place that is returned to\n"
			  "is shown with a `?`: not all of it need be true, and stale frames show "
			  "too.",
		.examples = (const char *const[]){ "backtrace", "bt -a", NULL },
		.run = cmd_backtrace,
		.result = backtrace_result,
	},
	{ 0 },
};
