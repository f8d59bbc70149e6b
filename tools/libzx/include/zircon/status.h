/* SPDX-License-Identifier: MIT */
/*
 * The name of a status.
 */
#ifndef ZIRCON_STATUS_H_
#define ZIRCON_STATUS_H_

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_status_get_string() - the name of a status
 * @status: any number
 *
 * Return: "ZX_OK", "ZX_ERR_IO" and so on; "(UNKNOWN)" for a number that is none.
 * Never NULL, constant, from any thread.
 */
const char *zx_status_get_string(zx_status_t status);

__END_CDECLS

#endif /* ZIRCON_STATUS_H_ */
