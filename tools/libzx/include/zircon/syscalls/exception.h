/* SPDX-License-Identifier: MIT */
/*
 * What Zircon tells of an exception.  Linux raises a signal instead; of one that is because of a
 * page zx_linux_fault_status() tells what would be in @synth_code.
 */
#ifndef ZIRCON_SYSCALLS_EXCEPTION_H_
#define ZIRCON_SYSCALLS_EXCEPTION_H_

#include <zircon/compiler.h>
#include <zircon/types.h>

/* Which one it is. */
typedef uint32_t zx_excp_type_t;

#define ZX_EXCP_SYNTH			((zx_excp_type_t)0x8000)
#define ZX_EXCP_IS_ARCH(excp)		(((excp) & ZX_EXCP_SYNTH) == 0)

#define ZX_EXCP_GENERAL			((zx_excp_type_t)0x008)
#define ZX_EXCP_FATAL_PAGE_FAULT	((zx_excp_type_t)0x108)
#define ZX_EXCP_UNDEFINED_INSTRUCTION	((zx_excp_type_t)0x208)
#define ZX_EXCP_SW_BREAKPOINT		((zx_excp_type_t)0x308)
#define ZX_EXCP_HW_BREAKPOINT		((zx_excp_type_t)0x408)
#define ZX_EXCP_UNALIGNED_ACCESS	((zx_excp_type_t)0x508)

#define ZX_EXCP_THREAD_STARTING		((zx_excp_type_t)0x008 | ZX_EXCP_SYNTH)
#define ZX_EXCP_THREAD_EXITING		((zx_excp_type_t)0x108 | ZX_EXCP_SYNTH)
#define ZX_EXCP_POLICY_ERROR		((zx_excp_type_t)0x208 | ZX_EXCP_SYNTH)
#define ZX_EXCP_PROCESS_STARTING	((zx_excp_type_t)0x308 | ZX_EXCP_SYNTH)
#define ZX_EXCP_USER			((zx_excp_type_t)0x309 | ZX_EXCP_SYNTH)

/* zx_exception_context_t.synth_code of a ZX_EXCP_USER */
#define ZX_EXCP_USER_CODE_PROCESS_NAME_CHANGED ((uint32_t)0x0001)
#define ZX_EXCP_USER_CODE_USER0		((uint32_t)0xf000)
#define ZX_EXCP_USER_CODE_USER1		((uint32_t)0xf001)
#define ZX_EXCP_USER_CODE_USER2		((uint32_t)0xf002)

/* The same of a ZX_EXCP_POLICY_ERROR */
#define ZX_EXCP_POLICY_CODE_BAD_HANDLE			((uint32_t)0)
#define ZX_EXCP_POLICY_CODE_WRONG_OBJECT		((uint32_t)1)
#define ZX_EXCP_POLICY_CODE_VMAR_WX			((uint32_t)2)
#define ZX_EXCP_POLICY_CODE_NEW_ANY			((uint32_t)3)
#define ZX_EXCP_POLICY_CODE_NEW_VMO			((uint32_t)4)
#define ZX_EXCP_POLICY_CODE_NEW_CHANNEL			((uint32_t)5)
#define ZX_EXCP_POLICY_CODE_NEW_EVENT			((uint32_t)6)
#define ZX_EXCP_POLICY_CODE_NEW_EVENTPAIR		((uint32_t)7)
#define ZX_EXCP_POLICY_CODE_NEW_PORT			((uint32_t)8)
#define ZX_EXCP_POLICY_CODE_NEW_SOCKET			((uint32_t)9)
#define ZX_EXCP_POLICY_CODE_NEW_FIFO			((uint32_t)10)
#define ZX_EXCP_POLICY_CODE_NEW_TIMER			((uint32_t)11)
#define ZX_EXCP_POLICY_CODE_NEW_PROCESS			((uint32_t)12)
#define ZX_EXCP_POLICY_CODE_NEW_PROFILE			((uint32_t)13)
#define ZX_EXCP_POLICY_CODE_NEW_PAGER			((uint32_t)14)
#define ZX_EXCP_POLICY_CODE_AMBIENT_MARK_VMO_EXEC	((uint32_t)15)
#define ZX_EXCP_POLICY_CODE_CHANNEL_FULL_WRITE		((uint32_t)16)
#define ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_PACKETS	((uint32_t)17)
#define ZX_EXCP_POLICY_CODE_BAD_SYSCALL			((uint32_t)18)
#define ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_OBSERVERS	((uint32_t)19)
#define ZX_EXCP_POLICY_CODE_HANDLE_LEAK			((uint32_t)20)
#define ZX_EXCP_POLICY_CODE_NEW_IOB			((uint32_t)21)
#define ZX_EXCP_POLICY_CODE_NEW_SAMPLER			((uint32_t)22)

typedef struct zx_x86_64_exc_data {
	uint64_t vector;
	uint64_t err_code;
	uint64_t cr2;
} zx_x86_64_exc_data_t;

typedef struct zx_arm64_exc_data {
	uint32_t esr;
	uint8_t padding1[4];
	uint64_t far;
	uint8_t padding2[8];
} zx_arm64_exc_data_t;

typedef struct zx_riscv64_exc_data {
	uint64_t cause;
	uint64_t tval;
	uint8_t padding1[8];
} zx_riscv64_exc_data_t;

/* @synth_code of a ZX_EXCP_FATAL_PAGE_FAULT is a zx_status_t. */
typedef struct zx_exception_context {
	struct {
		union {
			zx_x86_64_exc_data_t x86_64;
			zx_arm64_exc_data_t arm_64;
			zx_riscv64_exc_data_t riscv_64;
		} u;
	} arch;
	uint32_t synth_code;
	uint32_t synth_data;
} zx_exception_context_t;

/* @size: of all of the report */
typedef struct zx_exception_header {
	uint32_t size;
	zx_excp_type_t type;
} zx_exception_header_t;

typedef struct zx_exception_report {
	zx_exception_header_t header;
	zx_exception_context_t context;
} zx_exception_report_t;

/* Whose it is. */
typedef struct zx_exception_info {
	zx_koid_t pid;
	zx_koid_t tid;
	zx_excp_type_t type;
	uint8_t padding1[4];
} zx_exception_info_t;

/* zx_task_create_exception_channel() */
#define ZX_EXCEPTION_CHANNEL_DEBUGGER	((uint32_t)1)

/* zx_thread_raise_exception() */
#define ZX_EXCEPTION_TARGET_JOB_DEBUGGER ((uint32_t)1)

/* Who may have to answer. */
#define ZX_EXCEPTION_CHANNEL_TYPE_NONE		((uint32_t)0)
#define ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER	((uint32_t)1)
#define ZX_EXCEPTION_CHANNEL_TYPE_THREAD	((uint32_t)2)
#define ZX_EXCEPTION_CHANNEL_TYPE_PROCESS	((uint32_t)3)
#define ZX_EXCEPTION_CHANNEL_TYPE_JOB		((uint32_t)4)
#define ZX_EXCEPTION_CHANNEL_TYPE_JOB_DEBUGGER	((uint32_t)5)

/* Values of properties of an exception, which is no object here. */
#define ZX_EXCEPTION_STATE_TRY_NEXT		((uint32_t)0)
#define ZX_EXCEPTION_STATE_HANDLED		((uint32_t)1)
#define ZX_EXCEPTION_STATE_THREAD_EXIT		((uint32_t)2)
#define ZX_EXCEPTION_STRATEGY_FIRST_CHANCE	((uint32_t)0)
#define ZX_EXCEPTION_STRATEGY_SECOND_CHANCE	((uint32_t)1)

#endif /* ZIRCON_SYSCALLS_EXCEPTION_H_ */
