// SPDX-License-Identifier: MIT
/*
 * zx_linux_fault_status(): which status is behind a SIGBUS.
 *
 * A signal handler may have interrupted anything, also who changes the tree of regions.  So it
 * looks at a list of the mappings that is written for it.  There are two of these: while one is
 * written the other one is read, and a count tells which.  Nothing that was read is ever freed.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "base.h"
#include "region.h"

/* A mapping. */
struct seen {
	_Atomic uint64_t start;
	_Atomic uint64_t end;
	_Atomic uint64_t offset;
	_Atomic int fd;
};

/**
 * struct room - memory for a list
 * @before: a smaller one that somebody may still read; never freed
 * @size: how many mappings it has room for
 * @seen: the mappings
 */
struct room {
	struct room *before;
	size_t size;
	struct seen seen[];
};

/* By address. */
struct list {
	struct room *_Atomic room;
	_Atomic size_t n;
};

static struct list lists[2];
/* The list to read is the one with the number of its lowest bit. */
static atomic_uint count;

static bool has_room(struct list *list, size_t n)
{
	struct room *before = atomic_load(&list->room), *room;
	size_t size = before ? before->size : 16;

	if (before && n <= size)
		return true;
	while (size < n)
		size *= 2;
	room = calloc(1, sizeof(*room) + size * sizeof(room->seen[0]));
	if (!room)
		return false;
	room->before = before;
	room->size = size;
	for (size_t i = 0; before && i < before->size; i++) {
		room->seen[i].start = before->seen[i].start;
		room->seen[i].end = before->seen[i].end;
		room->seen[i].offset = before->seen[i].offset;
		room->seen[i].fd = before->seen[i].fd;
	}
	atomic_store(&list->room, room);
	return true;
}

/* The first mapping from @node of *@region on, also below and behind that. */
static const struct zxi_node *mapping_from(const struct zxi_region **region,
					   const struct zxi_node *node)
{
	const struct zxi_region *done;

	for (;;) {
		if (node && !node->child)
			return node;
		if (node) {
			*region = node->child;
			node = (*region)->nodes;
			continue;
		}
		done = *region;
		*region = done->parent;
		if (!*region)
			return NULL;
		for (node = (*region)->nodes; node->child != done; node = node->next)
			;
		node = node->next;
	}
}

#define FOR_EACH_MAPPING(region, node)						\
	for ((node) = mapping_from(&(region), (region)->nodes); (node);		\
	     (node) = mapping_from(&(region), (node)->next))

static size_t count_mappings(const struct zxi_region *region)
{
	const struct zxi_node *node;
	size_t n = 0;

	FOR_EACH_MAPPING(region, node)
		n++;
	return n;
}

static void write_list(struct list *list, const struct zxi_region *region)
{
	struct seen *seen = atomic_load(&list->room)->seen;
	const struct zxi_node *node;
	size_t n = 0;

	FOR_EACH_MAPPING(region, node) {
		seen[n].start = node->start;
		seen[n].end = node->end;
		seen[n].offset = node->offset;
		seen[n].fd = node->backing->fd;
		n++;
	}
	list->n = n;
}

bool zxi_fault_publish(const struct zxi_region *root)
{
	size_t n = count_mappings(root);

	if (!has_room(&lists[0], n) || !has_room(&lists[1], n))
		return false;
	atomic_fetch_add(&count, 1);
	write_list(&lists[0], root);
	atomic_fetch_add(&count, 1);
	write_list(&lists[1], root);
	return true;
}

/* The descriptor of what is mapped at @addr, and the offset in it; or -1. */
static int find_in(const struct list *list, uint64_t addr, uint64_t *offset)
{
	const struct room *room = list->room;
	size_t first = 0, last = room ? list->n : 0, middle;
	int fd = -1;

	/* What is read while it is written is anything, but there is room for it. */
	if (room && last > room->size)
		last = room->size;
	while (first < last) {
		const struct seen *seen;

		middle = first + (last - first) / 2;
		seen = &room->seen[middle];
		if (addr < seen->start) {
			last = middle;
		} else if (addr >= seen->end) {
			first = middle + 1;
		} else {
			*offset = seen->offset + (addr - seen->start);
			fd = seen->fd;
			break;
		}
	}
	return fd;
}

static int find(uint64_t addr, uint64_t *offset)
{
	unsigned int before;
	int fd;

	do {
		before = atomic_load(&count);
		fd = find_in(&lists[before & 1], addr, offset);
	} while (atomic_load(&count) != before);
	return fd;
}

/* What an access to a VMO failed with. */
static zx_status_t status_at(const struct zxp_vmo_info *info, uint64_t offset)
{
	const uint64_t page = offset & ~(uint64_t)(zx_system_get_page_size() - 1);

	if (offset >= info->out_vmo_size)
		return ZX_ERR_OUT_OF_RANGE;
	if (info->out_flags & ZXP_VMO_INFO_DETACHED)
		return ZX_ERR_BAD_STATE;
	if (info->out_fail_error && info->out_fail_offset == page)
		return zx_linux_status_from_errno((int)info->out_fail_error);
	return ZX_ERR_IO;
}

zx_status_t zx_linux_fault_status(zx_vaddr_t addr, zx_status_t *status)
{
	struct zxp_vmo_info info = { .size = ZXI_VMO_INFO_UNCOUNTED };
	const int was = errno;
	zx_status_t asked = ZX_ERR_NOT_FOUND;
	uint64_t offset;
	int fd = find(addr, &offset);

	if (fd >= 0)
		asked = zxi_fd_ioctl_once(fd, ZXP_IOC_VMO_GET_INFO, &info);
	if (asked == ZX_OK)
		*status = status_at(&info, offset);
	errno = was;
	return fd < 0 || asked == ZX_OK ? asked : ZX_ERR_NOT_FOUND;
}
