/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/event.h"
#include "hostler/host.h"

/* A HostlerHost whose nf_tables are this kernel's, in a namespace that nobody else
 * sees; records, leases and libvirt's notes lie in a temporary folder, and libvirtd
 * and QEMU are entries of a table. Where fakehost plays the kernel, this is it. One
 * at a time in a program. */

HostlerHost *realhost_new(void);
/* Before every path of the system's. */
const char *realhost_root(void);
/* Writes `text` there; "" for a file that is not to be. */
void realhost_write(const char *path, const char *text);

/* A network that libvirt runs. */
void realhost_set_network(const char *name, const char *xml);
/* "192.0.2.1/32", of this host. */
void realhost_add_address(const char *address);
/* A QEMU of that name, another one each time, until it ends. */
void realhost_qemu_begin(const char *name);
void realhost_qemu_end(const char *name);
/* A libvirtd in the place of the last. */
void realhost_libvirtd_restart(HostlerHost *host);

/* One call of the qemu hook, which sees no leases. FALSE: refused. */
gboolean realhost_call(HostlerHost *host, const char *name, HostlerOperation operation, const char *xml, GError **error);
/* The same in a process that is killed as it comes to the door-th of its doors to
 * nf_tables; a commit has one on each side. FALSE: it came to its end before. */
gboolean realhost_call_killed(HostlerHost *host, const char *name, HostlerOperation operation, const char *xml, guint door);
/* What hostler-watch does. */
void realhost_settle(HostlerHost *host);
/* As many commits to come find the ruleset changed under them (`is_stale`), or fail. */
void realhost_fail_commits(guint n, gboolean is_stale);

/* Runs nft; what it prints, or NULL when it fails. */
char *realhost_nft(const char *const *arguments);
/* The same with a file of commands. */
gboolean realhost_nft_commands(const char *text);

typedef struct {
	gint64 all, dump, commit; /* microseconds */
	gint64 cpu;               /* of this process, the kernel's work for it included */
} RealhostTimes;

/* Of the last call or settling: all of it, and what of it the kernel took. */
RealhostTimes realhost_times(void);
/* Microseconds of CPU that this process has had. */
gint64 realhost_cpu(void);
