/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_FAKE_PORT_H
#define TESTS_FAKE_PORT_H

/* Before the crew is started. */
void fake_port_open(void);

/* One of those who wait for packets calls the function, if there is one, as if for those. */
void fake_port_wake(void);
extern void (*fake_port_woken)(void);

/* So often somebody has settled what he did. */
extern unsigned int fake_port_settled;

#endif /* TESTS_FAKE_PORT_H */
