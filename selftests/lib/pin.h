/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pin: the kernel has looked up pages of a mapping, and keeps them.
 *
 * process_vm_writev() and process_vm_readv() pin the pages of the other side before
 * they copy. When our side of the copy is a page of a VMO that is missing, they wait
 * for it, with the pins held, for as long as the test likes.
 */
#ifndef ZXP_SELFTESTS_PIN_H
#define ZXP_SELFTESTS_PIN_H

#include "thread.h"

/*
 * A holder who reads has this much in registers, in bytes, when the store that waits
 * is made: it shows the page as it was then, what follows as it is at the release.
 */
#define PIN_IN_REGISTERS	64

struct pin {
	struct test_thread t;
	struct test_vmo *vmo;
	struct test_vmo *buffer;	/* what is copied from or to */
	char *map;			/* shows @vmo from its page 0 on */
	uint64_t page;
	uint64_t nr;			/* at most 16, which are pinned together */
	bool write;
};

/* Begin to pin pages that @vmo->map shows; this may ask for them first. */
bool pin_start(struct pin *pin, struct test_vmo *vmo, uint64_t page, uint64_t nr,
	       bool write);
/* The pins are held now. */
bool pin_held(struct pin *pin);
/*
 * Let it copy and let them go. What was pinned for writing then has the content of
 * the first pages of @buffer.
 */
bool pin_release(struct pin *pin);
/* Nothing could be pinned. */
bool pin_failed(struct pin *pin);

#endif /* ZXP_SELFTESTS_PIN_H */
