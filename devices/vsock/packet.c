// SPDX-License-Identifier: GPL-3.0-or-later
/* Packets of virtio-vsock: see packet.h. */
#include "devices/vsock/packet.h"

#include <endian.h>
#include <inttypes.h>

void vsock_packet_load(struct vsock_packet *p, const struct virtio_vsock_hdr *hdr)
{
	*p = (struct vsock_packet){
		.src_cid = le64toh(hdr->src_cid),
		.dst_cid = le64toh(hdr->dst_cid),
		.src_port = le32toh(hdr->src_port),
		.dst_port = le32toh(hdr->dst_port),
		.len = le32toh(hdr->len),
		.type = le16toh(hdr->type),
		.op = le16toh(hdr->op),
		.flags = le32toh(hdr->flags),
		.buf_alloc = le32toh(hdr->buf_alloc),
		.fwd_cnt = le32toh(hdr->fwd_cnt),
	};
}

void vsock_packet_store(const struct vsock_packet *p, struct virtio_vsock_hdr *hdr)
{
	*hdr = (struct virtio_vsock_hdr){
		.src_cid = htole64(p->src_cid),
		.dst_cid = htole64(p->dst_cid),
		.src_port = htole32(p->src_port),
		.dst_port = htole32(p->dst_port),
		.len = htole32(p->len),
		.type = htole16(p->type),
		.op = htole16(p->op),
		.flags = htole32(p->flags),
		.buf_alloc = htole32(p->buf_alloc),
		.fwd_cnt = htole32(p->fwd_cnt),
	};
}

static const char *const op_names[] = {
	[VIRTIO_VSOCK_OP_INVALID] = "INVALID",
	[VIRTIO_VSOCK_OP_REQUEST] = "REQUEST",
	[VIRTIO_VSOCK_OP_RESPONSE] = "RESPONSE",
	[VIRTIO_VSOCK_OP_RST] = "RST",
	[VIRTIO_VSOCK_OP_SHUTDOWN] = "SHUTDOWN",
	[VIRTIO_VSOCK_OP_RW] = "RW",
	[VIRTIO_VSOCK_OP_CREDIT_UPDATE] = "CREDIT_UPDATE",
	[VIRTIO_VSOCK_OP_CREDIT_REQUEST] = "CREDIT_REQUEST",
};

void vsock_packet_format(const struct vsock_packet *p, struct strbuf *out)
{
	if (p->op < sizeof(op_names) / sizeof(op_names[0]))
		strbuf_puts(out, op_names[p->op]);
	else
		strbuf_printf(out, "op %u", p->op);
	if (p->type != VIRTIO_VSOCK_TYPE_STREAM)
		strbuf_printf(out, " (type %u)", p->type);
	strbuf_printf(out, " %" PRIu64 ":%" PRIu32 " > %" PRIu64 ":%" PRIu32, p->src_cid,
		      p->src_port, p->dst_cid, p->dst_port);
	if (p->op == VIRTIO_VSOCK_OP_SHUTDOWN)
		strbuf_printf(out, ",%s%s", p->flags & VIRTIO_VSOCK_SHUTDOWN_RCV ? " receives" : "",
			      p->flags & VIRTIO_VSOCK_SHUTDOWN_SEND ? " sends" : "");
	if (p->op == VIRTIO_VSOCK_OP_SHUTDOWN)
		strbuf_puts(out, " no more");
	if (p->len)
		strbuf_printf(out, ", %" PRIu32 " bytes", p->len);
	strbuf_printf(out, "; buffer %" PRIu32 ", emptied %" PRIu32, p->buf_alloc, p->fwd_cnt);
}
