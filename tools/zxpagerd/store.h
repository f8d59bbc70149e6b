/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_STORE_H
#define ZXD_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct held;
struct keep_message;

/*
 * The descriptor store of a service manager, as of systemd: it has what the keeper holds, and gives
 * that to the next keeper.
 */

/*
 * Looks whether there is one.  If a keeper before has left there what serves the same, all of it
 * is held from now on, and the pager's descriptor returned; else -1.
 */
int store_open(struct held *held);

/* Stores the pager's descriptor, without which nothing is of use; later what is held. */
void store_pager(int pager_fd);
void store_put(struct held *held, const struct keep_message *message, int fd);

/* Takes out a copy that is held by that name; or the socket of the clients. */
void store_drop_copy(struct held *held, const char *name, uint64_t now_ms);
void store_drop_socket(void);

/* Takes out all: nobody is to come after this keeper. */
void store_clear(struct held *held, uint64_t now_ms);

/* The manager has it, and a keeper may come after this one. */
bool store_is_on(void);

/*
 * What was taken out may not be closed there yet: until then it waits for a
 * descriptor to be ready to be read.
 * Not for ever: when it may be over, or UINT64_MAX.
 */
bool store_waits(uint64_t now_ms);
int store_poll(void);
uint64_t store_wants_a_turn(void);

#endif /* ZXD_STORE_H */
