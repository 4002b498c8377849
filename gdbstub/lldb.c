// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What lldb asks and gdb does not: who is there, what a register is, what an
 * address is (LLVM, lldb/docs: "GDB Remote Protocol Extensions"). Threads are
 * in lldb_threads.c.
 *
 * lldb would take a host that runs an operating system for one with processes,
 * files and a dynamic loader: the triple names none.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gdbstub/session.h"
#include "hv/arch/arch.h"
#include "hv/inspect.h"

/* ---- what is agreed on ---- */

enum gdb_verdict gdb_lldb_thread_suffix(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	s->thread_suffix = true;
	return gdb_ok(s);
}

enum gdb_verdict gdb_lldb_list_threads(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	s->list_threads = true;
	return gdb_ok(s);
}

enum gdb_verdict gdb_lldb_error_strings(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	s->error_strings = true;
	return gdb_ok(s);
}

/* :1; a guest cannot be asked to die with its debugger from here, -gdb says that. */
enum gdb_verdict gdb_lldb_detach_on_error(struct gdb_session *s, const char *args, size_t len)
{
	(void)len;
	if (!strcmp(args, ":1"))
		return gdb_ok(s);
	return gdb_error_text(s, "what becomes of the guest is said with -gdb DEV,on-disconnect=");
}

/* ---- who is there ---- */

static void put_host(struct strbuf *out)
{
	const char *triple = arch_triple();
	size_t count;

	strbuf_puts(out, "triple:");
	gdb_put_hex(out, triple, strlen(triple));
	strbuf_printf(out, ";ptrsize:%u;endian:little;",
		      arch_regs(&count)[arch_reg_pc()].bits / 8u);
}

enum gdb_verdict gdb_lldb_host(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	put_host(&s->reply);
	return GDB_REPLY;
}

enum gdb_verdict gdb_lldb_process(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_printf(&s->reply, "pid:%x;", GDB_PID);
	put_host(&s->reply);
	return GDB_REPLY;
}

enum gdb_verdict gdb_lldb_version(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_puts(&s->reply, "name:vitrine;version:" VITRINE_VERSION ";");
	return GDB_REPLY;
}

/* A list of what sends data on the side: nothing does. */
enum gdb_verdict gdb_lldb_plugins(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_puts(&s->reply, "[]");
	return GDB_REPLY;
}

/* lldb sets no watchpoint where there are none; beyond these, page protection serves. */
enum gdb_verdict gdb_lldb_watchpoints(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_printf(&s->reply, "num:%u;", arch_hw_bp_count());
	return GDB_REPLY;
}

/* ---- registers, for an lldb that does not read target.xml ---- */

/* What the vector types of gdb's own features are called by who has no types. */
static const char *register_shape(const struct arch_reg *reg)
{
	if (reg->type && !strcmp(reg->type, "i387_ext"))
		return "encoding:ieee754;format:float;";
	if (reg->bits > 64)
		return "encoding:vector;format:vector-uint8;";
	return "encoding:uint;format:hex;";
}

/* The frame pointer is the third one that points, beside those of code and stack. */
static const char *register_role(const struct arch_reg *regs, int reg)
{
	if (reg == arch_reg_pc())
		return "generic:pc;";
	if (reg == arch_reg_sp())
		return "generic:sp;";
	if (regs[reg].type && !strcmp(regs[reg].type, "data_ptr") &&
	    !strcmp(regs[reg].feature, regs[arch_reg_pc()].feature))
		return "generic:fp;";
	return "";
}

/*
 * N in hex. lldb counts up to the first error, so that a register which this vCPU lacks has an
 * answer, too.
 */
enum gdb_verdict gdb_lldb_register(struct gdb_session *s, const char *args, size_t len)
{
	size_t count, offset = 0;
	const struct arch_reg *regs = arch_regs(&count);
	uint64_t n;

	(void)len;
	if (!gdb_parse_hex(&args, &n) || *args || n >= count)
		return gdb_error(s, EINVAL);
	for (size_t i = 0; i < n; i++)
		if (control_reg_present(s->m, gdb_selected_vcpu(s), (int)i))
			offset += regs[i].bits / 8u;
	strbuf_printf(&s->reply, "name:%s;bitsize:%u;offset:%zu;%sset:%s;%s", regs[n].name,
		      regs[n].bits, offset, register_shape(&regs[n]),
		      regs[n].group ? regs[n].group : "general", register_role(regs, (int)n));
	return GDB_REPLY;
}

/* ---- addresses ---- */

/* ADDR: what is there, up to where that changes */
enum gdb_verdict gdb_lldb_region(struct gdb_session *s, const char *args, size_t len)
{
	struct inspect_region r = { 0 };
	uint64_t addr, size;
	int rc;

	(void)len;
	if (!gdb_parse_hex(&args, &addr) || *args)
		return gdb_error(s, EINVAL);
	rc = inspect_region(s->m, gdb_selected_vcpu(s), gdb_space(s), addr, &r);
	if (rc < 0)
		return gdb_error(s, rc);
	/* lldb is at the end when a region ends at the highest address. */
	size = r.last - r.start;
	if (r.last != UINT64_MAX)
		size++;
	strbuf_printf(&s->reply, "start:%" PRIx64 ";size:%" PRIx64 ";", r.start, size);
	if (r.mapped)
		strbuf_printf(&s->reply, "permissions:r%s%s;", r.writable ? "w" : "",
			      r.executable ? "x" : "");
	return GDB_REPLY;
}
