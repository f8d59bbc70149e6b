/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_KEEPER_H
#define ZXD_KEEPER_H

/* Has workers serve what the command line says; tells the exit status. */
int keeper_run(int argc, char **argv);

#endif /* ZXD_KEEPER_H */
