// SPDX-License-Identifier: GPL-3.0-or-later
/* Network backends: which there are, whose they are, what goes through them. See netdev.h. */
#include "hv/netdev.h"

#include <errno.h>
#include <netinet/ether.h>
#include <stdlib.h>
#include <string.h>

#include "hv/fields.h"
#include "hv/machine.h"
#include "hv/netdev_internal.h"

static const struct netdev_backend *const backends[] = { &netdev_user, &netdev_tap };

/* ---- life ---- */

static const struct netdev_backend *find_backend(const char *name, struct error *err)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (!strcmp(backends[i]->name, name))
			return backends[i];
	error_set(err, -EINVAL, "-netdev: '%.40s' is unknown: there is user and tap", name);
	return NULL;
}

static struct netdev *find(const struct machine *m, const char *id)
{
	struct netdev *n = m->netdevs;

	while (n && strcmp(n->id, id) != 0)
		n = n->next;
	return n;
}

static void append(struct machine *m, struct netdev *n)
{
	struct netdev **link = &m->netdevs;

	while (*link)
		link = &(*link)->next;
	*link = n;
}

static void destroy(struct netdev *n)
{
	n->backend->close(n);
	free(n->id);
	free(n);
}

static int open_backend(struct machine *m, const struct netdev_backend *backend, const char *id,
			struct optlist *opts, struct error *err)
{
	struct netdev *n = calloc(1, backend->size);
	int ret = -ENOMEM;

	if (!n)
		return error_set(err, -ENOMEM, "-netdev: out of memory");
	n->backend = backend;
	n->m = m;
	n->id = strdup(id);
	if (!n->id)
		error_set(err, -ENOMEM, "-netdev: out of memory");
	else
		ret = backend->open(n, opts, err);
	if (ret) {
		free(n->id);
		free(n);
		return ret;
	}
	append(m, n);
	return optlist_end(opts, err);
}

static int create(struct machine *m, const char *text, struct error *err)
{
	const struct netdev_backend *backend;
	const char *name, *id;
	struct optlist opts;
	int ret = optlist_parse(&opts, "-netdev", text, err);

	if (ret)
		return ret;
	ret = -EINVAL;
	name = optlist_name(&opts);
	id = optlist_get(&opts, "id");
	backend = find_backend(name ? name : text, err);
	if (backend && (!id || !*id))
		error_set(err, -EINVAL,
			  "-netdev %s: it needs a name for -device to refer to, as in id=net0",
			  backend->name);
	else if (backend && find(m, id))
		error_set(err, -EINVAL, "-netdev: there are two with id=%.40s", id);
	else if (backend)
		ret = open_backend(m, backend, id, &opts, err);
	optlist_free(&opts);
	return ret;
}

int netdevs_create(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && cfg->netdevs && cfg->netdevs[i]; i++)
		ret = create(m, cfg->netdevs[i], err);
	if (ret)
		netdevs_destroy(m);
	return ret;
}

int netdevs_check(const struct machine *m, struct error *err)
{
	for (const struct netdev *n = m->netdevs; n; n = n->next)
		if (!n->user)
			return error_set(err, -EINVAL,
					 "-netdev: no device has id=%.40s: add -device "
					 "virtio-net,netdev=%.40s",
					 n->id, n->id);
	return 0;
}

void netdevs_destroy(struct machine *m)
{
	struct netdev *n;

	while ((n = m->netdevs)) {
		m->netdevs = n->next;
		destroy(n);
	}
}

/* ---- for devices ---- */

struct netdev *netdev_claim(struct machine *m, const char *id, const char *user, struct error *err)
{
	struct netdev *n = find(m, id);

	if (!n) {
		error_set(err, -EINVAL, "%s: netdev=%.40s: there is no -netdev with that id", user,
			  id);
		return NULL;
	}
	if (n->user) {
		error_set(err, -EBUSY, "%s: netdev=%.40s: it is %s's", user, id, n->user);
		return NULL;
	}
	n->user = user;
	return n;
}

int netdev_attach(struct netdev *n, struct loop *loop, netdev_receive_fn *receive, void *opaque,
		  struct error *err)
{
	int ret;

	n->loop = loop;
	n->receive = receive;
	n->opaque = opaque;
	ret = n->backend->attach(n);
	if (ret) {
		n->loop = NULL;
		error_set(err, ret, "%s: its netdev %s: %s", n->user, n->id, strerror(-ret));
	}
	return ret;
}

void netdev_detach(struct netdev *n)
{
	if (n->loop)
		n->backend->detach(n);
	n->loop = NULL;
}

const char *netdev_card(const struct machine *m, const char *id)
{
	const struct netdev *n = find(m, id);

	return n ? n->user : NULL;
}

int netdev_card_address(struct machine *m, const char *device, const char *text, uint8_t mac[6],
			struct error *err)
{
	/* Locally administered, as QEMU's. */
	struct ether_addr address = { { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 } };

	address.ether_addr_octet[ETH_ALEN - 1] += (uint8_t)m->network_cards++;
	/* A card's own address is no group's. */
	if (text && (!ether_aton_r(text, &address) || (address.ether_addr_octet[0] & 1)))
		return error_set(err, -EINVAL,
				 "-device %s: mac=%.40s is no card's address: use one as "
				 "52:54:00:12:34:56, whose first byte is even",
				 device, text);
	memcpy(mac, address.ether_addr_octet, ETH_ALEN);
	return 0;
}

const char *netdev_id(const struct netdev *n)
{
	return n->id;
}

static void count(struct netdev_counts *c, size_t len)
{
	__atomic_fetch_add(&c->frames, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->bytes, len, __ATOMIC_RELAXED);
}

static void count_dropped(struct netdev_counts *c)
{
	__atomic_fetch_add(&c->dropped, 1, __ATOMIC_RELAXED);
}

static size_t payload(const struct netdev *n, size_t len)
{
	return n->has_header ? len - NETDEV_HEADER : len;
}

void netdev_send(struct netdev *n, const struct iovec *iov, unsigned parts)
{
	size_t len = 0;

	for (unsigned i = 0; i < parts; i++)
		len += iov[i].iov_len;
	if (n->loop && n->backend->send(n, iov, parts, len))
		count(&n->from_guest, payload(n, len));
	else
		count_dropped(&n->from_guest);
}

void netdev_resume(struct netdev *n)
{
	if (n->loop)
		n->backend->resume(n);
}

bool netdev_has_header(const struct netdev *n)
{
	return n->has_header;
}

unsigned netdev_offloads(const struct netdev *n)
{
	return n->offloads;
}

void netdev_set_offloads(struct netdev *n, unsigned offloads)
{
	if (n->backend->set_offloads)
		n->backend->set_offloads(n, offloads & n->offloads);
}

/* ---- for backends ---- */

int netdev_deliver(struct netdev *n, const void *frame, size_t len)
{
	int ret = n->receive(n->opaque, frame, len);

	if (!ret)
		count(&n->to_guest, payload(n, len));
	else if (ret != -EAGAIN)
		count_dropped(&n->to_guest);
	return ret;
}

void netdev_dropped(struct netdev *n)
{
	count_dropped(&n->to_guest);
}

/* ---- for people ---- */

static void describe_counts(const char *what, const char *key, const struct netdev_counts *c,
			    struct strbuf *out)
{
	strbuf_printf(out, "  %s: ", what);
	data_object(out, key);
	field_u64(out, "frames", "%llu frames, ", __atomic_load_n(&c->frames, __ATOMIC_RELAXED));
	field_u64(out, "bytes", "%llu bytes, ", __atomic_load_n(&c->bytes, __ATOMIC_RELAXED));
	field_u64(out, "dropped", "%llu dropped\n", __atomic_load_n(&c->dropped, __ATOMIC_RELAXED));
	data_end(out);
}

static void describe(const struct netdev *n, struct strbuf *out)
{
	size_t mark;

	field_str(out, "id", "%s of ", n->id);
	if (n->user)
		field_str(out, "device", "%s: ", n->user);
	else
		strbuf_puts(out, "nobody: ");
	mark = out->len;
	n->backend->describe(n, out);
	data_since(out, "text", mark);
	describe_counts("to the guest", "to_guest", &n->to_guest, out);
	describe_counts("from the guest", "from_guest", &n->from_guest, out);
}

void netdevs_describe(struct machine *m, struct strbuf *out)
{
	if (!m->netdevs)
		strbuf_puts(out, "no network\n");
	for (const struct netdev *n = m->netdevs; n; n = n->next) {
		data_object(out, NULL);
		describe(n, out);
		data_end(out);
	}
}
