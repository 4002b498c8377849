// SPDX-License-Identifier: GPL-3.0-or-later
/* Memory that the guest gives back: see balloon.h. */
#include "hv/balloon.h"

#include <errno.h>
#include <inttypes.h>

#include "hv/fields.h"
#include "hv/machine.h"
#include "hv/runstate.h"

#define PAGE 4096ull

static int no_balloon(struct error *err)
{
	return error_set(err, -ENODEV, "this machine has no balloon: -device virtio-balloon");
}

int control_balloon_resize(struct machine *m, uint64_t bytes, struct error *err)
{
	if (!m->balloon)
		return no_balloon(err);
	bytes &= ~(PAGE - 1);
	if (!bytes)
		return error_set(err, -EINVAL, "a guest without any memory does not run");
	m->balloon->resize(m->balloon->opaque, bytes);
	return 0;
}

int control_balloon_info(struct machine *m, struct balloon_info *info, struct error *err)
{
	if (!m->balloon)
		return no_balloon(err);
	*info = (struct balloon_info){ 0 };
	m->balloon->info(m->balloon->opaque, info);
	return 0;
}

void balloon_has_changed(struct machine *m, uint64_t bytes)
{
	struct control_event ev = { .kind = CONTROL_BALLOON, .bytes = bytes };

	control_notify(m, &ev);
}

static void describe_stat(const struct balloon_stat *s, struct strbuf *out)
{
	data_object(out, NULL);
	field_str(out, "name", "  %s: ", s->name);
	data_u64(out, "value", s->value);
	if (s->is_bytes)
		strbuf_printf(out, "%" PRIu64 " KiB\n", s->value >> 10);
	else
		strbuf_printf(out, "%" PRIu64 "\n", s->value);
	data_end(out);
}

void balloon_describe(const struct balloon_info *info, struct strbuf *out)
{
	strbuf_printf(out, "balloon: actual=%" PRIu64 " target=%" PRIu64 " MiB", info->actual >> 20,
		      info->target >> 20);
	data_u64(out, "actual", info->actual);
	data_u64(out, "target", info->target);
	field_bool(out, "driver", info->driver, "\n", ", the guest has no driver for it\n");
	strbuf_printf(out, "given back to the host: %" PRIu64 " MiB in all\n", info->freed >> 20);
	data_u64(out, "freed", info->freed);
	data_list(out, "stats");
	for (unsigned i = 0; i < info->stat_count; i++)
		describe_stat(&info->stats[i], out);
	data_end(out);
}
