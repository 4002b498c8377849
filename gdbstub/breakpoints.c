// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Breakpoints and watchpoints: Z0 to Z4, z0 to z4.
 *
 * The manual wants both packets idempotent, whereas the machine counts: so a
 * Z takes an earlier one of the same spec away before it sets it, with its
 * conditions and commands, and a z for what is not there is fine.
 */
#include <errno.h>

#include "gdbstub/bp_filter.h"
#include "gdbstub/session.h"

struct spec {
	enum bp_kind kind;
	uint64_t addr, len;
};

static const enum bp_kind kinds[] = { BP_SOFT, BP_HARD, BP_WRITE, BP_READ, BP_ACCESS };

/* TYPE,ADDR,KIND. For code KIND says which instruction to plant: there is one only. */
static bool parse_spec(const char **p, struct spec *spec)
{
	unsigned type = (unsigned)(**p - '0');

	if (type >= sizeof(kinds) / sizeof(kinds[0]))
		return false;
	(*p)++;
	spec->kind = kinds[type];
	if (!gdb_parse_char(p, ',') || !gdb_parse_range(p, &spec->addr, &spec->len))
		return false;
	if (spec->kind == BP_SOFT || spec->kind == BP_HARD)
		spec->len = 1;
	return spec->len && spec->addr + (spec->len - 1) >= spec->addr;
}

static bool is_code(const struct spec *spec)
{
	return spec->kind == BP_SOFT || spec->kind == BP_HARD;
}

static int insert(struct gdb_session *s, const struct spec *spec, struct bp_filter *filter,
		  struct error *err)
{
	int vcpu = gdb_selected_vcpu(s), ret;

	control_bp_remove(s->m, &s->client, spec->kind, spec->addr, spec->len);
	if (!filter)
		return control_bp_add(s->m, &s->client, spec->kind, spec->addr, spec->len, vcpu,
				      err);
	ret = control_bp_add_filtered(s->m, &s->client, spec->kind, spec->addr, spec->len, vcpu,
				      filter, err);
	if (ret < 0)
		filter->release(filter);
	return ret;
}

/* ZTYPE,ADDR,KIND[;CONDITIONS][;cmds:COMMANDS] */
enum gdb_verdict gdb_bp_insert(struct gdb_session *s, const char *args, size_t len)
{
	struct bp_filter *filter = NULL;
	struct error err = { "" };
	struct spec spec;
	int rc;

	(void)len;
	if (!parse_spec(&args, &spec) || (*args && *args != ';'))
		return gdb_error(s, EINVAL);
	if (*args && !is_code(&spec))
		return gdb_error_text(s, "only breakpoints on code can have conditions");
	if (gdb_bp_filter_parse(s->m, s->trace, gdb_selected_vcpu(s), spec.addr, args, &filter,
				&err))
		return gdb_error_text(s, err.text);
	rc = insert(s, &spec, filter, &err);
	if (rc >= 0)
		return gdb_ok(s);
	/* gdb has its own way around a missing watchpoint, and none around a breakpoint. */
	if (rc == -ENOTSUP && !is_code(&spec))
		return gdb_unsupported(s);
	return err.text[0] ? gdb_error_text(s, err.text) : gdb_error(s, rc);
}

/* zTYPE,ADDR,KIND */
enum gdb_verdict gdb_bp_remove(struct gdb_session *s, const char *args, size_t len)
{
	struct spec spec;
	int rc;

	(void)len;
	if (!parse_spec(&args, &spec) || *args)
		return gdb_error(s, EINVAL);
	rc = control_bp_remove(s->m, &s->client, spec.kind, spec.addr, spec.len);
	return rc < 0 && rc != -ENOENT ? gdb_error(s, rc) : gdb_ok(s);
}
