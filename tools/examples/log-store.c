// SPDX-License-Identifier: MIT
/*
 * log-store: a user pager that writes back, for Zircon, and for Linux as it is
 *
 * A client appends lines to a log in a VMO that tells of its first writes.  The pager
 * allows them, writes back into a store what is dirty, also while the client goes on, and
 * hands the client a handle that can be read and mapped, and nothing else.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#define PAGES	32u
#define LINES	1000u
#define LINE	((uint64_t)64)

enum { LOG = 1, FLUSH, STOP };

static zx_handle_t pager, port, store, vmo;
static uint64_t page, size, stored, dirtied;

static void check(const char *what, zx_status_t status)
{
	if (status == ZX_OK)
		return;
	fprintf(stderr, "log-store: %s: %s\n", what, zx_status_get_string(status));
	_Exit(1);
}

/* Zeroes for what is not stored yet: a VMO that was never written to has them. */
static void bring(uint64_t offset, uint64_t length)
{
	zx_handle_t aux;

	check("aux", zx_vmo_create(length, 0, &aux));
	check("supply", zx_pager_supply_pages(pager, vmo, offset, length, aux, 0));
	zx_handle_close(aux);
}

static void write_back(const zx_vmo_dirty_range_t *range)
{
	char buffer[page];

	/* What is written from here on is dirty again. */
	check("begin", zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_BEGIN, vmo,
					 range->offset, range->length,
					 range->options));
	for (uint64_t at = 0; at < range->length; at += page) {
		check("read", zx_vmo_read(vmo, buffer, range->offset + at, page));
		check("write", zx_vmo_write(store, buffer, range->offset + at, page));
		stored++;
	}
	check("end", zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_END, vmo,
				       range->offset, range->length, 0));
}

static void flush(void)
{
	zx_vmo_dirty_range_t ranges[4];
	size_t actual, avail;
	uint64_t from = 0;

	do {
		check("query", zx_pager_query_dirty_ranges(pager, vmo, from,
							   size - from, ranges,
							   sizeof(ranges), &actual,
							   &avail));
		for (size_t i = 0; i < actual; i++) {
			write_back(&ranges[i]);
			from = ranges[i].offset + ranges[i].length;
		}
	} while (actual < avail);
}

static void *serve(void *arg)
{
	zx_port_packet_t packet;

	(void)arg;
	for (;;) {
		uint64_t offset, length;

		check("wait", zx_port_wait(port, ZX_TIME_INFINITE, &packet));
		if (packet.type == ZX_PKT_TYPE_USER) {
			flush();
			if (packet.key == STOP)
				return NULL;
			continue;
		}
		offset = packet.page_request.offset;
		length = packet.page_request.length;
		if (packet.page_request.command == ZX_PAGER_VMO_READ) {
			bring(offset, length);
		} else if (packet.page_request.command == ZX_PAGER_VMO_DIRTY) {
			check("dirty", zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo,
							 offset, length, 0));
			dirtied += length / page;
		}
	}
}

static void tell(uint64_t key)
{
	zx_port_packet_t packet = { .key = key, .type = ZX_PKT_TYPE_USER };

	check("queue", zx_port_queue(port, &packet));
}

int main(void)
{
	const zx_vm_option_t options = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;
	zx_pager_vmo_stats_t stats;
	char line[LINE], other[LINE];
	zx_handle_t reader, all[5];
	pthread_t server;
	zx_vaddr_t at;

	page = zx_system_get_page_size();
	size = page * PAGES;
	check("pager", zx_pager_create(0, &pager));
	check("port", zx_port_create(0, &port));
	check("store", zx_vmo_create(size, 0, &store));
	check("vmo", zx_pager_create_vmo(pager, ZX_VMO_TRAP_DIRTY, port, LOG, size,
					 &vmo));
	check("name", zx_object_set_property(vmo, ZX_PROP_NAME, "log", 3));
	pthread_create(&server, NULL, serve, NULL);

	for (unsigned int i = 0; i < LINES; i++) {
		memset(line, 0, sizeof(line));
		snprintf(line, sizeof(line), "line %u", i);
		check("append", zx_vmo_write(vmo, line, i * LINE, LINE));
		if (i % 100 == 99)
			tell(FLUSH);
	}
	tell(STOP);
	pthread_join(server, NULL);

	/* A handle for somebody who is to look and not to touch. */
	check("duplicate", zx_handle_duplicate(vmo, ZX_RIGHT_READ | ZX_RIGHT_MAP,
					       &reader));
	if (zx_vmo_write(reader, "x", 0, 1) != ZX_ERR_ACCESS_DENIED)
		check("rights", ZX_ERR_BAD_STATE);
	check("map", zx_vmar_map(zx_vmar_root_self(), options, 0, reader, 0, size,
				 &at));
	for (unsigned int i = 0; i < LINES; i++) {
		check("read", zx_vmo_read(store, other, i * LINE, LINE));
		if (memcmp(other, (char *)at + i * LINE, LINE))
			check("what is stored", ZX_ERR_IO_DATA_INTEGRITY);
	}
	check("stats", zx_pager_query_vmo_stats(pager, vmo, ZX_PAGER_RESET_VMO_STATS,
						&stats, sizeof(stats)));
	printf("%u lines, %s, %s\n", LINES,
	       stored >= LINES * LINE / page && dirtied ? "stored" : "not stored",
	       stats.modified == ZX_PAGER_VMO_STATS_MODIFIED ? "modified" : "as new");
	check("detach", zx_pager_detach_vmo(pager, vmo));
	all[0] = reader;
	all[1] = vmo;
	all[2] = store;
	all[3] = port;
	all[4] = pager;
	check("close", zx_handle_close_many(all, 5));
	return 0;
}
