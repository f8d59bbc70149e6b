/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_THREAD_H
#define ZXD_THREAD_H

/* A thread that nobody waits for, with a small stack, and without signals; 0 or an errno. */
int thread_start(void *(*run)(void *arg), void *arg);

#endif /* ZXD_THREAD_H */
