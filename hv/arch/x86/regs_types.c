// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Types of registers: the bits with names, in one table for gdb's <flags> (GDB manual, G.2.6)
 * and for our own dumps, and the vectors and unions gdb expects beside them.
 */
#include "hv/arch/x86/x86.h"

#include <pthread.h>
#include <string.h>

#define BIT(n, b)       \
	{               \
		n, b, b \
	}
#define BITS(n, low, high)   \
	{                    \
		n, low, high \
	}
#define END                \
	{                  \
		NULL, 0, 0 \
	}

static const struct x86_flag eflags[] = {
	BIT("CF", 0),	      BIT("", 1),     BIT("PF", 2),  BIT("AF", 4),  BIT("ZF", 6),
	BIT("SF", 7),	      BIT("TF", 8),   BIT("IF", 9),  BIT("DF", 10), BIT("OF", 11),
	BITS("IOPL", 12, 13), BIT("NT", 14),  BIT("RF", 16), BIT("VM", 17), BIT("AC", 18),
	BIT("VIF", 19),	      BIT("VIP", 20), BIT("ID", 21), END,
};
static const struct x86_flag mxcsr[] = {
	BIT("IE", 0),  BIT("DE", 1),	   BIT("ZE", 2),  BIT("OE", 3),
	BIT("UE", 4),  BIT("PE", 5),	   BIT("DAZ", 6), BIT("IM", 7),
	BIT("DM", 8),  BIT("ZM", 9),	   BIT("OM", 10), BIT("UM", 11),
	BIT("PM", 12), BITS("RC", 13, 14), BIT("FZ", 15), END,
};
static const struct x86_flag cr0[] = {
	BIT("PE", 0),  BIT("MP", 1),  BIT("EM", 2),  BIT("TS", 3),  BIT("ET", 4),  BIT("NE", 5),
	BIT("WP", 16), BIT("AM", 18), BIT("NW", 29), BIT("CD", 30), BIT("PG", 31), END,
};
static const struct x86_flag cr4[] = {
	BIT("VME", 0),
	BIT("PVI", 1),
	BIT("TSD", 2),
	BIT("DE", 3),
	BIT("PSE", 4),
	BIT("PAE", 5),
	BIT("MCE", 6),
	BIT("PGE", 7),
	BIT("PCE", 8),
	BIT("OSFXSR", 9),
	BIT("OSXMMEXCPT", 10),
	BIT("UMIP", 11),
	BIT("LA57", 12),
	BIT("VMXE", 13),
	BIT("SMXE", 14),
	BIT("FSGSBASE", 16),
	BIT("PCIDE", 17),
	BIT("OSXSAVE", 18),
	BIT("SMEP", 20),
	BIT("SMAP", 21),
	BIT("PKE", 22),
	BIT("CET", 23),
	BIT("PKS", 24),
	BIT("LAM_SUP", 28),
	END,
};
static const struct x86_flag efer[] = {
	BIT("SCE", 0),	  BIT("LME", 8),   BIT("LMA", 10),
	BIT("NXE", 11),	  BIT("SVME", 12), BIT("LMSLE", 13),
	BIT("FFXSR", 14), BIT("TCE", 15),  END,
};
static const struct x86_flag dr6[] = {
	BIT("B0", 0),  BIT("B1", 1),  BIT("B2", 2),  BIT("B3", 3),   BIT("BLD", 11),
	BIT("BD", 13), BIT("BS", 14), BIT("BT", 15), BIT("RTM", 16), END,
};
static const struct x86_flag dr7[] = {
	BIT("L0", 0),	      BIT("G0", 1),	    BIT("L1", 2),
	BIT("G1", 3),	      BIT("L2", 4),	    BIT("G2", 5),
	BIT("L3", 6),	      BIT("G3", 7),	    BIT("LE", 8),
	BIT("GE", 9),	      BIT("RTM", 11),	    BIT("GD", 13),
	BITS("RW0", 16, 17),  BITS("LEN0", 18, 19), BITS("RW1", 20, 21),
	BITS("LEN1", 22, 23), BITS("RW2", 24, 25),  BITS("LEN2", 26, 27),
	BITS("RW3", 28, 29),  BITS("LEN3", 30, 31), END,
};
static const struct x86_flag xcr0[] = {
	BIT("X87", 0),	  BIT("SSE", 1),      BIT("AVX", 2),	   BIT("BNDREG", 3),
	BIT("BNDCSR", 4), BIT("OPMASK", 5),   BIT("ZMM_HI256", 6), BIT("HI16_ZMM", 7),
	BIT("PKRU", 9),	  BIT("TILECFG", 17), BIT("TILEDATA", 18), END,
};

static const struct x86_flag segment[] = {
	BITS("TYPE", 0, 3), BIT("S", 4),   BITS("DPL", 5, 6), BIT("P", 7),	   BIT("AVL", 12),
	BIT("L", 13),	    BIT("DB", 14), BIT("G", 15),      BIT("UNUSABLE", 16), END,
};

static const struct x86_flags flag_types[] = {
	{ "i386_eflags", "org.gnu.gdb.i386.core", 4, eflags },
	{ "i386_mxcsr", "org.gnu.gdb.i386.sse", 4, mxcsr },
	{ "x86_cr0", "org.vitrine.x86.system", 4, cr0 },
	{ "x86_cr4", "org.vitrine.x86.system", 4, cr4 },
	{ "x86_efer", "org.vitrine.x86.system", 4, efer },
	{ "x86_dr6", "org.vitrine.x86.system", 4, dr6 },
	{ "x86_dr7", "org.vitrine.x86.system", 4, dr7 },
	{ "x86_xcr0", "org.vitrine.x86.system", 4, xcr0 },
	{ "x86_segment", "org.vitrine.x86.system", 4, segment },
};

/* Types are local to a feature: each that has vector registers defines them. */
#define VEC128                                                    \
	"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>\n" \
	"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>\n" \
	"<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>\n"     \
	"<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>\n"     \
	"<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>\n"     \
	"<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>\n"     \
	"<union id=\"vec128\">\n"                                 \
	"<field name=\"v4_float\" type=\"v4f\"/>\n"               \
	"<field name=\"v2_double\" type=\"v2d\"/>\n"              \
	"<field name=\"v16_int8\" type=\"v16i8\"/>\n"             \
	"<field name=\"v8_int16\" type=\"v8i16\"/>\n"             \
	"<field name=\"v4_int32\" type=\"v4i32\"/>\n"             \
	"<field name=\"v2_int64\" type=\"v2i64\"/>\n"             \
	"<field name=\"uint128\" type=\"uint128\"/>\n"            \
	"</union>\n"

static const struct {
	const char *feature, *xml;
} vector_types[] = {
	{ "org.gnu.gdb.i386.sse", VEC128 },
	{ "org.gnu.gdb.i386.avx512",
	  VEC128 "<vector id=\"v2ui128\" type=\"uint128\" count=\"2\"/>\n" },
};

/*
 * Every feature that has types; the text is made once. Short lines: gdb copies them to trace files,
 * and reads none of 1000 characters back.
 */
static struct {
	const char *feature;
	struct strbuf xml;
} made[] = {
	{ .feature = "org.gnu.gdb.i386.core" },
	{ .feature = "org.gnu.gdb.i386.sse" },
	{ .feature = "org.gnu.gdb.i386.avx512" },
	{ .feature = "org.vitrine.x86.system" },
};
static pthread_once_t made_once = PTHREAD_ONCE_INIT;

static void make_flags(struct strbuf *out, const struct x86_flags *t)
{
	strbuf_printf(out, "<flags id=\"%s\" size=\"%u\">\n", t->id, t->size);
	for (const struct x86_flag *f = t->flag; f->name; f++)
		strbuf_printf(out, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>\n", f->name, f->lo,
			      f->hi);
	strbuf_puts(out, "</flags>\n");
}

static void make_types(void)
{
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		for (size_t j = 0; j < sizeof(vector_types) / sizeof(vector_types[0]); j++)
			if (!strcmp(vector_types[j].feature, made[i].feature))
				strbuf_puts(&made[i].xml, vector_types[j].xml);
		for (size_t j = 0; j < sizeof(flag_types) / sizeof(flag_types[0]); j++)
			if (!strcmp(flag_types[j].feature, made[i].feature))
				make_flags(&made[i].xml, &flag_types[j]);
	}
}

const char *arch_gdb_types(const char *feature)
{
	pthread_once(&made_once, make_types);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (!strcmp(made[i].feature, feature))
			return strbuf_str(&made[i].xml);
	return "";
}

const char *arch_triple(void)
{
	return "x86_64-unknown-none";
}

/* With these a gdb that has a 32-bit ELF, or `set architecture i8086`, keeps this description. */
const char *const arch_gdb_compatible[] = { "i386", "i8086", NULL };

const char *arch_gdb_architecture(void)
{
	return "i386:x86-64";
}

const struct x86_flags *x86_flags_find(const char *id)
{
	for (size_t i = 0; i < sizeof(flag_types) / sizeof(flag_types[0]); i++)
		if (!strcmp(flag_types[i].id, id))
			return &flag_types[i];
	return NULL;
}

void x86_flags_format(struct strbuf *out, const char *id, uint64_t value)
{
	const struct x86_flags *t = x86_flags_find(id);

	strbuf_puts(out, "[ ");
	for (const struct x86_flag *f = t ? t->flag : NULL; f && f->name; f++) {
		uint64_t v = value >> f->lo & ((1ull << (f->hi - f->lo + 1)) - 1);

		if (!v || !*f->name)
			continue;
		if (f->hi == f->lo)
			strbuf_printf(out, "%s ", f->name);
		else
			strbuf_printf(out, "%s=%llu ", f->name, (unsigned long long)v);
	}
	strbuf_puts(out, "]");
}

void arch_reg_flags(const struct arch_reg *reg, uint64_t value, struct strbuf *out)
{
	if (!reg->type || !x86_flags_find(reg->type))
		return;
	strbuf_puts(out, " ");
	x86_flags_format(out, reg->type, value);
}
