/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor is that nobody has told us of.
 */
#ifndef LIBZX_KIND_H
#define LIBZX_KIND_H

#include <stdbool.h>

#include <zircon/types.h>

/* BAD_HANDLE, or ZX_OBJ_TYPE_*: _NONE if it is none of the module's. */
zx_status_t zxi_kind_of(int fd, zx_obj_type_t *type);

/* Whether the descriptor of an object of this type is one of that kind. */
bool zxi_is_of_kind(zx_obj_type_t type, zx_obj_type_t kind);

/* Those of a new object of that kind, as far as the mode of the descriptor allows. */
zx_rights_t zxi_rights_of_kind(int fd, zx_obj_type_t type);

/* Of an object that has no koid yet. */
zx_koid_t zxi_make_koid(int fd, zx_obj_type_t type);

#endif /* LIBZX_KIND_H */
