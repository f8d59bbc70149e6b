/* SPDX-License-Identifier: MIT */
/*
 * Packets of a port.
 */
#ifndef ZIRCON_SYSCALLS_PORT_H_
#define ZIRCON_SYSCALLS_PORT_H_

#include <zircon/types.h>

/* zx_port_packet_t.type: of zx_port_queue(), zx_object_wait_async(), the VMOs of a pager */
#define ZX_PKT_TYPE_USER		((uint8_t)0x00)
#define ZX_PKT_TYPE_SIGNAL_ONE		((uint8_t)0x01)
#define ZX_PKT_TYPE_PAGE_REQUEST	((uint8_t)0x09)

/* zx_packet_page_request_t.command */
#define ZX_PAGER_VMO_READ		((uint16_t)0)
#define ZX_PAGER_VMO_COMPLETE		((uint16_t)1)
#define ZX_PAGER_VMO_DIRTY		((uint16_t)2)

/* zx_object_wait_async() */
#define ZX_WAIT_ASYNC_ONCE		((uint32_t)0)
#define ZX_WAIT_ASYNC_TIMESTAMP		((uint32_t)1)
#define ZX_WAIT_ASYNC_EDGE		((uint32_t)2)
#define ZX_WAIT_ASYNC_BOOT_TIMESTAMP	((uint32_t)4)

typedef union zx_packet_user {
	uint64_t u64[4];
	uint32_t u32[8];
	uint16_t u16[16];
	uint8_t c8[32];
} zx_packet_user_t;

/*
 * What was waited for, and all signals that there were then.  The count is 1; the time is in
 * nanoseconds, and 0 unless it was asked for.
 */
typedef struct zx_packet_signal {
	zx_signals_t trigger;
	zx_signals_t observed;
	uint64_t count;
	zx_time_t timestamp;
	uint64_t reserved1;
} zx_packet_signal_t;

/* Offset and length are in bytes, multiples of the page size; 0 in COMPLETE. */
typedef struct zx_packet_page_request {
	uint16_t command;
	uint16_t flags;
	uint32_t reserved0;
	uint64_t offset;
	uint64_t length;
	uint64_t reserved1;
} zx_packet_page_request_t;

typedef struct zx_port_packet {
	uint64_t key;
	uint32_t type;
	zx_status_t status;
	union {
		zx_packet_user_t user;
		zx_packet_signal_t signal;
		zx_packet_page_request_t page_request;
	};
} zx_port_packet_t;

#endif /* ZIRCON_SYSCALLS_PORT_H_ */
