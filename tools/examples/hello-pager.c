// SPDX-License-Identifier: MIT
/* A user pager: 26 pages of 'A', 'B', 'C'..., each made when it is looked at first. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zircon/linux.h>
#include <zircon/syscalls.h>

int main(void)
{
	const uint64_t page = zx_system_get_page_size(), size = 26 * page;
	zx_handle_t pager, port, vmo;
	zx_port_packet_t packet;
	char content[page];

	if (zx_pager_create(0, &pager) || zx_port_create(0, &port) ||
	    zx_pager_create_vmo(pager, 0, port, 42, size, &vmo))
		return fprintf(stderr, "is zxpager.ko loaded?\n"), 1;
	if (!fork()) {					/* a client */
		zx_vaddr_t at;

		zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, size, &at);
		for (const char *c = "HELLO\n"; *c; c++)
			putchar(*c < 'A' ? *c : *(char *)(at + (*c - 'A') * page));
		return zx_pager_detach_vmo(pager, vmo);	/* COMPLETE ends the pager */
	}
	while (!zx_port_wait(port, ZX_TIME_INFINITE, &packet) &&
	       packet.page_request.command == ZX_PAGER_VMO_READ) {
		memset(content, 'A' + (int)(packet.page_request.offset / page), page);
		zx_linux_pager_supply(pager, vmo, packet.page_request.offset, page,
				      content, NULL);
	}
	return 0;
}
