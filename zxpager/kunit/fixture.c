// SPDX-License-Identifier: GPL-2.0
/*
 * A port and a source without a VMO, for what can be tested without files.
 */
#include <linux/slab.h>
#include <linux/uio.h>

#include "kunit.h"

static int zxp_port_resource_init(struct kunit_resource *res, void *context)
{
	res->data = zxp_port_alloc();
	return res->data ? 0 : -ENOMEM;
}

static void zxp_port_resource_free(struct kunit_resource *res)
{
	zxp_port_close(res->data);
	zxp_port_put(res->data);
}

/* A port that is closed when the case ends. */
struct zxp_port *zxp_kunit_port(struct kunit *test)
{
	struct zxp_port *port;

	port = kunit_alloc_resource(test, zxp_port_resource_init,
				    zxp_port_resource_free, GFP_KERNEL, NULL);
	KUNIT_ASSERT_NOT_NULL(test, port);
	return port;
}

struct zxp_source_wanted {
	struct zxp_port *port;
	u64 key;
};

static int zxp_source_resource_init(struct kunit_resource *res, void *context)
{
	struct zxp_source_wanted *wanted = context;

	res->data = zxp_source_alloc(wanted->port, wanted->key, zxp_source_watch_work);
	return res->data ? 0 : -ENOMEM;
}

static void zxp_source_resource_free(struct kunit_resource *res)
{
	zxp_source_detach(res->data, false);
	zxp_source_put(res->data);
}

/* A source that is detached when the case ends, so its hints go, too. */
struct zxp_source *zxp_kunit_source(struct kunit *test, struct zxp_port *port,
				    u64 key)
{
	struct zxp_source_wanted wanted = { .port = port, .key = key };
	struct zxp_source *source;

	source = kunit_alloc_resource(test, zxp_source_resource_init,
				      zxp_source_resource_free, GFP_KERNEL,
				      &wanted);
	KUNIT_ASSERT_NOT_NULL(test, source);
	return source;
}

/* Read what is there into @size bytes. */
ssize_t zxp_kunit_read(struct zxp_port *port, struct zxp_packet *packets,
		       size_t size)
{
	struct kvec vec = { .iov_base = packets, .iov_len = size };
	struct iov_iter to;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, size);
	return zxp_port_read(port, &to, true);
}

/* Read to where nothing can be written. */
ssize_t zxp_kunit_read_nowhere(struct zxp_port *port)
{
	struct iov_iter to;

	iov_iter_ubuf(&to, ITER_DEST, (void __user *)ULONG_MAX - PAGE_SIZE,
		      sizeof(struct zxp_packet));
	return zxp_port_read(port, &to, true);
}

bool zxp_kunit_silent(struct zxp_port *port)
{
	struct zxp_packet packet;

	return zxp_kunit_read(port, &packet, sizeof(packet)) == -EAGAIN;
}

/* Read one packet. Is it this one? */
bool zxp_kunit_next_is(struct kunit *test, struct zxp_port *port, u16 command,
		       pgoff_t start, pgoff_t end)
{
	struct zxp_packet packet;
	ssize_t ret;

	ret = zxp_kunit_read(port, &packet, sizeof(packet));
	if (ret != sizeof(packet)) {
		kunit_err(test, "no packet: %zd\n", ret);
		return false;
	}
	if (packet.type == ZXP_PKT_TYPE_PAGE_REQUEST && !packet.status &&
	    !packet.flags && !packet.reserved0 && !packet.reserved1 &&
	    packet.command == command &&
	    packet.offset == (u64)start << PAGE_SHIFT &&
	    packet.length == (u64)(end - start) << PAGE_SHIFT)
		return true;
	kunit_err(test, "packet %#x [%#llx, +%#llx), type %u, status %d\n",
		  packet.command, packet.offset, packet.length, packet.type,
		  packet.status);
	return false;
}

/*
 * The packet of a source is with a reader from now on, in the middle of the copy to
 * the reader's buffer. zxp_source_packet_taken() or _returned() has to follow.
 */
struct zxp_picked zxp_kunit_pick(struct zxp_source *source)
{
	struct zxp_picked picked;

	spin_lock(&source->port->lock);
	list_del_init(&source->packet.link);
	picked = zxp_kunit_picked(source);
	spin_unlock(&source->port->lock);
	return picked;
}

unsigned int zxp_kunit_waiting(struct zxp_source *source)
{
	unsigned int waiting;

	spin_lock(&source->lock);
	waiting = source->nr_waiting;
	spin_unlock(&source->lock);
	return waiting;
}
