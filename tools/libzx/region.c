// SPDX-License-Identifier: MIT
/*
 * The tree of address regions, see region.h.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "region.h"

/* What a process has of addresses, but for the last page. */
#define ROOT_END	((UINT64_C(1) << 47) - UINT64_C(4096))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct zxi_backing *backings;
/* Something is mapped, or not any more, that signal handlers are to be told of. */
static bool changed;
static int cancel;	/* as it was for who has the lock */
static struct zxi_region root = {
	.refs = 1,
	.end = ROOT_END,
	.can = ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE |
	       ZX_VM_CAN_MAP_EXECUTE,
	.alive = true,
};

/* As zxi_table_lock(). */
void zxi_region_lock(void)
{
	const int was = zxi_cancel_off();

	pthread_mutex_lock(&lock);
	cancel = was;
}

void zxi_region_unlock(void)
{
	const int was = cancel;

	if (changed)
		changed = !zxi_fault_publish(&root);
	pthread_mutex_unlock(&lock);
	zxi_cancel_as(was);
}

struct zxi_region *zxi_region_root(void)
{
	return &root;
}

struct zxi_region *zxi_region_get(struct zxi_region *region)
{
	__atomic_add_fetch(&region->refs, 1, __ATOMIC_RELAXED);
	return region;
}

/* The last reference goes when it is destroyed and has no handles. */
void zxi_region_put(struct zxi_region *region)
{
	if (!__atomic_sub_fetch(&region->refs, 1, __ATOMIC_ACQ_REL))
		free(region);
}

bool zxi_region_has(const struct zxi_region *region, uint64_t addr, uint64_t size)
{
	return addr >= region->base && addr <= region->end &&
	       size <= region->end - addr;
}

static uint64_t alignment(const struct zxi_place *place)
{
	uint64_t align = UINT64_C(1) << (place->options >> ZX_VM_ALIGN_BASE);
	uint64_t page = zx_system_get_page_size();

	return align > page ? align : page;
}

/* Below the root the table knows all that is there: the lowest gap that does. */
static uint64_t gap_below_root(struct zxi_region *region, uint64_t limit,
			       uint64_t size, uint64_t align)
{
	uint64_t start = region->base, end;
	struct zxi_node *node = region->nodes;

	for (;; start = node->end, node = node->next) {
		start = (start + align - 1) & ~(align - 1);
		end = node ? node->start : region->end;
		if (end > limit)
			end = limit;
		if (start < end && size <= end - start)
			return start;
		if (!node)
			return 0;
	}
}

static zx_status_t place_anywhere(struct zxi_region *region,
				  const struct zxi_place *place, uint64_t *addr)
{
	bool limited = place->options & ZX_VM_OFFSET_IS_UPPER_LIMIT;
	uint64_t limit = limited ? region->base + place->offset : region->end;
	uint64_t align = alignment(place);

	*addr = 0;
	if (region != &root)
		*addr = gap_below_root(region, limit, place->size, align);
	else if (limited || align > zx_system_get_page_size())
		*addr = zxi_find_gap(limit, place->size, align);
	else
		return ZX_OK;
	return *addr ? ZX_OK : ZX_ERR_NO_RESOURCES;
}

zx_status_t zxi_region_place(struct zxi_region *region,
			     const struct zxi_place *place, uint64_t *addr)
{
	const uint64_t room = region->end - region->base;
	bool limited = place->options & ZX_VM_OFFSET_IS_UPPER_LIMIT;
	bool specific = place->options &
			(ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE);

	if (!region->alive)
		return ZX_ERR_BAD_STATE;
	if (!place->size || (specific && limited) ||
	    (!specific && !limited && place->offset) ||
	    !zxi_aligned(place->offset))
		return ZX_ERR_INVALID_ARGS;
	if ((specific || limited) && !(region->can & ZX_VM_CAN_MAP_SPECIFIC))
		return ZX_ERR_ACCESS_DENIED;
	if (limited ? place->offset > room || place->size > place->offset :
		      place->offset >= room || place->size > room - place->offset)
		return ZX_ERR_INVALID_ARGS;
	if (!specific)
		return place_anywhere(region, place, addr);
	*addr = region->base + place->offset;
	if (*addr & (alignment(place) - 1))
		return ZX_ERR_INVALID_ARGS;
	return *addr ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

struct zxi_node *zxi_region_find(struct zxi_region *region, uint64_t addr)
{
	struct zxi_node *node = region->nodes;

	while (node && node->end <= addr)
		node = node->next;
	return node;
}

struct zxi_node *zxi_region_leaf(struct zxi_region **region, uint64_t addr)
{
	struct zxi_node *node = zxi_region_find(*region, addr);

	while (node && node->child && node->start <= addr) {
		*region = node->child;
		node = zxi_region_find(*region, addr);
	}
	return node && node->start <= addr ? node : NULL;
}

zx_status_t zxi_region_split(struct zxi_region *region, uint64_t addr)
{
	struct zxi_node *node = zxi_region_find(region, addr), *rest;

	if (!node || node->child || addr <= node->start)
		return ZX_OK;
	rest = malloc(sizeof(*rest));
	if (!rest)
		return ZX_ERR_NO_MEMORY;
	*rest = *node;
	rest->start = addr;
	rest->offset += addr - node->start;
	rest->backing->refs++;
	node->end = addr;
	node->next = rest;
	return ZX_OK;
}

void zxi_region_insert(struct zxi_region *region, struct zxi_node *node)
{
	struct zxi_node **link = &region->nodes;

	while (*link && (*link)->start < node->start)
		link = &(*link)->next;
	node->next = *link;
	*link = node;
	changed = true;
}

/* What is in a child goes with it: its nodes take the place of the child's own one. */
static struct zxi_node *dissolve(struct zxi_node *node)
{
	struct zxi_region *child = node->child;
	struct zxi_node *first = child->nodes, **end = &child->nodes;

	while (*end)
		end = &(*end)->next;
	*end = node->next;
	if (!first)
		first = node->next;
	child->nodes = NULL;
	child->parent = NULL;
	child->alive = false;
	zxi_region_put(child);
	return first;
}

void zxi_region_clear(struct zxi_region *region, uint64_t start, uint64_t end)
{
	struct zxi_node **link = &region->nodes, *node;

	changed = true;
	while ((node = *link)) {
		if (node->start < start || node->end > end) {
			link = &node->next;
			continue;
		}
		if (node->child) {
			*link = dissolve(node);
		} else {
			*link = node->next;
			zxi_backing_put(node->backing);
		}
		free(node);
	}
}

zx_status_t zxi_region_release(const struct zxi_region *region, uint64_t addr,
			       uint64_t size)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
	void *at = (void *)(uintptr_t)addr;

	if (region == &root)
		return munmap(at, size) ? zxi_errno() : ZX_OK;
	return mmap(at, size, PROT_NONE, flags, -1, 0) == MAP_FAILED ? zxi_errno() :
								      ZX_OK;
}

struct zxi_backing *zxi_backing_get(int fd, bool writable)
{
	struct zxi_backing *backing;
	zx_koid_t koid = 0;
	struct stat st;

	if (!fstat(fd, &st))
		koid = ZX_KOID_FIRST + st.st_ino;
	for (backing = backings; backing; backing = backing->next) {
		if (backing->koid == koid && backing->writable == writable) {
			backing->refs++;
			return backing;
		}
	}
	backing = malloc(sizeof(*backing));
	if (!backing)
		return NULL;
	*backing = (struct zxi_backing){
		.refs = 1, .koid = koid, .writable = writable, .next = backings,
		.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
	};
	if (backing->fd < 0) {
		free(backing);
		return NULL;
	}
	backings = backing;
	return backing;
}

void zxi_backing_put(struct zxi_backing *backing)
{
	struct zxi_backing **link = &backings;

	if (--backing->refs)
		return;
	while (*link != backing)
		link = &(*link)->next;
	*link = backing->next;
	zxi_close_fd(backing->fd);
	free(backing);
}

unsigned int zxi_backing_mappings(zx_koid_t koid)
{
	unsigned int n = 0;

	for (struct zxi_backing *backing = backings; backing; backing = backing->next)
		if (backing->koid == koid)
			n += backing->refs;
	return n;
}
