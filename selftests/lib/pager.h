/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pager, its port and its VMOs, all in page units.
 *
 * 64-bit word i of a VMO has the value key + i, and keys are chosen so that no two
 * VMOs of a pager have a word in common.
 *
 * Functions that return bool print why they failed; use them in ASSERT_TRUE().
 */
#ifndef ZXP_SELFTESTS_PAGER_H
#define ZXP_SELFTESTS_PAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "util.h"

#define MAX_ASIDE	64
#define MAX_VMOS	512

struct user_pager;

struct test_vmo {
	struct user_pager *pager;
	struct test_vmo *root;	/* whose daemon is asked: itself, if it is no child */
	int fd;
	uint64_t key;
	uint64_t pages;		/* size now, as far as the test knows it */
	char *map;		/* shared, readable and writable */
	uint64_t map_pages;
};

struct user_pager {
	int fd;
	int port;		/* == fd if packets come by the pager's own stream */
	uint64_t next_key;
	struct zxp_packet aside[MAX_ASIDE];	/* read, but not asked for yet */
	unsigned int nr_aside;
	struct test_vmo *vmos[MAX_VMOS];
	unsigned int nr_vmos;
};

/* A pager with a port of its own, as in Zircon. */
bool user_pager_init(struct user_pager *p);
/* A pager whose packets come by its own stream. */
bool user_pager_init_own(struct user_pager *p);
/* Closes whatever is open. */
void user_pager_fini(struct user_pager *p);

/* NULL after a message. */
struct test_vmo *pager_create_vmo(struct user_pager *p, uint64_t pages);
struct test_vmo *pager_create_vmo_options(struct user_pager *p, uint64_t pages,
					  uint32_t options);
/*
 * The general form: @size is in bytes, @flags are ZXP_CREATE_*. An UNBOUNDED one has
 * @size as its stream size, no mapping, and 0 pages as far as the test knows.
 */
struct test_vmo *pager_create_vmo_flags(struct user_pager *p, uint64_t size,
					uint32_t options, uint32_t flags);
/* The VMO of a descriptor, which is taken over, with a mapping of these pages. */
struct test_vmo *pager_adopt_vmo(struct user_pager *p, int fd, uint64_t key,
				 uint64_t pages, int prot);
/*
 * Another place for the VMO's mapping, at which touching a page maps all resident
 * ones: Linux looks at the neighbours in an aligned window of 16 pages only.
 */
bool vmo_map_in_window(struct test_vmo *vmo);
/* Unmap and close; not fatal if done already. */
void vmo_release(struct test_vmo *vmo);

/* ftruncate() in pages; growth also makes a new, larger mapping. */
bool vmo_resize(struct test_vmo *vmo, uint64_t pages);

/* The content that belongs at word @word of the VMO. */
static inline uint64_t vmo_word(const struct test_vmo *vmo, uint64_t word)
{
	return vmo->key + word;
}

void vmo_fill(const struct test_vmo *vmo, uint64_t page, uint64_t nr, void *buf);
/* Compare memory with the VMO's content, or with zeroes. */
bool vmo_matches(const struct test_vmo *vmo, uint64_t page, uint64_t nr, const void *buf);
bool is_zero(const void *buf, uint64_t bytes);

/* Supply the right content, from memory. */
bool pager_supply(struct user_pager *p, struct test_vmo *vmo, uint64_t page, uint64_t nr);
/* Supply the content that belongs at @src_page. */
bool pager_supply_from(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr, uint64_t src_page);
/* Supply out of a new plain VMO, from its page @aux_page on. */
bool pager_supply_aux(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
		      uint64_t nr, uint64_t aux_page);
/* Supply out of a plain VMO that was never written to. */
bool pager_supply_zero(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr);
bool pager_fail(struct user_pager *p, struct test_vmo *vmo, uint64_t page, uint64_t nr,
		int err);
bool pager_detach(struct user_pager *p, struct test_vmo *vmo);
void pager_close(struct user_pager *p);
void port_close(struct user_pager *p);

/*
 * Packets. Those that are read but not the wanted one are put aside, and later
 * calls look there first, so that the order of arrival does not matter unless a
 * test says so.
 */

/*
 * Requests are ZXP_PACKET_READ, _DIRTY or _SYNC. wait: for exactly this packet, all
 * 48 bytes of it. has: the same without waiting and without a message. get: any such
 * packet of this VMO, or false at once if there is none. wait_any: any, and wait.
 */
bool pager_wait_request(struct user_pager *p, struct test_vmo *vmo, uint16_t command,
			uint64_t page, uint64_t nr);
bool pager_has_request(struct user_pager *p, struct test_vmo *vmo, uint16_t command,
		       uint64_t page, uint64_t nr);
bool pager_get_request(struct user_pager *p, struct test_vmo *vmo, uint16_t command,
		       uint64_t *page, uint64_t *nr);
bool pager_wait_any_request(struct user_pager *p, struct test_vmo *vmo,
			    uint16_t command, uint64_t *page, uint64_t *nr);

/* pager_wait_read() and so on */
#define REQUEST_FUNCTIONS(name, command)					\
	static inline bool pager_wait_##name(struct user_pager *p,		\
		struct test_vmo *vmo, uint64_t page, uint64_t nr)		\
	{									\
		return pager_wait_request(p, vmo, command, page, nr);		\
	}									\
	static inline bool pager_has_##name(struct user_pager *p,		\
		struct test_vmo *vmo, uint64_t page, uint64_t nr)		\
	{									\
		return pager_has_request(p, vmo, command, page, nr);		\
	}									\
	static inline bool pager_get_##name(struct user_pager *p,		\
		struct test_vmo *vmo, uint64_t *page, uint64_t *nr)		\
	{									\
		return pager_get_request(p, vmo, command, page, nr);		\
	}									\
	static inline bool pager_wait_any_##name(struct user_pager *p,		\
		struct test_vmo *vmo, uint64_t *page, uint64_t *nr)		\
	{									\
		return pager_wait_any_request(p, vmo, command, page, nr);	\
	}									\
	struct zxp_##name##_needs_semicolon

REQUEST_FUNCTIONS(read, ZXP_PACKET_READ);
REQUEST_FUNCTIONS(dirty, ZXP_PACKET_DIRTY);
REQUEST_FUNCTIONS(sync, ZXP_PACKET_SYNC);

bool pager_wait_complete(struct user_pager *p, uint64_t key);
bool pager_has_complete(struct user_pager *p, uint64_t key);
/* No packet at all: neither put aside nor in the stream. */
bool pager_idle(struct user_pager *p);

/* What ZXP_IOC_VMO_GET_INFO says; zeroes after a message if it fails. */
struct zxp_vmo_info vmo_info(const struct test_vmo *vmo);
/* Wait until exactly @nr tasks wait for the pager on this VMO. */
bool vmo_wait_blocked(struct test_vmo *vmo, uint64_t nr);
/* The last failed access is this one. */
bool vmo_failed(const struct test_vmo *vmo, uint64_t page, int err);

#endif /* ZXP_SELFTESTS_PAGER_H */
