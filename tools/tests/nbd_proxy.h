/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_NBD_PROXY_H
#define TESTS_NBD_PROXY_H

/* Takes connections at one UNIX socket and leads each to another one. */
void proxy_start(const char *at, const char *to);

/* How many there ever were; they have numbers from 0 on. */
unsigned int proxy_count(void);

/* Ends one, and no other. */
void proxy_cut(unsigned int number);

#endif /* TESTS_NBD_PROXY_H */
