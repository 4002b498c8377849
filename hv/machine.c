// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The machine's life: made in one order, unmade in the reverse. See machine.h.
 */
#include "hv/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hv/boot/boot.h"
#include "hv/boot/fdt.h"
#include "hv/catch.h"
#include "hv/debug.h"
#include "hv/device_stop.h"
#include "hv/hotplug.h"
#include "hv/kernel_symbols.h"
#include "hv/keyboard.h"
#include "hv/kvm.h"
#include "hv/netdev.h"
#include "hv/probe.h"
#include "hv/profile.h"
#include "hv/record.h"
#include "hv/runstate.h"
#include "hv/trace.h"
#include "hv/vcpu.h"

static int create_vm(struct machine *m, struct error *err)
{
	int limit;

	m->kvm_fd = kvm_open(m->caps, err);
	if (m->kvm_fd < 0)
		return m->kvm_fd;
	limit = m->caps->value[KVMCAP_MAX_VCPUS];
	if (limit > MACHINE_MAX_VCPUS)
		limit = MACHINE_MAX_VCPUS;
	if (m->cfg->max_vcpus > (unsigned)limit)
		return error_set(err, -EINVAL,
				 "%u vCPUs are too many: this host's KVM takes at most %d",
				 m->cfg->max_vcpus, limit);
	do {
		m->vm_fd = ioctl(m->kvm_fd, KVM_CREATE_VM, 0);
	} while (m->vm_fd < 0 && errno == EINTR);
	if (m->vm_fd < 0)
		return error_set(err, -errno, "KVM cannot make a virtual machine: %s",
				 strerror(errno));
	return 0;
}

static int create_debug(struct machine *m, struct error *err)
{
	struct probe_result probe;
	struct debug_caps caps;
	int ret = probe_get(&probe, err);

	if (ret)
		return ret;
	probe_debug_caps(&probe, &caps);
	arch_vm_probed(m, &probe);
	ret = debug_create(m, &caps, err);
	if (!ret)
		ret = catch_create(m, err);
	return ret ? ret : device_stops_create(m, err);
}

static int open_image(struct machine *m, struct error *err)
{
	const struct machine_config *cfg = m->cfg;
	struct boot_params params = {
		.kernel = cfg->kernel,
		.kernel_data = cfg->kernel_data,
		.kernel_size = cfg->kernel_size,
		.initrd = cfg->initrd,
		.append = cfg->append,
		.modules = cfg->modules,
	};

	return boot_open(&m->boot, &params, err);
}

/* The files as they are now: somebody has built a kernel and resets to try it. */
static int reopen_image(struct machine *m, struct error *err)
{
	struct boot_image *old = m->boot;
	int ret = open_image(m, err);

	if (ret) {
		m->boot = old;
		return ret;
	}
	boot_close(old);
	kernel_symbols_reload(m);
	control_message(m, "the kernel or its files were written to: loaded anew (%s)",
			boot_describe(m->boot));
	return 0;
}

static int create_vcpus(struct machine *m, struct error *err)
{
	for (unsigned i = 0; i < m->cfg->vcpus; i++) {
		int ret = vcpu_create(m, (int)i, NULL, err);

		if (ret)
			return ret;
	}
	return 0;
}

int machine_create(struct machine **out, const struct machine_config *cfg, struct error *err)
{
	struct machine *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return error_set(err, -ENOMEM, "out of memory");
	m->cfg = cfg;
	m->kvm_fd = m->vm_fd = -1;
	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		m->parked_fds[i] = -1;
	pthread_mutex_init(&m->run_lock, NULL);
	pthread_cond_init(&m->run_cond, NULL);
	bus_init(&m->pio, "pio", 0x10000);
	bus_init(&m->mmio, "mmio", UINT64_MAX);
	vcpu_global_init();
	m->caps = calloc(1, sizeof(*m->caps));
	ret = m->caps ? 0 : error_set(err, -ENOMEM, "out of memory");
	/* The image first: a wrong file is the commonest mistake, and KVM is not needed to say so.
	 */
	if (!ret)
		ret = open_image(m, err);
	if (!ret)
		ret = kernel_symbols_open(m, err);
	if (!ret)
		ret = create_vm(m, err);
	if (!ret)
		ret = memory_create_backed(&m->ram, m->vm_fd, cfg->ram_size, &cfg->ram_backing,
					   err);
	m->loop = cfg->loop;
	if (!ret && !m->loop && (ret = loop_create(&m->loop)))
		error_set(err, ret, "cannot make an event loop: %s", strerror(-ret));
	if (!ret && (ret = hv_timers_create(&m->timers, m->loop)))
		error_set(err, ret, "cannot make timers: %s", strerror(-ret));
	if (!ret)
		ret = arch_vm_create(m, cfg, err);
	if (!ret)
		ret = create_debug(m, err);
	if (!ret)
		ret = netdevs_create(m, cfg, err);
	if (!ret)
		ret = devices_create(m, cfg, err);
	if (!ret)
		ret = netdevs_check(m, err);
	if (!ret)
		ret = create_vcpus(m, err);
	if (!ret)
		ret = machine_load(m, err);
	if (ret) {
		machine_destroy(m);
		return ret;
	}
	*out = m;
	return 0;
}

void machine_destroy(struct machine *m)
{
	struct vcpu *v;

	if (!m)
		return;
	while (m->exit_notifiers) {
		struct exit_notifier *n = m->exit_notifiers;

		m->exit_notifiers = n->next;
		n->fn(n->opaque);
	}
	profile_free(m);
	vcpu_for_each(m, v)
		vcpu_destroy(v);
	if (m->vm_fd >= 0)
		devices_destroy(m);
	netdevs_destroy(m);
	device_stops_destroy(m);
	debug_destroy(m);
	catch_destroy(m);
	if (m->arch)
		arch_vm_destroy(m);
	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		if (m->parked_fds[i] >= 0)
			close(m->parked_fds[i]);
	if (m->timers)
		hv_timers_destroy(m->timers);
	if (m->loop && !m->cfg->loop)
		loop_destroy(m->loop);
	if (m->vm_fd >= 0)
		close(m->vm_fd);
	if (m->kvm_fd >= 0)
		close(m->kvm_fd);
	memory_destroy(m->ram);
	kernel_symbols_close(m);
	record_free(m);
	boot_close(m->boot);
	free(m->caps);
	pthread_cond_destroy(&m->run_cond);
	pthread_mutex_destroy(&m->run_lock);
	free(m);
}

void machine_add_exit_notifier(struct machine *m, struct exit_notifier *n)
{
	n->next = m->exit_notifiers;
	m->exit_notifiers = n;
}

void machine_remove_exit_notifier(struct machine *m, struct exit_notifier *n)
{
	struct exit_notifier **link = &m->exit_notifiers;

	while (*link && *link != n)
		link = &(*link)->next;
	if (*link)
		*link = n->next;
}

/* ---- loading and reset ---- */

struct reset_args {
	const struct boot_entry *entry;
	struct error *err;
	int ret;
};

static void reset_vcpu(struct vcpu *v, void *arg)
{
	struct reset_args *a = arg;

	v->debug_set = false;
	v->step_over = false;
	v->watch.count = 0;
	v->catch_stop.reason = STOP_NONE;
	a->ret = arch_vcpu_reset(v, v->index == 0 ? a->entry : NULL, a->err);
}

int machine_load(struct machine *m, struct error *err)
{
	struct boot_entry entry = { 0 };
	struct reset_args args = { .entry = &entry, .err = err };
	struct vcpu *v;
	void *dtb = NULL;
	size_t size = 0;
	uint64_t rsdp = 0;
	int ret = fdt_build(m, &dtb, &size, err);

	if (!ret)
		ret = arch_firmware_tables(m, &rsdp, err);
	if (!ret)
		ret = boot_load(m->boot, m->ram, dtb, size, rsdp, &entry, err);
	if (ret == -ESTALE) {
		ret = reopen_image(m, err);
		if (!ret)
			ret = boot_load(m->boot, m->ram, dtb, size, rsdp, &entry, err);
	}
	free(dtb);
	if (ret)
		return ret;
	vcpu_for_each(m, v) {
		ret = vcpu_run_on(v, reset_vcpu, &args);
		if (ret || args.ret)
			return ret ? ret : args.ret;
	}
	m->ever_ran = false;
	m->reset_time = hv_clock_now(m->timers, HV_CLOCK_GUEST);
	m->last_stop = (struct stop){ .reason = STOP_ENTRY };
	m->focus = 0;
	return control_vcpu_exists(m, 0) ? control_pc(m, 0, &m->last_stop.pc) : 0;
}

/* Forgets what vCPUs had to tell: they are at their beginning again. */
static void forget_stops(struct machine *m)
{
	struct vcpu *v;

	pthread_mutex_lock(&m->run_lock);
	vcpu_for_each(m, v) {
		v->stop.reason = STOP_NONE;
		v->told.reason = STOP_NONE;
		v->want_run = false;
		v->start = START_PLAIN;
	}
	if (m->state != RUN_CREATED)
		run_state_set(m, RUN_CREATED);
	pthread_mutex_unlock(&m->run_lock);
}

/* Everything as after power-on, with the breakpoints of the clients kept. All vCPUs are out. */
static int reset_stopped(struct machine *m, struct error *err)
{
	int ret;

	vcpu_exclusive_begin(m);
	debug_withdraw(m);
	vcpu_exclusive_end(m);
	ret = memory_clear(m->ram, err);
	if (!ret)
		ret = arch_vm_reset(m, err);
	kernel_symbols_forget_slide(m);
	profile_forget(m);
	if (!ret) {
		devices_reset(m);
		ret = machine_load(m, err);
	}
	vcpu_exclusive_begin(m);
	debug_restore(m);
	vcpu_exclusive_end(m);
	return ret;
}

/*
 * Memory is cleared and nothing was loaded, say because a kernel was half written. The guest cannot
 * run; but it can be reset again.
 */
static void reset_failed(struct machine *m, struct control_client *by, const struct error *err)
{
	struct control_event ev = { .kind = CONTROL_STOPPED, .by = by, .stop = &m->last_stop };

	pthread_mutex_lock(&m->run_lock);
	run_state_set(m, RUN_INTERNAL_ERROR);
	pthread_mutex_unlock(&m->run_lock);
	m->last_stop = (struct stop){ .reason = STOP_INTERNAL_ERROR };
	snprintf(m->last_stop.text, sizeof(m->last_stop.text), "the reset failed: %.120s",
		 err->text);
	control_notify(m, &ev);
}

int control_reset(struct machine *m, struct control_client *by, struct error *err)
{
	struct control_event ev = { .kind = CONTROL_RESET, .by = by };
	struct resume again[MACHINE_MAX_VCPUS] = { 0 };
	bool was_running = m->state == RUN_RUNNING;
	int ret;

	hotplug_settle(m);
	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		if (control_vcpu_runs(m, i))
			again[i].action = RESUME_CONTINUE;

	if (was_running) {
		/* Quietly: this is not a stop that anybody asked for. */
		pthread_mutex_lock(&m->run_lock);
		run_stop_all(m);
		while (m->in_guest)
			pthread_cond_wait(&m->run_cond, &m->run_lock);
		m->stop_pending = false;
		run_state_set(m, RUN_PAUSED);
		pthread_mutex_unlock(&m->run_lock);
		run_clocks_stop(m);
	}
	/* Whatever asked for a reset up to here has got one. */
	__atomic_store_n(&m->reset_requested, false, __ATOMIC_RELAXED);
	__atomic_store_n(&m->reset_caught, false, __ATOMIC_RELAXED);
	forget_stops(m);
	ret = reset_stopped(m, err);
	if (ret) {
		reset_failed(m, by, err);
		return ret;
	}
	control_notify(m, &ev);
	return was_running ? control_resume(m, by, again, MACHINE_MAX_VCPUS, err) : 0;
}

/* ---- what a guest can do to the machine ---- */

static void do_exit(void *opaque)
{
	struct machine *m = opaque;

	control_quit(m, m->requested_exit);
}

static void do_reset(void *opaque)
{
	struct machine *m = opaque;
	struct error err;

	if (!__atomic_load_n(&m->reset_requested, __ATOMIC_RELAXED))
		return;
	if (m->cfg->no_reboot) {
		control_quit(m, 0);
		return;
	}
	if (control_reset(m, NULL, &err))
		fprintf(stderr, "vitrine: the guest's reset failed: %s\n", err.text);
}

int control_powerdown(struct machine *m, struct error *err)
{
	if (!m->power_button)
		return error_set(err, -ENOTSUP, "this machine has no power button");
	m->power_button->press(m->power_button->opaque);
	return 0;
}

int control_sendkey(struct machine *m, const uint16_t *codes, size_t count, unsigned ms,
		    struct error *err)
{
	int ret;

	if (!m->keyboard)
		return error_set(err, -ENOTSUP, "this machine has no keyboard");
	ret = m->keyboard->press(m->keyboard->opaque, codes, count, ms);
	if (ret == -EAGAIN)
		return error_set(err, ret, "the guest does not listen to its keyboard");
	if (ret == -EBUSY)
		return error_set(err, ret, "the guest has not taken the keys before");
	return ret;
}

static void do_shutdown(void *opaque)
{
	control_quit(opaque, 0);
}

bool machine_is_over(const struct machine *m)
{
	return __atomic_load_n(&m->reset_requested, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&m->end_requested, __ATOMIC_RELAXED);
}

/* The vCPUs look at machine_is_over() before they enter again: pairs with let_run() (vcpu.c). */
static void take_vcpus_out(struct machine *m)
{
	struct vcpu *v;

	pthread_mutex_lock(&m->run_lock);
	vcpu_for_each(m, v)
		vcpu_kick(v);
	pthread_mutex_unlock(&m->run_lock);
}

void machine_request_reset(struct machine *m)
{
	/* A guest asks many times until it is heard (Linux pulses the i8042 ten times): that is one
	 * reset. */
	if (__atomic_exchange_n(&m->reset_requested, true, __ATOMIC_RELAXED))
		return;
	take_vcpus_out(m);
	if (catch_reset(m))
		__atomic_store_n(&m->reset_caught, true, __ATOMIC_RELAXED);
	else
		loop_post(m->loop, do_reset, m);
}

void machine_release_reset(struct machine *m)
{
	if (__atomic_exchange_n(&m->reset_caught, false, __ATOMIC_RELAXED))
		loop_post(m->loop, do_reset, m);
}

/* The program is to end by @deed, on the loop thread. */
static void request_end(struct machine *m, void (*deed)(void *opaque))
{
	__atomic_store_n(&m->end_requested, true, __ATOMIC_RELAXED);
	take_vcpus_out(m);
	loop_post(m->loop, deed, m);
}

void machine_request_shutdown(struct machine *m, const char *why)
{
	trace(TRACE_STOP, "shutdown: %s", why);
	request_end(m, do_shutdown);
}

void machine_request_exit(struct machine *m, int code)
{
	m->requested_exit = code;
	request_end(m, do_exit);
}

void control_quit(struct machine *m, int code)
{
	struct control_event ev = { .kind = CONTROL_EXIT, .code = code };

	if (m->quitting)
		return;
	m->quitting = true;
	m->exit_code = code;
	control_notify(m, &ev);
	loop_quit(m->loop, code);
}

int machine_run(struct machine *m)
{
	struct error err;

	if (!m->cfg->start_paused && control_resume_all(m, NULL, &err)) {
		fprintf(stderr, "vitrine: %s\n", err.text);
		return 1;
	}
	return loop_run(m->loop);
}
