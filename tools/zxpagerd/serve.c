// SPDX-License-Identifier: GPL-2.0
/*
 * How the kernel's requests are served.  Packets are taken from the port, and each is
 * handed on: READ to the VMO's reader, DIRTY to its grants, SYNC to writing back.
 * COMPLETE ends all three.
 *
 * Several threads take packets, so those of one VMO may come here in another order than
 * they had in the port, or after what they ask for was supplied.
 */
#include <errno.h>
#include <stdlib.h>

#include <zircon/linux.h>
#include <zircon/status.h>

#include "pager.h"
#include "serve.h"
#include "supply.h"
#include "vmo.h"

static uint64_t completes;		/* so many VMOs are complete... */
static uint64_t known = UINT64_MAX;	/* ... and were when packets began to be waited for */

/* Unless it was in the port before COMPLETE, as another thread has seen that first. */
static void note_late(struct target *t, const char *what)
{
	if (t->complete > known)
		return;
	t->late++;
	log_line("%s: %s after COMPLETE", t->name, what);
}

void serve_read(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	struct target *t = &vmo->target;

	if (t->complete) {
		note_late(t, "a READ");
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
		note_late(t, "a DIRTY");
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
		note_late(t, "a SYNC");
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
	t->complete = ++completes;
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

struct serve_mark serve_mark(void)
{
	return (struct serve_mark){ .completes = completes, .supplies = supply_count };
}

void serve_packets(const zx_port_packet_t *packets, unsigned int count,
		   struct serve_mark before)
{
	known = before.completes;
	reader_taken = before.supplies;
	for (unsigned int i = 0; i < count; i++)
		dispatch(&packets[i]);
	known = UINT64_MAX;
	reader_taken = UINT64_MAX;
}

void serve_settle(void)
{
	supply_all();
	writeback_turn();
	chunks_turn();
	reader_turn();
}

/* COMPLETE is in the port once the call has returned. */
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
	return 0;
}
