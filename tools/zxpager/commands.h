/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXPAGER_COMMANDS_H
#define ZXPAGER_COMMANDS_H

struct zxd_reply;

/* A descriptor of the VMO or copy called @name; without one the program ends. */
int open_vmo(const char *name, struct zxd_reply *reply);

/* Commands, with their arguments. */
void cmd_clone(char **argv);
void cmd_snapshot(char **argv);
void cmd_drop(char **argv);
void cmd_diff(char **argv);
void cmd_save(char **argv);

#endif /* ZXPAGER_COMMANDS_H */
