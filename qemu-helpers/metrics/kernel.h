/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "sample.h"

/* What the kernel tells of one QEMU, without asking QEMU or libvirt. Nothing here
 * can block: the files are kept open, and those of /proc never wait for the
 * process. `root` goes before all paths, for tests. */
typedef struct _Kernel Kernel;

/* `cgroup`: the VM's own, "/machine.slice/…"; NULL: it has none. */
Kernel *kernel_new(const char *root, const HostlerProcess *qemu, const char *cgroup);
void kernel_free(Kernel *kernel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kernel, kernel_free)

/* Nanoseconds of CPU that QEMU, all its threads and the guest's CPUs have used, to
 * the nanosecond; 0: unknown. While it stands still nothing of the VM has run, and
 * no request of a disk has begun or come back. */
guint64 kernel_cpu_time(const Kernel *kernel);

/* Fills in what is known of CPU, memory and, where it has a cgroup, of what its
 * disks cost the host's. */
void kernel_read(const Kernel *kernel, Sample *sample);

/* Somebody holds QEMU (SIGSTOP, a debugger): it will not answer. */
gboolean kernel_qemu_is_stopped(const Kernel *kernel);

/* Whether a process is still the one that it was. */
gboolean kernel_lives(const char *root, const HostlerProcess *process);
