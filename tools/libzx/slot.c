// SPDX-License-Identifier: MIT
/*
 * The words of handles, see slot.h.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base.h"
#include "slot.h"

struct zxi_slot *_Atomic zxi_chunks[ZXI_SLOTS / ZXI_CHUNK];

/* No descriptor at or behind this had a slot. */
static _Atomic unsigned int end_of_fds;

static struct zxi_slot *make_chunk(struct zxi_slot *_Atomic *at)
{
	const size_t size = ZXI_CHUNK * sizeof(struct zxi_slot);
	struct zxi_slot *chunk = NULL, *made;

	made = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (made == MAP_FAILED)
		return NULL;
	if (atomic_compare_exchange_strong(at, &chunk, made))
		return made;
	munmap(made, size);
	return chunk;
}

/* Others of its chunk may have made that, but not told of this one. */
static struct zxi_slot *make_slot(uint32_t index)
{
	unsigned int end = atomic_load(&end_of_fds);

	while (index < ZXI_MAX_FD && index >= end &&
	       !atomic_compare_exchange_weak(&end_of_fds, &end, index + 1))
		;
	if (!zxi_slot_at(index) && !make_chunk(&zxi_chunks[index >> ZXI_CHUNK_BITS]))
		return NULL;
	return zxi_slot_at(index);
}

struct zxi_slot *zxi_make_slot(zx_handle_t handle)
{
	return zxi_looks_right(handle) ? make_slot(zxi_index_of(handle)) : NULL;
}

zx_handle_t zxi_number(unsigned int fd, uint64_t word)
{
	const uint32_t count = (uint32_t)((word & ZXI_WORD_COUNT) >> ZXI_WORD_COUNT_SHIFT);

	return (count ^ 1) << ZXI_COUNT_SHIFT | fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;
}

uint64_t zxi_next_word(uint64_t word)
{
	do {
		word = (word + (1ull << ZXI_WORD_COUNT_SHIFT)) & ZXI_WORD_COUNT;
	} while (word == zxi_count_of(0) || word == zxi_count_of(ZXI_OWN << ZXI_COUNT_SHIFT));
	return word;
}

/*
 * A number, as it is now: nothing is opened.  What was never a handle has the first
 * count, with or without a slot.
 */
zx_handle_t zx_linux_handle_from_fd(int fd)
{
	struct zxi_slot *slot;

	if (fd < 0 || (unsigned int)fd >= ZXI_MAX_FD)
		return ZX_HANDLE_INVALID;
	slot = zxi_slot_at((unsigned int)fd);
	return zxi_number((unsigned int)fd, slot ? atomic_load(&slot->word) : 0);
}

int zx_linux_handle_to_fd(zx_handle_t handle)
{
	struct zxi_slot *slot = zxi_slot(handle);

	if (!zxi_looks_right(handle) || zxi_is_own(handle) ||
	    zxi_is_stale(handle, slot ? atomic_load(&slot->word) : 0))
		return -1;
	return (int)zxi_index_of(handle);
}

zx_status_t zxi_hold(zx_handle_t handle, int *fd)
{
	struct zxi_slot *slot = zxi_make_slot(handle);
	uint64_t word;

	if (!zxi_looks_right(handle) || zxi_is_own(handle))
		return ZX_ERR_BAD_HANDLE;
	if (!slot)
		return ZX_ERR_NO_MEMORY;
	word = atomic_load(&slot->word);
	do {
		if (zxi_is_stale(handle, word))
			return ZX_ERR_BAD_HANDLE;
	} while (!atomic_compare_exchange_weak(&slot->word, &word, word + ZXI_USE));
	*fd = (int)zxi_index_of(handle);
	return ZX_OK;
}

void zxi_slots_after_fork(void (*closing)(struct zxi_slot *slot, int fd))
{
	const unsigned int end = atomic_load(&end_of_fds);

	for (unsigned int fd = 0; fd < end; fd++) {
		struct zxi_slot *slot = zxi_slot_at(fd);
		uint64_t word = slot ? atomic_load(&slot->word) : 0;

		if (!(word & ZXI_USES))
			continue;
		atomic_store(&slot->word, word & ~ZXI_USES);
		if (word & ZXI_CLOSING)
			closing(slot, (int)fd);
	}
}
