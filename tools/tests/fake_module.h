/* SPDX-License-Identifier: MIT */
/*
 * What libzx asks the module for, without a module: a program that is linked with
 * --wrap=open and --wrap=ioctl has pagers, ports and VMOs that are files in memory and
 * sockets.  Pages are none of them; what a VMO is written is who it is, see below.
 */
#ifndef TESTS_FAKE_MODULE_H
#define TESTS_FAKE_MODULE_H

#include <stdbool.h>
#include <stdint.h>

/* Writes of 8 bytes to a VMO that were not its inode number. */
extern _Atomic unsigned int fake_wrong;

/* A read of a VMO, if set, after it has found the descriptor. */
extern void (*_Atomic fake_read)(int fd);

/* How often it was asked what a descriptor is. */
extern _Atomic unsigned int fake_asked;

/* The inode number of a descriptor: who it is. */
uint64_t fake_identity(int fd);

#endif /* TESTS_FAKE_MODULE_H */
