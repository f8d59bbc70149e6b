/* SPDX-License-Identifier: MIT */
/*
 * Address regions: a tree of ranges of the address space, with the VMOs that are mapped
 * there.  vmar.c makes Zircon's calls of it.
 *
 * The kernel knows of mappings alone.  A region below the root is a range that is
 * mapped without any access, so that nobody else gets it, and mappings in it replace a
 * part of that.
 */
#ifndef LIBZX_REGION_H
#define LIBZX_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

/**
 * struct zxi_backing - a VMO that is mapped
 * @next: in the list of all
 * @refs: nodes, and calls that use it
 * @fd: a descriptor of its own, for what is done to the VMO through a mapping
 * @koid: which VMO
 * @writable: what @fd is open for
 */
struct zxi_backing {
	struct zxi_backing *next;
	unsigned int refs;
	int fd;
	zx_koid_t koid;
	bool writable;
};

/**
 * struct zxi_node - a part of a region that is taken
 * @next: the one behind it
 * @start: its first address
 * @end: the address after the last one
 * @child: if it is a region
 * @backing: if it is a mapping
 * @offset: in the VMO, of @start
 * @can: ZX_VM_PERM_* that the mapping may get
 * @perms: those that it has
 */
struct zxi_node {
	struct zxi_node *next;
	uint64_t start;
	uint64_t end;
	struct zxi_region *child;
	struct zxi_backing *backing;
	uint64_t offset;
	zx_vm_option_t can;
	zx_vm_option_t perms;
};

/**
 * struct zxi_region - an address region
 * @refs: handles, the parent, and calls that use it
 * @base: its first address
 * @end: the address after the last one
 * @can: ZX_VM_CAN_MAP_*
 * @parent: NULL of the root, and of one that is destroyed
 * @nodes: what is in it, by address
 * @alive: not destroyed yet
 */
struct zxi_region {
	unsigned int refs;
	uint64_t base;
	uint64_t end;
	zx_vm_option_t can;
	struct zxi_region *parent;
	struct zxi_node *nodes;
	bool alive;
};

/* How zxi_region_place() is to choose: flags of Zircon, and the alignment. */
struct zxi_place {
	zx_vm_option_t options;		/* SPECIFIC*, OFFSET_IS_UPPER_LIMIT, ALIGN */
	uint64_t offset;
	uint64_t size;
};

/* One lock for all regions; the table's lock nests inside.  @refs are atomic. */
void zxi_region_lock(void);
void zxi_region_unlock(void);

struct zxi_region *zxi_region_root(void);
struct zxi_region *zxi_region_get(struct zxi_region *region);
void zxi_region_put(struct zxi_region *region);

/* All below want the lock. */

bool zxi_region_has(const struct zxi_region *region, uint64_t addr, uint64_t size);

/* Zircon's checks of where something is to go, and where it goes; 0: anywhere. */
zx_status_t zxi_region_place(struct zxi_region *region,
			     const struct zxi_place *place, uint64_t *addr);

/* The first node that ends behind @addr. */
struct zxi_node *zxi_region_find(struct zxi_region *region, uint64_t addr);

/* The mapping at @addr, or NULL, in *@region or below: that is set to where it is. */
struct zxi_node *zxi_region_leaf(struct zxi_region **region, uint64_t addr);

/* Makes @addr a border between nodes, unless it is within a child. */
zx_status_t zxi_region_split(struct zxi_region *region, uint64_t addr);

/* Takes over the node. */
void zxi_region_insert(struct zxi_region *region, struct zxi_node *node);

/*
 * Frees all nodes in a range whose borders are borders of nodes.  Children are
 * destroyed.  The address space is the caller's to clear.
 */
void zxi_region_clear(struct zxi_region *region, uint64_t start, uint64_t end);

/* Unmaps: what is in a child of the root is kept from others. */
zx_status_t zxi_region_release(const struct zxi_region *region, uint64_t addr,
			       uint64_t size);

struct zxi_backing *zxi_backing_get(int fd, bool writable);
void zxi_backing_put(struct zxi_backing *backing);
/* How often that VMO is mapped. */
unsigned int zxi_backing_mappings(zx_koid_t koid);

/*
 * Writes down what is mapped, for zx_linux_fault_status(); false without memory for that, and
 * then it is as it was.
 */
bool zxi_fault_publish(const struct zxi_region *root);

/* The highest free range of the process that ends at or below @limit; 0 for none. */
uint64_t zxi_find_gap(uint64_t limit, uint64_t size, uint64_t align);

#endif /* LIBZX_REGION_H */
