/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_KEEPER_H
#define ZXD_KEEPER_H

/* Has workers serve what the command line says, to the end. */
__attribute__((noreturn)) void keeper_run(void);

#endif /* ZXD_KEEPER_H */
