// SPDX-License-Identifier: GPL-2.0
/*
 * A VMO as the memory of a virtual machine. The faults of KVM are faults from inside the
 * kernel that a signal may end all the same; and with an interrupt controller a thread
 * of the kernel takes them, which outlives the process that they are for. KVM first
 * tries not to wait, so there is a hint, which stays when nobody waits any more.
 */
#define _GNU_SOURCE
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/victim.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		16
/* mov 0x5000, %al; mov %al, 0x6000; hlt: it needs the stack for nothing, and pages 5 and 6. */
#define CODE_PAGE	1
#define DATA_PAGE	5
#define STORE_PAGE	6
#define TSS_ADDRESS	0xfffbd000

static const uint8_t code[] = { 0xa0, 0x00, 0x50, 0xa2, 0x00, 0x60, 0xf4 };

FIXTURE(vcpu)
{
	struct user_pager p;
	struct test_vmo *vmo;		/* the memory */
	struct test_vmo *root;
	struct victim *v;
	bool skipped;
};

FIXTURE_VARIANT(vcpu)
{
	enum vmo_kind kind;
};

FIXTURE_VARIANT_ADD(vcpu, Vmo) { .kind = KIND_VMO };
FIXTURE_VARIANT_ADD(vcpu, Copy) { .kind = KIND_COPY };
FIXTURE_VARIANT_ADD(vcpu, Slice) { .kind = KIND_SLICE };
FIXTURE_VARIANT_ADD(vcpu, Snapshot) { .kind = KIND_SNAPSHOT };

/*
 * It may be a module that nobody has asked for yet. Of the two one fails. KVM changes the
 * code of the scheduler, which QEMU's emulation of several processors does not stand: a
 * breakpoint is hit that is gone already. So in such a guest it is not asked for.
 */
static bool has_kvm(void)
{
	if (!access("/dev/kvm", R_OK | W_OK))
		return true;
	return sysconf(_SC_NPROCESSORS_ONLN) == 1 &&
	       system("modprobe -qa kvm_amd kvm_intel") >= 0 &&
	       !access("/dev/kvm", R_OK | W_OK);
}

FIXTURE_SETUP(vcpu)
{
	char *page = map_anon(1);

	self->skipped = true;
	self->v = NULL;
	if (!has_kvm())
		SKIP(return, "no /dev/kvm here");
	self->skipped = false;
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	ASSERT_NE(NULL, self->vmo);
	self->root = self->vmo->root;
	for (int i = 0; i < PAGES; i++) {
		memset(page, 0, page_size);
		if (i == CODE_PAGE)
			memcpy(page, code, sizeof(code));
		if (i != DATA_PAGE)
			test_zxp(supply_pages, self->p.fd, self->root->fd, BYTES(i),
				 page_size, page);
	}
}

FIXTURE_TEARDOWN(vcpu)
{
	if (self->skipped)
		return;
	user_pager_fini(&self->p);
	if (self->v)
		kill(self->v->pid, SIGKILL);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A processor in real mode, that begins with the code. Negative if there is none. */
static int make_vcpu(struct test_vmo *vmo, bool irqchip, struct kvm_run **run)
{
	struct kvm_userspace_memory_region memory = {
		.memory_size = BYTES(PAGES),
		.userspace_addr = (uintptr_t)vmo->map,
	};
	struct kvm_regs regs = {
		.rip = BYTES(CODE_PAGE), .rflags = 0x202, .rsp = BYTES(CODE_PAGE),
	};
	struct kvm_sregs sregs;
	int kvm, vm, vcpu, size;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	ioctl(vm, KVM_SET_TSS_ADDR, TSS_ADDRESS);
	if (vm < 0 || (irqchip && ioctl(vm, KVM_CREATE_IRQCHIP, 0)) ||
	    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &memory))
		return -1;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (vcpu < 0 || size <= 0)
		return -1;
	*run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (*run == MAP_FAILED || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_SET_REGS, &regs))
		return -1;
	return vcpu;
}

struct machine {
	bool irqchip;
};

/* Run whenever it may, and tell how that ended. */
static int run_vcpu(struct victim *v)
{
	const struct machine *machine = v->arg;
	struct sigaction sa = { .sa_handler = on_signal };
	struct kvm_run *run;
	int vcpu;

	sigaction(SIGUSR1, &sa, NULL);
	vcpu = make_vcpu(v->vmo, machine->irqchip, &run);
	if (vcpu < 0)
		return 1;
	for (int i = 1;; i++) {
		victim_stop_at(v, i);
		v->ret = ioctl(vcpu, KVM_RUN, 0);
		v->error = v->ret ? errno : 0;
		v->value = run->exit_reason;
	}
}

#define start(machine) do {						\
	self->v = victim_start(run_vcpu, self->vmo, machine);		\
	ASSERT_NE(NULL, self->v);					\
	ASSERT_TRUE(victim_at(self->v, 1));				\
	victim_pass(self->v, 1);					\
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, DATA_PAGE, 1));	\
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));			\
} while (0)

static const struct machine bare, with_irqchip = { .irqchip = true };

/* Who runs it gets back to his own business. */
TEST_F(vcpu, signal)
{
	if (!kernel_is_since(6, 2))
		SKIP(return, "before 6.2 KVM does not let a signal end its faults");
	start(&bare);
	ASSERT_EQ(0, kill(self->v->pid, SIGUSR1));
	ASSERT_TRUE(victim_at(self->v, 2));
	EXPECT_EQ(-1, self->v->ret);
	EXPECT_EQ(EINTR, self->v->error);
	EXPECT_EQ(0, vmo_info(self->root).out_waiting);
	/* And goes on with it later. */
	victim_pass(self->v, 2);
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->root, DATA_PAGE, 1));
	ASSERT_TRUE(victim_at(self->v, 3));
	EXPECT_EQ(0, self->v->ret);
	EXPECT_EQ(KVM_EXIT_HLT, self->v->value);
	ASSERT_TRUE(victim_kill(self->v));
	self->v = NULL;
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(1, vmo_info(self->root).out_read_packets);
}

/* What the machine stores is where it is seen by whoever else maps its memory. */
TEST_F(vcpu, stores)
{
	char *stored = page_at(self->vmo, STORE_PAGE), *page = map_anon(1);

	/* It has the page to read from first, and is told when that is another one. */
	EXPECT_EQ(0, *(volatile char *)stored);
	start(&bare);
	memset(page, 0x7e, page_size);
	test_zxp(supply_pages, self->p.fd, self->root->fd, BYTES(DATA_PAGE), page_size, page);
	ASSERT_TRUE(victim_at(self->v, 2));
	EXPECT_EQ(0, self->v->ret);
	EXPECT_EQ(KVM_EXIT_HLT, self->v->value);
	ASSERT_TRUE(victim_kill(self->v));
	self->v = NULL;
	EXPECT_EQ(0x7e, *(volatile char *)stored);
	if (kind_is_copy(variant->kind)) {
		EXPECT_TRUE(is_clean(self->root));
		EXPECT_EQ(0, *page_at(self->root, STORE_PAGE));
		EXPECT_EQ(1, child_own_pages(self->vmo));
	} else {
		EXPECT_TRUE(is_dirty(self->root, DATA(STORE_PAGE, 1)));
	}
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(vcpu, killed)
{
	start(&bare);
	ASSERT_TRUE(victim_kill(self->v));
	self->v = NULL;
	EXPECT_EQ(0, vmo_info(self->root).out_waiting);
}

/* It is the thread of the kernel that waits, and nobody can send that a signal. */
TEST_F(vcpu, killed_while_the_kernel_waits_for_it)
{
	start(&with_irqchip);
	ASSERT_TRUE(victim_kill(self->v));
	self->v = NULL;
	ASSERT_TRUE(vmo_wait_blocked(self->root, 0));
}

TEST_HARNESS_MAIN
