/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of virtio-vsock, as numbers (Virtio 1.2, 5.10.6). */
#ifndef DEVICES_VSOCK_PACKET_H
#define DEVICES_VSOCK_PACKET_H

#include <linux/virtio_vsock.h>
#include <stdint.h>

#include "hv/strbuf.h"

#define VSOCK_HEADER   sizeof(struct virtio_vsock_hdr)
#define VSOCK_HOST_CID 2u

struct vsock_packet {
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port;
	uint32_t len; /* of the data behind the header */
	uint16_t type, op;
	uint32_t flags;
	uint32_t buf_alloc, fwd_cnt; /* the sender's buffer, and what of it was ever emptied */
};

void vsock_packet_load(struct vsock_packet *p, const struct virtio_vsock_hdr *hdr);
void vsock_packet_store(const struct vsock_packet *p, struct virtio_vsock_hdr *hdr);
/* "RW 3:1024 > 2:5000, 12 bytes; buffer 262144, emptied 0": whatever is in it. */
void vsock_packet_format(const struct vsock_packet *p, struct strbuf *out);

#endif
