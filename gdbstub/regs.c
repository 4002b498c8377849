// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Registers: g G p P, and the target description that tells gdb what they are.
 *
 * gdb's number of a register is its index in arch_regs(), said with regnum=. The
 * `g` reply holds the registers up to the first lazy one; gdb fetches what lies
 * behind its end one by one with `p`, when a person asks for it.
 */
#include <errno.h>
#include <string.h>

#include "gdbstub/session.h"
#include "hv/arch/arch.h"

/* Wider than any register there is (AVX-512: 64 bytes). */
#define MAX_REG_BYTES 256

static size_t reg_bytes(const struct arch_reg *reg)
{
	return reg->bits / 8u;
}

static bool reg_usable(struct gdb_session *s, int vcpu, int reg)
{
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);

	return reg >= 0 && (size_t)reg < count && reg_bytes(&regs[reg]) &&
	       reg_bytes(&regs[reg]) <= MAX_REG_BYTES && control_reg_present(s->m, vcpu, reg);
}

/* Of the guest, or of the trace frame that gdb looks at. */
static int read_reg(struct gdb_session *s, int vcpu, int reg, void *value)
{
	if (gdb_frame_selected(s))
		return gdb_frame_reg(s, reg, value);
	return control_reg_read(s->m, vcpu, reg, value);
}

/* The value in hex, or as many 'x' when there is none now. */
static void put_reg(struct gdb_session *s, struct strbuf *out, int vcpu, int reg)
{
	uint8_t value[MAX_REG_BYTES] = { 0 };
	size_t n, count;

	n = reg_bytes(&arch_regs(&count)[reg]);
	if (!read_reg(s, vcpu, reg, value)) {
		gdb_put_hex(out, value, n);
		return;
	}
	while (n--)
		strbuf_puts(out, "xx");
}

/* The number of registers in `g`: those before the first lazy one. */
static int regs_in_g(void)
{
	size_t count, i;
	const struct arch_reg *regs = arch_regs(&count);

	for (i = 0; i < count && !regs[i].lazy; i++)
		;
	return (int)i;
}

/*
 * The vCPU that a register packet is about: the selected one, or with lldb the one that it ends
 * with, ";thread:TID;". @end: where what comes before that ends.
 */
static int vcpu_of_packet(struct gdb_session *s, const char *args, const char **end)
{
	static const char suffix[] = ";thread:";
	struct gdb_thread_id id;
	const char *p = strchr(args, ';');
	int vcpu;

	*end = p ? p : args + strlen(args);
	if (!p)
		return gdb_selected_vcpu(s);
	if (!s->thread_suffix || strncmp(p, suffix, sizeof(suffix) - 1))
		return -EINVAL;
	p += sizeof(suffix) - 1;
	if (!gdb_parse_thread(&p, &id) || !gdb_parse_char(&p, ';') || *p)
		return -EINVAL;
	vcpu = gdb_vcpu_of_thread(s, &id);
	return vcpu == GDB_VCPU_ALL ? -EINVAL : vcpu;
}

/* g */
enum gdb_verdict gdb_regs_read(struct gdb_session *s, const char *args, size_t len)
{
	const char *end;
	int vcpu = vcpu_of_packet(s, args, &end), count = regs_in_g(), i;

	(void)len;
	if (vcpu < 0)
		return gdb_error(s, vcpu);
	for (i = 0; i < count; i++)
		if (reg_usable(s, vcpu, i))
			put_reg(s, &s->reply, vcpu, i);
	/* Most are 0, and gdb takes a packet character by character, at each stop. */
	s->squeeze = true;
	return GDB_REPLY;
}

/* One value of @args, 'x' digits leave the register alone. Advances. */
static int write_reg(struct gdb_session *s, int vcpu, int reg, const char **args, struct error *err)
{
	uint8_t value[MAX_REG_BYTES];
	size_t n, count;

	n = reg_bytes(&arch_regs(&count)[reg]);
	if (**args == 'x') {
		if (strspn(*args, "x") < 2 * n)
			return -EINVAL;
		*args += 2 * n;
		return 0;
	}
	if (!gdb_parse_bytes(args, value, n))
		return -EINVAL;
	if (gdb_frame_selected(s))
		return error_set(err, -EROFS, "a trace frame cannot be written");
	return control_reg_write(s->m, vcpu, reg, value, err);
}

static enum gdb_verdict refused(struct gdb_session *s, int rc, const struct error *err)
{
	return err->text[0] ? gdb_error_text(s, err->text) : gdb_error(s, rc);
}

/* GHEX: as far as it goes */
enum gdb_verdict gdb_regs_write(struct gdb_session *s, const char *args, size_t len)
{
	const char *end;
	int vcpu = vcpu_of_packet(s, args, &end), count = regs_in_g(), i, rc;
	struct error err = { "" };

	(void)len;
	if (vcpu < 0)
		return gdb_error(s, vcpu);
	if (args == end)
		return gdb_error(s, EINVAL);
	for (i = 0; i < count && args != end; i++) {
		if (!reg_usable(s, vcpu, i))
			continue;
		rc = write_reg(s, vcpu, i, &args, &err);
		if (rc < 0)
			return refused(s, rc, &err);
	}
	return args != end ? gdb_error(s, EINVAL) : gdb_ok(s);
}

static bool parse_reg(struct gdb_session *s, const char **args, int vcpu, int *reg)
{
	uint64_t number;

	if (!gdb_parse_hex(args, &number) || number > INT32_MAX)
		return false;
	*reg = (int)number;
	return reg_usable(s, vcpu, *reg);
}

/* pN */
enum gdb_verdict gdb_reg_read_one(struct gdb_session *s, const char *args, size_t len)
{
	const char *end;
	int vcpu = vcpu_of_packet(s, args, &end), reg;

	(void)len;
	if (vcpu < 0)
		return gdb_error(s, vcpu);
	if (!parse_reg(s, &args, vcpu, &reg) || args != end)
		return gdb_error(s, EINVAL);
	put_reg(s, &s->reply, vcpu, reg);
	return GDB_REPLY;
}

/* PN=HEX */
enum gdb_verdict gdb_reg_write_one(struct gdb_session *s, const char *args, size_t len)
{
	const char *end;
	int vcpu = vcpu_of_packet(s, args, &end), reg, rc;
	struct error err = { "" };

	(void)len;
	if (vcpu < 0)
		return gdb_error(s, vcpu);
	if (!parse_reg(s, &args, vcpu, &reg) || !gdb_parse_char(&args, '='))
		return gdb_error(s, EINVAL);
	rc = write_reg(s, vcpu, reg, &args, &err);
	if (!rc && args != end)
		rc = -EINVAL;
	return rc < 0 ? refused(s, rc, &err) : gdb_ok(s);
}

/*
 * gdb unwinds the innermost frame after every stop, and needs the registers
 * that point: pc, stack and frame. The description knows them by their type;
 * system registers that hold addresses are in features of their own.
 */
static bool is_expedited(const struct arch_reg *regs, int reg)
{
	const struct arch_reg *r = &regs[reg];

	if (reg == arch_reg_pc() || reg == arch_reg_sp())
		return true;
	return r->type && (!strcmp(r->type, "code_ptr") || !strcmp(r->type, "data_ptr")) &&
	       !strcmp(r->feature, regs[arch_reg_pc()].feature);
}

/* The first one from @reg on, -1 when there is none. */
static int next_expedited(struct gdb_session *s, int vcpu, int reg)
{
	int count = regs_in_g();
	size_t n;
	const struct arch_reg *regs = arch_regs(&n);

	for (; reg < count; reg++)
		if (is_expedited(regs, reg) && reg_usable(s, vcpu, reg))
			return reg;
	return -1;
}

void gdb_put_expedited(struct gdb_session *s, struct strbuf *out, int vcpu)
{
	for (int i = 0; (i = next_expedited(s, vcpu, i)) >= 0; i++) {
		strbuf_printf(out, "%02x:", (unsigned)i);
		put_reg(s, out, vcpu, i);
		strbuf_puts(out, ";");
	}
}

void gdb_put_expedited_json(struct gdb_session *s, struct strbuf *out, int vcpu)
{
	const char *comma = "";

	for (int i = 0; (i = next_expedited(s, vcpu, i)) >= 0; i++) {
		strbuf_printf(out, "%s\"%d\":\"", comma, i);
		put_reg(s, out, vcpu, i);
		strbuf_puts(out, "\"");
		comma = ",";
	}
}

/* Whether row @i is the first of its feature that @vcpu has. */
static bool opens_feature(struct gdb_session *s, const struct arch_reg *regs, int i, int vcpu)
{
	int j;

	for (j = 0; j < i; j++)
		if (!strcmp(regs[j].feature, regs[i].feature) && reg_usable(s, vcpu, j))
			return false;
	return reg_usable(s, vcpu, i);
}

static void put_feature(struct gdb_session *s, struct strbuf *out, const struct arch_reg *regs,
			int count, const char *feature, int vcpu)
{
	int i;

	strbuf_printf(out, "<feature name=\"%s\">\n", feature);
	strbuf_puts(out, arch_gdb_types(feature));
	for (i = 0; i < count; i++) {
		const struct arch_reg *reg = &regs[i];

		if (strcmp(reg->feature, feature) || !reg_usable(s, vcpu, i))
			continue;
		strbuf_printf(out, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%d\"", reg->name,
			      reg->bits, i);
		if (reg->type)
			strbuf_printf(out, " type=\"%s\"", reg->type);
		if (reg->group)
			strbuf_printf(out, " group=\"%s\"", reg->group);
		strbuf_puts(out, "/>\n");
	}
	strbuf_puts(out, "</feature>\n");
}

/* GDB manual, "Target Description Format". */
void gdb_put_target_xml(struct gdb_session *s, struct strbuf *out, int vcpu)
{
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);
	int i;

	strbuf_puts(out, "<?xml version=\"1.0\"?>\n"
			 "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target>\n");
	strbuf_printf(out, "<architecture>%s</architecture>\n", arch_gdb_architecture());
	for (const char *const *c = arch_gdb_compatible; *c; c++)
		strbuf_printf(out, "<compatible>%s</compatible>\n", *c);
	for (i = 0; i < (int)count; i++)
		if (opens_feature(s, regs, i, vcpu))
			put_feature(s, out, regs, (int)count, regs[i].feature, vcpu);
	strbuf_puts(out, "</target>\n");
}
