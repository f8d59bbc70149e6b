// SPDX-License-Identifier: MIT
/*
 * What a handle is, and may.
 *
 * One that nothing is known of is a descriptor that came from elsewhere.  That is looked
 * at when the handle is used first, and gets the rights that a new object of that kind
 * has, as far as its mode allows.
 */
#include "base.h"
#include "kind.h"
#include "slot.h"
#include "table.h"

/* What is none of the module's is what it was made as: there is nobody to ask. */
static bool is_known(uint64_t word)
{
	return ZXI_WORD_TYPE(word) == ZX_OBJ_TYPE_EVENT ||
	       ZXI_WORD_TYPE(word) == ZX_OBJ_TYPE_EVENTPAIR;
}

/* The word of a descriptor, which is looked at. */
static zx_status_t identify_fd(zx_handle_t handle, uint64_t *word)
{
	zx_obj_type_t kind;
	zx_status_t status;
	int fd;

	status = zxi_hold(handle, &fd);
	if (status != ZX_OK)
		return status;
	status = zxi_kind_of(fd, &kind);
	*word = zxi_open_word(handle);
	if (status == ZX_OK && !(*word && zxi_is_of_kind(ZXI_WORD_TYPE(*word), kind)))
		status = zxi_adopt(handle, kind, zxi_rights_of_kind(fd, kind), word);
	zxi_put(fd);
	return status;
}

zx_status_t zxi_identify(zx_handle_t handle, zx_obj_type_t *type,
			 zx_rights_t *rights)
{
	uint64_t word = zxi_open_word(handle);
	zx_status_t status = ZX_OK;

	if (!zxi_is_own(handle) && !is_known(word))
		status = identify_fd(handle, &word);
	if (status == ZX_OK && !word)
		status = ZX_ERR_BAD_HANDLE;
	if (status != ZX_OK)
		return status;
	*type = ZXI_WORD_TYPE(word);
	*rights = ZXI_WORD_RIGHTS(word);
	return ZX_OK;
}

/* Not as the word says, which may change by this. */
static zx_status_t look(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights)
{
	zx_obj_type_t has_type;
	zx_rights_t has;
	zx_status_t status = zxi_identify(handle, &has_type, &has);

	if (status != ZX_OK)
		return status;
	if (has_type != type)
		return ZX_ERR_WRONG_TYPE;
	return rights & ~has ? ZX_ERR_ACCESS_DENIED : ZX_OK;
}

zx_status_t zxi_get_slowly(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights)
{
	zx_status_t status;

	do {
		status = look(handle, type, rights);
		if (status != ZX_OK)
			return status;
	} while (!zxi_try_get(zxi_fd_slot(handle), handle, type, rights));
	return ZX_OK;
}

zx_status_t zxi_ioctl_slowly(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
			     unsigned long request, void *arg)
{
	zx_status_t status;
	int fd;

	status = zxi_get(handle, type, rights, &fd);
	if (status != ZX_OK)
		return status;
	status = zxi_fd_ioctl(fd, request, arg);
	zxi_put(fd);
	return status;
}

zx_status_t zxi_check(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights)
{
	uint64_t word = zxi_open_word(handle);

	/* The module finds out whether it is open. */
	if (word && ZXI_WORD_TYPE(word) == type && !(rights & ~ZXI_WORD_RIGHTS(word)))
		return ZX_OK;
	return look(handle, type, rights);
}
