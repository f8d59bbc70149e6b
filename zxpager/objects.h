/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 2, objects: pagers, VMOs and ports as files and what their ioctls do.
 */
#ifndef _ZXPAGER_OBJECTS_H
#define _ZXPAGER_OBJECTS_H

#include "child.h"

/* Options and flags of the ABI, and which of them are there. */
#define ZXP_VMO_OPTIONS		(ZXP_VMO_RESIZABLE | ZXP_VMO_TRAP_DIRTY | \
				 ZXP_VMO_UNBOUNDED)
#define ZXP_CREATE_FLAGS	(ZXP_CREATE_PLAIN | ZXP_CREATE_SYNC | \
				 ZXP_CREATE_FIXED | ZXP_CREATE_READ_ONLY | \
				 ZXP_CREATE_COPIES | ZXP_CREATE_SNAPSHOTS)
/* Each new feature joins this in the commit that brings it. */
#define ZXP_FEATURES		(ZXP_FEATURE_READ | ZXP_FEATURE_SUPPLY_AUX | \
				 ZXP_FEATURE_RESIZABLE | ZXP_FEATURE_HINTS | \
				 ZXP_FEATURE_VMO_IO | ZXP_FEATURE_TRAP_DIRTY | \
				 ZXP_FEATURE_WRITEBACK | ZXP_FEATURE_STATS | \
				 ZXP_FEATURE_ZERO | ZXP_FEATURE_STREAM_SIZE | \
				 ZXP_FEATURE_SYNC | ZXP_FEATURE_PORT_QUEUE | \
				 ZXP_FEATURE_SUPPLY_RANGES | ZXP_FEATURE_VMO_KEY | \
				 ZXP_FEATURE_FIXED | ZXP_FEATURE_READ_ONLY | \
				 ZXP_FEATURE_MAX_SIZE | ZXP_FEATURE_CHILD | \
				 ZXP_FEATURE_QUERY_OWN | ZXP_FEATURE_SNAPSHOTS | \
				 ZXP_FEATURE_GENERATIONS | ZXP_FEATURE_TIME_LIMIT | \
				 ZXP_FEATURE_VMO_ID | ZXP_FEATURE_VMO_NAME)

/* pager.c */
int zxp_pager_create_vmo(struct zxp_pager_file *by, struct zxp_create_vmo *args,
			 struct zxp_new_file *new);
int zxp_pager_bind_vmo(struct zxp_pager_file *by, struct zxp_bind_vmo *args);
int zxp_pager_detach_vmo(struct zxp_pager_file *by, struct zxp_detach_vmo *args);
int zxp_pager_op_range(struct zxp_pager_file *by, struct zxp_op_range *args);
int zxp_pager_query_dirty_ranges(struct zxp_pager_file *by,
				 struct zxp_query_dirty_ranges *args);
int zxp_pager_query_vmo_stats(struct zxp_pager_file *by,
			      struct zxp_query_vmo_stats *args);
int zxp_pager_query_vmo_key(struct zxp_pager_file *by,
			    struct zxp_query_vmo_key *args);
int zxp_pager_set_time_limit(struct zxp_pager_file *by,
			     const struct zxp_set_time_limit *args);

/* listing.c */
int zxp_pager_check_asker_locked(struct zxp_pager_file *by);
int zxp_pager_list_vmos(struct zxp_pager_file *by, struct zxp_list_vmos *args);
int zxp_pager_open_vmo(struct zxp_pager_file *by, struct zxp_open_vmo *args,
		       struct zxp_new_file *new);

/* generation.c */
struct zxp_vmo *zxp_pager_next_locked(struct zxp_pager *pager, u64 after);
bool zxp_vmo_hold_locked(struct zxp_vmo *vmo);
int zxp_pager_begin_generation(struct zxp_pager_file *by,
			       const struct file_operations *fops,
			       struct zxp_begin_generation *args,
			       struct zxp_new_file *new);
void zxp_pager_file_end(struct zxp_pager_file *by);

/* create.c */
struct file *zxp_vmo_file_create(struct zxp_pager_file *by, struct zxp_port *port,
				 const struct zxp_create_vmo *args);
struct file *zxp_vmo_file_open(struct zxp_vmo *vmo, unsigned long epoch);

/* vmo.c */
extern const struct file_operations zxp_vmo_fops;
extern const struct inode_operations zxp_vmo_iops;
extern const struct address_space_operations zxp_vmo_aops;

/* vmo_ioctl.c */
long zxp_vmo_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* port.c */
struct file *zxp_port_file_create(void);
struct zxp_port *zxp_port_of(struct file *file);
void zxp_port_show_fdinfo(struct seq_file *m, struct zxp_port *port);

/* port_ioctl.c */
long zxp_port_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* supply.c */
int zxp_pager_supply_pages(struct zxp_pager_file *by,
			   struct zxp_supply_pages *args);
int zxp_pager_supply_ranges(struct zxp_pager_file *by,
			    struct zxp_supply_ranges *args);

#endif /* _ZXPAGER_OBJECTS_H */
