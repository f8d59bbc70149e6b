/* SPDX-License-Identifier: MIT */
/*
 * Zircon's rights.  The library keeps them for each handle, and each call looks whether
 * its handles have those that it needs.
 */
#ifndef ZIRCON_RIGHTS_H_
#define ZIRCON_RIGHTS_H_

#include <stdint.h>

typedef uint32_t zx_rights_t;

#define ZX_RIGHT_NONE		((zx_rights_t)0)
#define ZX_RIGHT_DUPLICATE	((zx_rights_t)1 << 0)
#define ZX_RIGHT_TRANSFER	((zx_rights_t)1 << 1)
#define ZX_RIGHT_READ		((zx_rights_t)1 << 2)
#define ZX_RIGHT_WRITE		((zx_rights_t)1 << 3)
#define ZX_RIGHT_EXECUTE	((zx_rights_t)1 << 4)
#define ZX_RIGHT_MAP		((zx_rights_t)1 << 5)
#define ZX_RIGHT_GET_PROPERTY	((zx_rights_t)1 << 6)
#define ZX_RIGHT_SET_PROPERTY	((zx_rights_t)1 << 7)
#define ZX_RIGHT_SIGNAL		((zx_rights_t)1 << 12)
#define ZX_RIGHT_SIGNAL_PEER	((zx_rights_t)1 << 13)
#define ZX_RIGHT_WAIT		((zx_rights_t)1 << 14)
#define ZX_RIGHT_INSPECT	((zx_rights_t)1 << 15)
#define ZX_RIGHT_OP_CHILDREN	((zx_rights_t)1 << 22)
#define ZX_RIGHT_RESIZE		((zx_rights_t)1 << 23)
#define ZX_RIGHT_ATTACH_VMO	((zx_rights_t)1 << 24)
#define ZX_RIGHT_MANAGE_VMO	((zx_rights_t)1 << 25)
#define ZX_RIGHT_SAME_RIGHTS	((zx_rights_t)1 << 31)

#define ZX_RIGHTS_BASIC		(ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE | \
				 ZX_RIGHT_WAIT | ZX_RIGHT_INSPECT)
#define ZX_RIGHTS_IO		(ZX_RIGHT_READ | ZX_RIGHT_WRITE)
#define ZX_RIGHTS_PROPERTY	(ZX_RIGHT_GET_PROPERTY | ZX_RIGHT_SET_PROPERTY)

#define ZX_DEFAULT_EVENT_RIGHTS	(ZX_RIGHTS_BASIC | ZX_RIGHT_SIGNAL)
#define ZX_DEFAULT_EVENTPAIR_RIGHTS	\
				(ZX_DEFAULT_EVENT_RIGHTS | ZX_RIGHT_SIGNAL_PEER)
#define ZX_DEFAULT_PORT_RIGHTS	((ZX_RIGHTS_BASIC & ~ZX_RIGHT_WAIT) | \
				 ZX_RIGHTS_IO)
#define ZX_DEFAULT_STREAM_RIGHTS	(ZX_RIGHTS_BASIC | ZX_RIGHTS_PROPERTY | \
					 ZX_RIGHT_SIGNAL)
#define ZX_DEFAULT_VMO_RIGHTS	(ZX_RIGHTS_BASIC | ZX_RIGHTS_IO | \
				 ZX_RIGHTS_PROPERTY | ZX_RIGHT_MAP | \
				 ZX_RIGHT_SIGNAL)
#define ZX_DEFAULT_VMAR_RIGHTS	((ZX_RIGHTS_BASIC & ~ZX_RIGHT_WAIT) | \
				 ZX_RIGHT_OP_CHILDREN)
#define ZX_DEFAULT_PAGER_RIGHTS	(ZX_RIGHT_INSPECT | ZX_RIGHT_TRANSFER | \
				 ZX_RIGHT_ATTACH_VMO | ZX_RIGHT_MANAGE_VMO)

#endif /* ZIRCON_RIGHTS_H_ */
