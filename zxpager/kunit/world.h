/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pager, its VMOs, their mappings and clients, all made and used by a kernel thread
 * through the real files. See world.c.
 */
#ifndef _ZXPAGER_KUNIT_WORLD_H
#define _ZXPAGER_KUNIT_WORLD_H

#include "kunit.h"

#define ZXP_WORLD_FILES	6
#define ZXP_WORLD_MAPS	4
#define ZXP_CLIENTS	4
/* User memory: a page for each thread's arguments, then what is to be copied. */
#define ZXP_DATA_PAGES	16

/**
 * struct zxp_world - a daemon and its clients
 * @mm: whose user memory is used
 * @pager: the pager, of its present generation; NULL when it is closed
 * @keeper: that of the open(), if there were generations
 * @former: of the generation before, or the keeper's
 * @file: VMOs and ports, as long as they are open
 * @fd: their descriptors
 * @map: mappings; 0 is none
 * @map_size: their lengths in bytes
 * @user: address of user memory; it ends at a page that cannot be touched
 * @clients: how many there were
 */
struct zxp_world {
	struct mm_struct *mm;
	struct file *pager;
	struct file *keeper;
	struct file *former;
	struct file *file[ZXP_WORLD_FILES];
	int fd[ZXP_WORLD_FILES];
	unsigned long map[ZXP_WORLD_MAPS];
	unsigned long map_size[ZXP_WORLD_MAPS];
	unsigned long user;
	unsigned int clients;
};

/* What a client does. */
enum zxp_kunit_access { LOAD, STORE, PREAD, PWRITE, FSYNC, TRUNCATE, ZERO, COMMIT };

/**
 * struct zxp_client - a thread that makes one access
 * @world: where
 * @nr: its number, from 1
 * @access: what it does
 * @vmo: to which VMO, for all but LOAD and STORE, which use the mapping of that number
 * @page: where; the new size for TRUNCATE
 * @byte: what it stores, or what it has found
 * @task: the thread; its result is 0, or a negative errno
 */
struct zxp_client {
	struct zxp_world *world;
	unsigned int nr;
	enum zxp_kunit_access access;
	unsigned int vmo;
	pgoff_t page;
	u8 byte;
	struct zxp_task *task;
};

int zxp_world_suite_init(struct kunit_suite *suite);
void zxp_world_suite_exit(struct kunit_suite *suite);
int zxp_world_init(struct kunit *test);
void zxp_world_exit(struct kunit *test);

long zxp_world_ioctl(struct zxp_world *w, unsigned int thread, struct file *file,
		     unsigned int cmd, void *args, size_t size);
int zxp_world_create_port(struct zxp_world *w, unsigned int nr);
int zxp_world_create(struct zxp_world *w, unsigned int nr, u32 options,
		     u32 flags, int port, pgoff_t pages);
void zxp_world_close(struct zxp_world *w, unsigned int nr);
int zxp_world_open_pager(struct zxp_world *w);
void zxp_world_close_pager(struct zxp_world *w);
int zxp_world_begin_generation(struct zxp_world *w);
int zxp_world_create_copy(struct zxp_world *w, unsigned int nr, unsigned int of,
			  pgoff_t pages);
int zxp_world_map(struct zxp_world *w, unsigned int map, unsigned int vmo,
		  pgoff_t pages);
void zxp_world_unmap(struct zxp_world *w, unsigned int map);
unsigned long zxp_world_data(struct zxp_world *w);
unsigned long zxp_world_end(struct zxp_world *w);

int zxp_world_supply(struct zxp_world *w, unsigned int vmo, pgoff_t start,
		     pgoff_t pages, u8 byte);
int zxp_world_op(struct zxp_world *w, unsigned int vmo, u32 op, pgoff_t start,
		 pgoff_t pages, u64 data);
int zxp_world_detach(struct zxp_world *w, unsigned int vmo);
int zxp_world_vmo_op(struct zxp_world *w, unsigned int vmo, u32 op, pgoff_t start,
		     pgoff_t pages);
int zxp_world_query_from(struct zxp_world *w, unsigned int vmo, u32 flags,
			 pgoff_t start, pgoff_t pages,
			 struct zxp_dirty_range *ranges, unsigned int nr);
int zxp_world_query(struct zxp_world *w, unsigned int vmo, pgoff_t pages,
		    struct zxp_dirty_range *ranges, unsigned int nr);
int zxp_world_info(struct zxp_world *w, unsigned int vmo, struct zxp_vmo_info *info);
bool zxp_world_next_is(struct kunit *test, struct file *file, u16 command,
		       pgoff_t start, pgoff_t end);
bool zxp_world_silent(struct file *file);
bool zxp_world_waiting(struct zxp_world *w, unsigned int vmo, u64 waiting);

/* client.c */
struct zxp_client *zxp_client_start(struct kunit *test, enum zxp_kunit_access access,
				    unsigned int vmo, pgoff_t page, u8 byte);
long zxp_client_end(struct kunit *test, struct zxp_client *client);
long zxp_client_do(struct kunit *test, enum zxp_kunit_access access, unsigned int vmo,
		   pgoff_t page, u8 *byte);

static inline struct zxp_vmo *zxp_world_vmo(struct zxp_world *w, unsigned int nr)
{
	return zxp_vmo_of(file_inode(w->file[nr]));
}

static inline bool zxp_pager_next_is(struct kunit *test, u16 command,
				     pgoff_t start, pgoff_t end)
{
	struct zxp_world *w = test->priv;

	return zxp_world_next_is(test, w->pager, command, start, end);
}

#endif /* _ZXPAGER_KUNIT_WORLD_H */
