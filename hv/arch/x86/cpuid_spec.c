// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which CPUID features the guest gets: all that the host's KVM supports, without what a VMM
 * would have to help with, and as -cpu says: "host[,+feat,-feat]".
 */
#include "hv/arch/x86/x86.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/x86/x86_features.h"
#include "hv/strbuf.h"

#define SPEC_MAX 1024

/* Never offered: each needs userspace to do something (permission, state, an exit) that is not
 * done. */
static const char *const never[] = {
	"monitor",  "mwaitx",	"sgx",	    "sgx_lc", "intel_pt", "tme",    "pconfig", "amx_bf16",
	"amx_tile", "amx_int8", "amx_fp16", "xfd",    "arch_lbr", "enqcmd", "hybrid",  "topoext",
	"dts",	    "acpi",	"tm",	    "pbe",    "est",	  "tm2",
};
/* Offered when asked for: guests inside guests are run, but not debugged. */
static const char *const on_request[] = { "vmx", "svm", "fred" };

static uint32_t *entry_reg(struct kvm_cpuid_entry2 *e, uint8_t reg)
{
	static const uint8_t offsets[] = {
		[X86_EAX] = offsetof(struct kvm_cpuid_entry2, eax),
		[X86_EBX] = offsetof(struct kvm_cpuid_entry2, ebx),
		[X86_ECX] = offsetof(struct kvm_cpuid_entry2, ecx),
		[X86_EDX] = offsetof(struct kvm_cpuid_entry2, edx),
	};

	return (uint32_t *)((uint8_t *)e + offsets[reg]);
}

static char fold(char c)
{
	return c == '-' || c == '.' ? '_' : (char)tolower((unsigned char)c);
}

/* "sse4.1", "sse4-1" and "SSE4_1" are one name. */
static bool same_name(const char *a, const char *b, size_t blen)
{
	size_t i;

	for (i = 0; i < blen && a[i]; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return i == blen && !a[i];
}

static const struct x86_feature *feature_find(const char *name, size_t len)
{
	for (size_t i = 0; i < x86_feature_count; i++)
		if (same_name(x86_features[i].name, name, len))
			return &x86_features[i];
	return NULL;
}

static bool feature_get(const struct x86_cpuid *c, const struct x86_feature *f)
{
	struct kvm_cpuid_entry2 *e = x86_cpuid_find((struct x86_cpuid *)c, f->function, f->index);

	return e && (*entry_reg(e, f->reg) >> f->bit & 1);
}

static void feature_set(struct x86_cpuid *c, const struct x86_feature *f, bool on)
{
	struct kvm_cpuid_entry2 *e = x86_cpuid_find(c, f->function, f->index);

	if (!e)
		return;
	if (on)
		*entry_reg(e, f->reg) |= 1u << f->bit;
	else
		*entry_reg(e, f->reg) &= ~(1u << f->bit);
}

static void feature_clear_all(struct x86_cpuid *c, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct x86_feature *f = feature_find(names[i], strlen(names[i]));

		if (f)
			feature_set(c, f, false);
	}
}

bool x86_cpuid_has(const struct x86_cpuid *c, const char *name)
{
	const struct x86_feature *f = feature_find(name, strlen(name));

	return f && feature_get(c, f);
}

/* What depends on a feature that is off goes off, until nothing changes. */
static void apply_deps(struct x86_cpuid *c)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < x86_feature_dep_count; i++) {
			const struct x86_feature_dep *d = &x86_feature_deps[i];

			if (!x86_cpuid_has(c, d->feature) || x86_cpuid_has(c, d->needs))
				continue;
			feature_clear_all(c, &d->feature, 1);
			changed = true;
		}
	}
}

/* ---- -cpu ---- */

static unsigned common_prefix(const char *a, const char *b, size_t blen)
{
	unsigned n = 0;

	while (n < blen && a[n] && fold(a[n]) == fold(b[n]))
		n++;
	return n;
}

static bool contains(const char *hay, const char *needle, size_t len)
{
	for (; *hay; hay++)
		if (common_prefix(hay, needle, len) == len)
			return true;
	return false;
}

/* Names that begin alike, longest likeness first, or that contain what was written. */
static int unknown_feature(const char *name, size_t len, struct error *err)
{
	struct strbuf near = STRBUF_INIT;
	unsigned shown = 0;
	int ret;

	for (unsigned want = (unsigned)len; want >= 2 && shown < 6; want--)
		for (size_t i = 0; i < x86_feature_count && shown < 6; i++) {
			const char *cand = x86_features[i].name;
			bool whole = want == len && contains(cand, name, len);

			if (!whole && (common_prefix(cand, name, len) != want ||
				       (want == len && contains(cand, name, len))))
				continue;
			strbuf_printf(&near, "%s%s", shown ? ", " : "", cand);
			shown++;
		}
	ret = error_set(err, -EINVAL, "-cpu: there is no feature \"%.*s\"%s%s", (int)len, name,
			shown ? "; near it: " : " (names are those of /proc/cpuinfo)",
			strbuf_str(&near));
	strbuf_free(&near);
	return ret;
}

static bool is_never(const struct x86_feature *f)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (!strcmp(f->name, never[i]))
			return true;
	return false;
}

/* One "+feat" or "-feat". */
static int parse_feature(struct x86_cpuid *c, const struct x86_cpuid *host, const char *s,
			 size_t len, struct error *err)
{
	const struct x86_feature *f;

	if (len < 2 || (s[0] != '+' && s[0] != '-'))
		return error_set(err, -EINVAL, "-cpu: \"%.*s\" is not +FEATURE or -FEATURE",
				 (int)len, s);
	f = feature_find(s + 1, len - 1);
	if (!f)
		return unknown_feature(s + 1, len - 1, err);
	if (s[0] == '-') {
		feature_set(c, f, false);
		return 0;
	}
	if (is_never(f))
		return error_set(err, -ENOTSUP,
				 "-cpu: \"%s\" cannot be given to a guest of vitrine", f->name);
	if (!feature_get(host, f))
		return error_set(err, -ENOTSUP,
				 "-cpu: this host's KVM cannot give the feature \"%s\" to a guest",
				 f->name);
	feature_set(c, f, true);
	return 0;
}

static int parse_spec(struct x86_cpuid *c, const struct x86_cpuid *host, const char *spec,
		      struct error *err)
{
	size_t len = strcspn(spec, ",");

	if (strlen(spec) > SPEC_MAX)
		return error_set(err, -EINVAL, "-cpu: longer than %d characters", SPEC_MAX);
	if (len != 4 || strncmp(spec, "host", 4))
		return error_set(err, -EINVAL,
				 "-cpu: there is no model \"%.*s\": write host, or "
				 "host,+FEATURE,-FEATURE",
				 (int)len, spec);
	for (spec += len; *spec; spec += len) {
		int ret;

		spec++;
		len = strcspn(spec, ",");
		ret = parse_feature(c, host, spec, len, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int x86_cpuid_apply_spec(struct x86_cpuid *c, const char *spec, struct error *err)
{
	struct x86_cpuid *host = malloc(sizeof(*host));
	int ret;

	if (!host)
		return error_set(err, -ENOMEM, "no memory for CPUID");
	*host = *c;
	feature_clear_all(c, never, sizeof(never) / sizeof(never[0]));
	feature_clear_all(c, on_request, sizeof(on_request) / sizeof(on_request[0]));
	feature_set(c, feature_find("hypervisor", strlen("hypervisor")), true);
	ret = parse_spec(c, host, spec, err);
	free(host);
	if (!ret)
		apply_deps(c);
	return ret;
}
