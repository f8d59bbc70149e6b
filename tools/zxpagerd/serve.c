// SPDX-License-Identifier: GPL-2.0
/*
 * How the kernel's requests are served.  Packets are taken from the port, and each is
 * handed on: READ to the VMO's reader, DIRTY to its grants, SYNC to writing back.
 * COMPLETE ends all three.
 */
#include <errno.h>
#include <stdlib.h>

#include <zircon/linux.h>
#include <zircon/status.h>

#include "pager.h"
#include "serve.h"
#include "supply.h"
#include "vmo.h"

#define PACKETS	64	/* taken with one read() */

static struct event packets;

void serve_read(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	struct target *t = &vmo->target;

	if (t->complete) {
		t->late++;
		log_line("%s: a READ after COMPLETE", t->name);
		return;
	}
	t->packets++;
	log_debug("%s: READ %llu+%llu", t->name, (unsigned long long)offset,
		  (unsigned long long)length);
	reader_request(&vmo->reader, offset, length);
}

void serve_dirty(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	struct target *t = &vmo->target;

	if (t->complete) {
		t->late++;
		log_line("%s: a DIRTY after COMPLETE", t->name);
		return;
	}
	t->dirty_packets++;
	log_debug("%s: DIRTY %llu+%llu", t->name, (unsigned long long)offset,
		  (unsigned long long)length);
	dirty_request(&vmo->writeback.dirty, offset, length);
}

/* struct sync - a SYNC packet until it is answered */
struct sync {
	struct sync_request request;
	struct target *target;
	uint64_t offset;
	uint64_t length;
};

/* fsync() knows fewer errors than a store has. */
static int sync_code(int error)
{
	switch (error) {
	case 0:
	case EBADMSG:
	case ENOSPC:
		return error;
	case EDQUOT:
	case EFBIG:
		return ENOSPC;
	}
	return EIO;
}

static void answer_sync(struct target *t, uint64_t offset, uint64_t length, int error)
{
	zx_status_t status = pager_sync_end(t, offset, length, sync_code(error));

	/* Nobody may be waiting for it any more, or it was detached meanwhile. */
	if (status != ZX_OK && status != ZX_ERR_NOT_FOUND &&
	    status != ZX_ERR_BAD_STATE)
		log_limited(&t->limit, "%s: cannot answer a SYNC: %s", t->name,
			    zx_status_get_string(status));
	t->syncs++;
}

static void sync_done(struct sync_request *req, int error)
{
	struct sync *sync = event_owner(req, struct sync, request);

	answer_sync(sync->target, sync->offset, sync->length, error);
	free(sync);
}

void serve_sync(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	struct target *t = &vmo->target;
	struct sync *sync;

	if (t->complete) {
		t->late++;
		log_line("%s: a SYNC after COMPLETE", t->name);
		return;
	}
	log_debug("%s: SYNC %llu+%llu", t->name, (unsigned long long)offset,
		  (unsigned long long)length);
	sync = malloc(sizeof(*sync));
	if (!sync) {
		log_limited(&t->limit, "%s: out of memory: an fsync fails",
			    t->name);
		answer_sync(t, offset, length, EIO);
		return;
	}
	*sync = (struct sync){
		.request = {
			.offset = offset,
			.end = offset + length,
			.done = sync_done,
		},
		.target = t,
		.offset = offset,
		.length = length,
	};
	writeback_sync(&vmo->writeback, &sync->request);
}

/* It is detached: nobody waits any more, but what is dirty is still there. */
static void cancel(struct vmo *vmo)
{
	reader_cancel(&vmo->reader);
	if (!vmo->target.writable)
		return;
	dirty_cancel(&vmo->writeback.dirty);
	writeback_want(&vmo->writeback);
}

void serve_complete(struct vmo *vmo)
{
	struct target *t = &vmo->target;

	if (t->complete) {
		t->late++;
		log_line("%s: a second COMPLETE", t->name);
		return;
	}
	t->detached = true;
	t->complete = true;
	cancel(vmo);
	log_debug("%s: COMPLETE after %llu READ packets", t->name,
		  (unsigned long long)t->packets);
}

static void dispatch(const zx_port_packet_t *packet)
{
	struct vmo *vmo = vmo_of_key(packet->key);
	const zx_packet_page_request_t *page = &packet->page_request;

	if (!vmo) {
		log_line("a packet of unknown key %llu", (unsigned long long)packet->key);
		return;
	}
	if (packet->type != ZX_PKT_TYPE_PAGE_REQUEST) {
		log_line("a packet of unknown type %u", packet->type);
		return;
	}
	switch (page->command) {
	case ZX_PAGER_VMO_READ:
		serve_read(vmo, page->offset, page->length);
		break;
	case ZX_PAGER_VMO_DIRTY:
		serve_dirty(vmo, page->offset, page->length);
		break;
	case ZX_LINUX_PAGER_VMO_SYNC:
		serve_sync(vmo, page->offset, page->length);
		break;
	case ZX_PAGER_VMO_COMPLETE:
		serve_complete(vmo);
		break;
	default:
		log_line("%s: a packet of unknown command %u", vmo->target.name,
			 page->command);
	}
}

/* Tells how many there were. */
static unsigned int take_packets(void)
{
	zx_port_packet_t packet[PACKETS];
	unsigned int taken = pager_read_packets(packet, PACKETS);

	for (unsigned int i = 0; i < taken; i++)
		dispatch(&packet[i]);
	return taken;
}

static void packets_ready(struct event *ev, int res)
{
	(void)ev;
	(void)res;
	take_packets();
	serve_listen();
}

void serve_listen(void)
{
	packets.handler = packets_ready;
	pager_listen(&packets);
}

void serve_turn(void)
{
	writeback_turn();
	chunks_turn();
	reader_turn();
	loop_turn();
	supply_all();
}

/* COMPLETE is there once the call has returned, so it is not waited for. */
int serve_detach(struct vmo *vmo)
{
	struct target *t = &vmo->target;
	zx_status_t status = pager_detach(t);

	if (status != ZX_OK) {
		log_line("%s: cannot detach: %s", t->name,
			 zx_status_get_string(status));
		return zx_linux_errno_from_status(status);
	}
	t->detached = true;
	cancel(vmo);
	while (!t->complete && take_packets())
		;
	return 0;
}
