/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's harness, with more time for a test: on a kernel with KASAN and
 * lockdep, in a guest without KVM, all takes twenty times as long as it should.
 */
#ifndef ZXP_KSELFTEST_HARNESS_H
#define ZXP_KSELFTEST_HARNESS_H

#include_next <kselftest_harness.h>

/* Seconds */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240

#endif
