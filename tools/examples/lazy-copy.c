// SPDX-License-Identifier: MIT
/*
 * lazy-copy: a user pager for Zircon, and for Linux as it is
 *
 * A VMO of 64 pages shows the content of another one, brought page by page when it is
 * looked at.  Threads read it all, by mapping and by call; then the program tells its
 * pager to stop by a packet of its own, and says how many pages were brought.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#define PAGES	64u
#define READERS	4
#define STOP	1u
#define WATCHED	2u

static zx_handle_t pager, port, store, vmo;
static uint64_t page, brought;

static int failed(const char *what, zx_status_t status)
{
	fprintf(stderr, "lazy-copy: %s: %s\n", what, zx_status_get_string(status));
	return 1;
}

/* Pages are moved, so those of the store are copied first. */
static zx_status_t bring(uint64_t offset, uint64_t length)
{
	zx_handle_t aux;
	zx_status_t status = zx_vmo_create(length, 0, &aux);
	char buffer[page];

	for (uint64_t at = 0; status == ZX_OK && at < length; at += page) {
		status = zx_vmo_read(store, buffer, offset + at, page);
		if (status == ZX_OK)
			status = zx_vmo_write(aux, buffer, at, page);
	}
	if (status == ZX_OK)
		status = zx_pager_supply_pages(pager, vmo, offset, length, aux, 0);
	zx_handle_close(aux);
	if (status == ZX_OK)
		brought += length / page;
	return status;
}

static void *serve(void *arg)
{
	zx_port_packet_t packet;

	(void)arg;
	while (zx_port_wait(port, ZX_TIME_INFINITE, &packet) == ZX_OK) {
		if (packet.type == ZX_PKT_TYPE_USER && packet.key == STOP)
			break;
		if (packet.type != ZX_PKT_TYPE_PAGE_REQUEST ||
		    packet.page_request.command != ZX_PAGER_VMO_READ)
			continue;
		if (bring(packet.page_request.offset, packet.page_request.length))
			zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo,
					  packet.page_request.offset,
					  packet.page_request.length,
					  (uint64_t)ZX_ERR_IO);
	}
	return NULL;
}

/* Every second reader goes by way of a mapping. */
static void *look(void *arg)
{
	const zx_vm_option_t options = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;
	uintptr_t which = (uintptr_t)arg, wrong = 0;
	zx_vaddr_t at = 0;
	uint32_t word;

	if ((which & 1) && zx_vmar_map(zx_vmar_root_self(), options, 0, vmo, 0,
				       PAGES * page, &at))
		return (void *)1;
	for (uint32_t i = 0; i < PAGES; i++) {
		if (at)
			word = *(volatile uint32_t *)(at + i * page);
		else if (zx_vmo_read(vmo, &word, i * page, sizeof(word)))
			word = ~i;
		wrong += word != i;
	}
	if (at)
		zx_vmar_unmap(zx_vmar_root_self(), at, PAGES * page);
	return (void *)wrong;
}

int main(void)
{
	zx_port_packet_t stop = { .key = STOP, .type = ZX_PKT_TYPE_USER };
	pthread_t server, readers[READERS];
	zx_info_vmo_t info;
	zx_status_t status;
	uintptr_t wrong = 0;
	void *result;

	page = zx_system_get_page_size();
	status = zx_pager_create(0, &pager);
	if (status == ZX_OK)
		status = zx_port_create(0, &port);
	if (status == ZX_OK)
		status = zx_vmo_create(PAGES * page, 0, &store);
	if (status == ZX_OK)
		status = zx_pager_create_vmo(pager, 0, port, WATCHED, PAGES * page,
					     &vmo);
	for (uint32_t i = 0; status == ZX_OK && i < PAGES; i++)
		status = zx_vmo_write(store, &i, i * page, sizeof(i));
	if (status != ZX_OK)
		return failed("setting up", status);

	pthread_create(&server, NULL, serve, NULL);
	for (uintptr_t i = 0; i < READERS; i++)
		pthread_create(&readers[i], NULL, look, (void *)i);
	for (int i = 0; i < READERS; i++) {
		pthread_join(readers[i], &result);
		wrong += (uintptr_t)result;
	}
	status = zx_port_queue(port, &stop);
	if (status != ZX_OK)
		return failed("stopping", status);
	pthread_join(server, NULL);

	status = zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL);
	if (status != ZX_OK)
		return failed("info", status);
	printf("%u pages, %u brought, %u wrong, %s\n", PAGES, (unsigned int)brought,
	       (unsigned int)wrong,
	       info.flags & ZX_INFO_VMO_PAGER_BACKED ? "pager-backed" : "plain");
	return wrong || brought < PAGES;
}
