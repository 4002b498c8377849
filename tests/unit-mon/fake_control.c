// SPDX-License-Identifier: GPL-3.0-or-later
/* A machine without KVM: see fake_control.h. */
#include "tests/unit-mon/fake_control.h"
#include "hv/control_msr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/profile.h"
#include "hv/record.h"
#include "hv/runstate.h"
#include "hv/vcpu.h"

static struct fake *fake_of(const struct machine *m)
{
	return (struct fake *)m;
}

/* ---- for tests ---- */

struct fake *fake_create(struct loop *loop, int vcpus, uint64_t ram)
{
	struct fake *f = calloc(1, sizeof(*f));
	struct error err;
	void *p;

	if (!f)
		return NULL;
	f->m.loop = loop;
	f->m.cfg = &f->cfg;
	f->m.state = RUN_CREATED;
	f->m.last_stop = (struct stop){ .reason = STOP_ENTRY, .pc = 0x1000 };
	f->vcpus = vcpus;
	f->code_bits = 64;
	bus_init(&f->m.pio, "pio", 0x10000);
	bus_init(&f->m.mmio, "mmio", 1ull << 52);
	pthread_mutex_init(&f->m.run_lock, NULL);
	if (memory_create(&f->m.ram, -1, ram, &err)) {
		fprintf(stderr, "fake_create: %s\n", err.text);
		free(f);
		return NULL;
	}
	p = memory_ptr(f->m.ram, 0, ram);
	if (p)
		memset(p, 0x90, ram);
	for (int i = 0; i < FAKE_VCPUS_MAX; i++) {
		f->reg[i][FAKE_RIP][0] = 0x1000;
		f->reg[i][FAKE_RSP][0] = 0x8000;
	}
	f->m.vm_fd = -1;
	if (!fake_add_device(f)) {
		fake_destroy(f);
		return NULL;
	}
	return f;
}

void fake_destroy(struct fake *f)
{
	devices_destroy(&f->m);
	record_free(&f->m);
	profile_free(&f->m);
	memory_destroy(f->m.ram);
	pthread_mutex_destroy(&f->m.run_lock);
	free(f);
}

void vcpu_record_places(struct machine *m)
{
	(void)m;
}

void profile_sample(struct vcpu *v, void *unused)
{
	(void)v, (void)unused;
}

void vcpu_interrupt_all(struct machine *m, struct vcpu_work work[])
{
	(void)m, (void)work;
}

void vcpu_interrupt_wait(struct machine *m, const struct vcpu_work work[])
{
	(void)m, (void)work;
}

void fake_notify(struct fake *f, const struct control_event *ev)
{
	struct control_client *c, *next;

	for (c = f->m.clients; c; c = next) {
		next = c->next;
		c->event(c, ev);
	}
}

void control_notify(struct machine *m, const struct control_event *ev)
{
	fake_notify((struct fake *)m, ev);
}

void fake_stop(struct fake *f, const struct stop *stop)
{
	const struct control_event ev = {
		.kind = CONTROL_STOPPED,
		.stop = &f->m.last_stop,
		.by = stop->by,
	};

	f->m.last_stop = *stop;
	f->m.state = stop->reason == STOP_PAUSE ? RUN_PAUSED : RUN_DEBUG;
	f->stops++;
	fake_notify(f, &ev);
}

void fake_finish_step(struct fake *f)
{
	struct stop stop = { .reason = STOP_STEP, .vcpu = f->step_vcpu, .by = f->stepper };

	if (!f->step_pending)
		return;
	f->step_pending = false;
	f->steps++;
	stop.pc = ++f->reg[f->step_vcpu][FAKE_RIP][0];
	fake_stop(f, &stop);
}

static void step_from_loop(void *opaque)
{
	fake_finish_step(opaque);
}

/* ---- running ---- */

const char *run_state_name(enum run_state s)
{
	static const char *const names[RUN_STATE_COUNT] = {
		[RUN_CREATED] = "created",	   [RUN_RUNNING] = "running",
		[RUN_PAUSED] = "paused",	   [RUN_DEBUG] = "debug",
		[RUN_PANICKED] = "guest-panicked", [RUN_INTERNAL_ERROR] = "internal-error",
		[RUN_SHUTDOWN] = "shutdown",	   [RUN_SAVING] = "saving",
		[RUN_RESTORING] = "restoring",
	};

	return names[s];
}

void control_attach(struct machine *m, struct control_client *client)
{
	client->next = m->clients;
	m->clients = client;
}

void control_detach(struct machine *m, struct control_client *client)
{
	struct fake *f = fake_of(m);

	for (struct control_client **p = &m->clients; *p; p = &(*p)->next)
		if (*p == client) {
			*p = client->next;
			break;
		}
	for (size_t n = f->bp_count; n-- > 0;)
		if (f->bps[n].owner == client)
			control_bp_delete(m, f->bps[n].id);
	for (size_t n = f->catch_count; n-- > 0;)
		if (f->catches[n].owner == client)
			control_catch_delete(m, f->catches[n].id);
	if (f->stepper == client)
		f->stepper = NULL;
	if (m->last_stop.by == client)
		m->last_stop.by = NULL;
}

enum run_state control_state(const struct machine *m)
{
	return m->state;
}

const struct stop *control_last_stop(const struct machine *m)
{
	return &m->last_stop;
}

int control_stop(struct machine *m, struct control_client *by)
{
	struct fake *f = fake_of(m);
	struct stop stop = { .reason = STOP_PAUSE, .by = by, .pc = f->reg[0][FAKE_RIP][0] };

	if (m->state != RUN_RUNNING)
		return 0;
	f->step_pending = false;
	fake_stop(f, &stop);
	return 0;
}

static int start(struct fake *f, struct control_client *by, struct error *err)
{
	struct control_event ev = { .kind = CONTROL_RESUMED, .by = by };

	if (f->m.state == RUN_RUNNING)
		return error_set(err, -EBUSY, "the guest is running");
	if (f->refuse_run)
		return error_set(err, -EPERM, "the guest has shut down: reset it first");
	f->m.state = RUN_RUNNING;
	f->m.last_stop.reason = STOP_NONE;
	f->resumes++;
	fake_notify(f, &ev);
	return 0;
}

int control_resume(struct machine *m, struct control_client *by, const struct resume *orders,
		   size_t count, struct error *err)
{
	struct fake *f = fake_of(m);
	int step = -1, held = 0, rc;

	for (int i = 0; i < f->vcpus; i++) {
		enum resume_action a = (size_t)i < count ? orders[i].action : RESUME_HOLD;

		if (a == RESUME_STEP && step < 0)
			step = i;
		held += a == RESUME_HOLD;
	}
	if (held == f->vcpus)
		return error_set(err, -EINVAL, "every vCPU is held");
	f->step_pending = step >= 0 && m->state != RUN_RUNNING && !f->refuse_run;
	f->stepper = by;
	f->step_vcpu = step;
	rc = start(f, by, err);
	if (rc || step < 0)
		return rc;
	if (m->loop)
		loop_post(m->loop, step_from_loop, f);
	return 0;
}

int control_resume_all(struct machine *m, struct control_client *by, struct error *err)
{
	return start(fake_of(m), by, err);
}

int control_step(struct machine *m, struct control_client *by, int vcpu, struct error *err)
{
	struct resume orders[FAKE_VCPUS_MAX] = { 0 };

	if (!control_vcpu_exists(m, vcpu))
		return error_set(err, -ESRCH, "no such vCPU");
	orders[vcpu].action = RESUME_STEP;
	return control_resume(m, by, orders, FAKE_VCPUS_MAX, err);
}

bool control_step_irq(const struct machine *m)
{
	return m->step_irq;
}

void control_set_step_irq(struct machine *m, bool deliver)
{
	m->step_irq = deliver;
}

int control_reset(struct machine *m, struct control_client *by, struct error *err)
{
	struct fake *f = fake_of(m);
	struct control_event ev = { .kind = CONTROL_RESET, .by = by };

	(void)err;
	f->resets++;
	f->step_pending = false;
	for (int i = 0; i < f->vcpus; i++)
		f->reg[i][FAKE_RIP][0] = 0x1000;
	fake_notify(f, &ev);
	return 0;
}

int control_vcpu_add(struct machine *m, int vcpu, struct error *err)
{
	if (vcpu > 3)
		return error_set(err, -EINVAL, "there is no vCPU %d to add", vcpu);
	fake_of(m)->added = vcpu;
	return 0;
}

int control_vcpu_remove(struct machine *m, int vcpu, struct error *err)
{
	if (!vcpu)
		return error_set(err, -EBUSY, "vCPU 0 stays");
	fake_of(m)->removed = vcpu;
	return 0;
}

int control_sendkey(struct machine *m, const uint16_t *codes, size_t count, unsigned ms,
		    struct error *err)
{
	struct fake *f = fake_of(m);

	if (ms == 1)
		return error_set(err, -EAGAIN, "the guest does not listen to its keyboard");
	memcpy(f->keys, codes, count * sizeof(codes[0]));
	f->key_count = count;
	f->key_ms = ms;
	return 0;
}

int control_nmi(struct machine *m, int vcpu, struct error *err)
{
	if (!control_vcpu_exists(m, vcpu))
		return error_set(err, -ESRCH, "no such vCPU");
	fake_of(m)->nmis[vcpu]++;
	return 0;
}

int control_powerdown(struct machine *m, struct error *err)
{
	(void)err;
	fake_of(m)->powerdowns++;
	return 0;
}

void control_quit(struct machine *m, int code)
{
	struct fake *f = fake_of(m);

	f->quit = true;
	f->quit_code = code;
	if (m->loop)
		loop_quit(m->loop, code);
}

/* ---- vCPUs and registers ---- */

int control_vcpu_limit(const struct machine *m)
{
	return fake_of(m)->vcpus;
}

bool control_vcpu_exists(const struct machine *m, int vcpu)
{
	return vcpu >= 0 && vcpu < fake_of(m)->vcpus;
}

const char *control_vcpu_activity(struct machine *m, int vcpu)
{
	(void)vcpu;
	return m->state == RUN_RUNNING ? "running" : "stopped";
}

static const struct arch_reg fake_regs[FAKE_REG_COUNT] = {
	[FAKE_RAX] = { .name = "rax",
		       .feature = "org.gnu.gdb.i386.core",
		       .type = "int64",
		       .bits = 64 },
	[FAKE_RSP] = { .name = "rsp",
		       .feature = "org.gnu.gdb.i386.core",
		       .type = "data_ptr",
		       .bits = 64 },
	[FAKE_RIP] = { .name = "rip",
		       .feature = "org.gnu.gdb.i386.core",
		       .type = "code_ptr",
		       .bits = 64 },
	[FAKE_EFLAGS] = { .name = "eflags",
			  .feature = "org.gnu.gdb.i386.core",
			  .type = "i386_eflags",
			  .bits = 32 },
	[FAKE_CS] = { .name = "cs",
		      .feature = "org.gnu.gdb.i386.core",
		      .type = "int32",
		      .bits = 32 },
	[FAKE_XMM0] = { .name = "xmm0",
			.feature = "org.gnu.gdb.i386.sse",
			.type = "vec128",
			.group = "vector",
			.bits = 128 },
};

const struct arch_reg *arch_regs(size_t *count)
{
	if (count)
		*count = FAKE_REG_COUNT;
	return fake_regs;
}

int arch_reg_find(const char *name)
{
	for (int i = 0; i < FAKE_REG_COUNT; i++)
		if (!strcmp(fake_regs[i].name, name))
			return i;
	return -1;
}

int arch_reg_pc(void)
{
	return FAKE_RIP;
}

int arch_reg_sp(void)
{
	return FAKE_RSP;
}

int arch_reg_fp(void)
{
	return FAKE_RAX;
}

void arch_reg_flags(const struct arch_reg *reg, uint64_t value, struct strbuf *out)
{
	if (!strcmp(reg->name, "eflags"))
		strbuf_printf(out, " [ %s]", value & 0x200 ? "IF " : "");
}

/* A word that no program has says that a pc and a stack pointer follow. */
bool arch_interrupt_frame(int bits, uint64_t addr, const uint64_t words[ARCH_FRAME_WORDS],
			  uint64_t *pc, uint64_t *sp)
{
	if (bits != 64 || words[0] != 0x1f1f1f1f1f1f1f1f)
		return false;
	*pc = words[1];
	*sp = addr + 8 * ARCH_FRAME_WORDS;
	return true;
}

const char *const arch_gdb_compatible[] = { "i386", NULL };

const char *arch_gdb_architecture(void)
{
	return "i386:x86-64";
}

const char *arch_gdb_types(const char *feature)
{
	(void)feature;
	return "";
}

bool control_reg_present(struct machine *m, int vcpu, int reg)
{
	return control_vcpu_exists(m, vcpu) && reg >= 0 && reg < FAKE_REG_COUNT;
}

int control_reg_read(struct machine *m, int vcpu, int reg, void *buf)
{
	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	if (!control_reg_present(m, vcpu, reg))
		return -ENOENT;
	memcpy(buf, fake_of(m)->reg[vcpu][reg], fake_regs[reg].bits / 8);
	return 0;
}

int control_reg_write(struct machine *m, int vcpu, int reg, const void *buf, struct error *err)
{
	if (!control_vcpu_exists(m, vcpu))
		return error_set(err, -ESRCH, "no such vCPU");
	if (!control_reg_present(m, vcpu, reg))
		return error_set(err, -ENOENT, "no such register");
	memcpy(fake_of(m)->reg[vcpu][reg], buf, fake_regs[reg].bits / 8);
	return 0;
}

int control_pc(struct machine *m, int vcpu, uint64_t *pc)
{
	return control_reg_read(m, vcpu, FAKE_RIP, pc);
}

int control_set_pc(struct machine *m, int vcpu, uint64_t pc)
{
	return control_reg_write(m, vcpu, FAKE_RIP, &pc, NULL);
}

int control_dump_pairs(struct machine *m, int vcpu, struct strbuf *out)
{
	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	strbuf_printf(out, "RAX=%016llx\n", (unsigned long long)fake_of(m)->reg[vcpu][FAKE_RAX][0]);
	return 0;
}

int control_vcpu_tid(const struct machine *m, int vcpu)
{
	return control_vcpu_exists(m, vcpu) ? 100 + vcpu : 0;
}

int control_dump(struct machine *m, int vcpu, struct strbuf *out)
{
	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	for (int i = 0; i < FAKE_XMM0; i++)
		strbuf_printf(out, "%s=%016llx\n", fake_regs[i].name,
			      (unsigned long long)fake_of(m)->reg[vcpu][i][0]);
	return 0;
}

int control_code_bits(struct machine *m, int vcpu)
{
	(void)vcpu;
	return fake_of(m)->code_bits;
}

/* ---- memory ---- */

ssize_t control_mem_read(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
			 void *buf, size_t len)
{
	size_t n = memory_read(m->ram, addr, buf, len);

	(void)vcpu;
	(void)space;
	return n || !len ? (ssize_t)n : -EFAULT;
}

ssize_t control_mem_write(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
			  const void *buf, size_t len)
{
	size_t n = memory_write(m->ram, addr, buf, len);

	(void)vcpu;
	(void)space;
	return n || !len ? (ssize_t)n : -EFAULT;
}

/* There is one MSR. */
int control_msr_read(struct machine *m, int vcpu, uint64_t index, uint64_t *value)
{
	struct fake *f = (struct fake *)m;

	*value = f->msr[vcpu];
	return index == FAKE_MSR ? 0 : -ENOTSUP;
}

int control_msr_write(struct machine *m, int vcpu, uint64_t index, uint64_t value)
{
	struct fake *f = (struct fake *)m;

	if (index != FAKE_MSR)
		return -ENOTSUP;
	f->msr[vcpu] = value;
	return 0;
}

int control_port_read(struct machine *m, uint16_t port, unsigned size, uint32_t *value,
		      struct error *err)
{
	uint64_t wide;

	if (!bus_read(&m->pio, port, size, &wide))
		return error_set(err, -ENODEV, "nobody answers");
	*value = (uint32_t)wide;
	return 0;
}

int control_port_write(struct machine *m, uint16_t port, unsigned size, uint32_t value,
		       struct error *err)
{
	return bus_write(&m->pio, port, size, value) ? 0
						     : error_set(err, -ENODEV, "nobody answers");
}

int control_translate(struct machine *m, int vcpu, uint64_t gva, uint64_t *gpa)
{
	(void)vcpu;
	if (gva >= memory_size(m->ram))
		return -EFAULT;
	*gpa = gva;
	return 0;
}

/* ---- breakpoints ---- */

int control_bp_add(struct machine *m, struct control_client *owner, enum bp_kind kind,
		   uint64_t addr, uint64_t len, int vcpu, struct error *err)
{
	struct fake *f = fake_of(m);

	(void)vcpu;
	if (f->bp_count == FAKE_BPS_MAX)
		return error_set(err, -ENOSPC, "no debug register is free");
	f->filters[f->bp_count] = NULL;
	f->bps[f->bp_count++] = (struct bp_info){
		.id = ++f->next_id,
		.kind = kind,
		.addr = addr,
		.len = len,
		.owner = owner,
		.how = kind == BP_SOFT ? "in memory" : "debug register",
	};
	return f->next_id;
}

static int remove_at(struct fake *f, size_t n)
{
	if (f->filters[n])
		f->filters[n]->release(f->filters[n]);
	memmove(&f->filters[n], &f->filters[n + 1], (f->bp_count - n - 1) * sizeof(f->filters[0]));
	memmove(&f->bps[n], &f->bps[n + 1], (f->bp_count - n - 1) * sizeof(f->bps[0]));
	f->bp_count--;
	return 0;
}

int control_bp_remove(struct machine *m, struct control_client *owner, enum bp_kind kind,
		      uint64_t addr, uint64_t len)
{
	struct fake *f = fake_of(m);

	for (size_t n = 0; n < f->bp_count; n++)
		if (f->bps[n].owner == owner && f->bps[n].kind == kind && f->bps[n].addr == addr &&
		    f->bps[n].len == len)
			return remove_at(f, n);
	return -ENOENT;
}

int control_bp_delete(struct machine *m, int id)
{
	struct fake *f = fake_of(m);

	for (size_t n = 0; n < f->bp_count; n++)
		if (f->bps[n].id == id)
			return remove_at(f, n);
	return control_device_bp_delete(m, id);
}

bool control_bp_get(struct machine *m, size_t n, struct bp_info *info)
{
	struct fake *f = fake_of(m);
	size_t i = 0;

	for (; i < f->bp_count; i++)
		if ((!f->filters[i] || !f->filters[i]->unlisted) && !n--)
			break;
	if (i == f->bp_count)
		return false;
	*info = f->bps[i];
	info->filter = f->filters[i] ? f->filters[i]->what : NULL;
	return true;
}

/* ---- catchpoints ---- */

static const struct catch_class classes[] = {
	[CATCH_EXCEPTION] = { "exception", "VECTOR", true, "an exception" },
	[CATCH_TRIPLE_FAULT] = { "triple-fault", NULL, true, "a triple fault" },
	[CATCH_PANIC] = { "panic", NULL, true, "a panic" },
	[CATCH_RESET] = { "reset", NULL, true, "a reset" },
	[CATCH_MSR] = { "msr", "MSR", false, "an MSR" },
	[CATCH_PORT] = { "io", "PORT", false, "a port" },
	[CATCH_MMIO] = { "mmio", "ADDR", false, "a device" },
};

const struct catch_class *control_catch_class(enum catch_kind kind)
{
	return (size_t)kind < sizeof(classes) / sizeof(classes[0]) ? &classes[kind] : NULL;
}

const char *control_catch_name(enum catch_kind kind, size_t n, uint64_t *value)
{
	if (n || (kind != CATCH_EXCEPTION && kind != CATCH_MSR))
		return NULL;
	*value = kind == CATCH_MSR ? 0xc0000082 : 13;
	return kind == CATCH_MSR ? "lstar" : "#GP general protection";
}

int control_catch_add(struct machine *m, struct control_client *owner, enum catch_kind kind,
		      uint64_t value, struct error *err)
{
	struct fake *f = fake_of(m);
	struct catch_info *info = &f->catches[f->catch_count];

	if (kind == CATCH_PORT && value == 0x20)
		return error_set(err, -EBUSY, "0x20 belongs to the PIC");
	if (f->catch_count == FAKE_BPS_MAX)
		return error_set(err, -ENOSPC, "no room");
	*info = (struct catch_info){
		.id = ++f->next_catch, .kind = kind, .value = value, .owner = owner
	};
	if (value == CATCH_ANY)
		snprintf(info->text, sizeof(info->text), "%s", classes[kind].name);
	else
		snprintf(info->text, sizeof(info->text), "%s 0x%llx", classes[kind].name,
			 (unsigned long long)value);
	f->catch_count++;
	return info->id;
}

int control_catch_delete(struct machine *m, int id)
{
	struct fake *f = fake_of(m);

	for (size_t n = 0; n < f->catch_count; n++) {
		if (f->catches[n].id != id)
			continue;
		memmove(&f->catches[n], &f->catches[n + 1],
			(--f->catch_count - n) * sizeof(f->catches[0]));
		return 0;
	}
	return -ENOENT;
}

bool control_catch_get(struct machine *m, size_t n, struct catch_info *info)
{
	if (n >= fake_of(m)->catch_count)
		return false;
	*info = fake_of(m)->catches[n];
	return true;
}

void control_message(struct machine *m, const char *fmt, ...)
{
	struct control_event ev = { .kind = CONTROL_MESSAGE };
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ev.text = text;
	fake_notify(fake_of(m), &ev);
}

bool machine_is_over(const struct machine *m)
{
	(void)m;
	return false;
}
