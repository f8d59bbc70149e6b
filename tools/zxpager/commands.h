/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXPAGER_COMMANDS_H
#define ZXPAGER_COMMANDS_H

struct zxd_reply;

/* A descriptor of the VMO or copy called @name; without one the program ends. */
int open_vmo(const char *name, struct zxd_reply *reply);

/* Says why, and ends, if something keeps anybody from making copies of a VMO. */
void die_if_no_copy(const char *name, int error);

/* Commands, with their arguments. */
void cmd_clone(char **argv);
void cmd_snapshot(char **argv);
void cmd_drop(char **argv);
void cmd_diff(char **argv);
void cmd_save(char **argv);

#endif /* ZXPAGER_COMMANDS_H */
