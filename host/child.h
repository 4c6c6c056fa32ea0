/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The first steps of every child of ours: it must hold nothing of the hook's.
 * libvirtd waits for the end of a hook's stdout and stderr, and a lock is held
 * by whoever has its file open, so close-on-exec is not enough where
 * nothing is executed. */

#define CHILD_KEPT_FD 3

/* Session and process group of its own, folder "/", signals as a program finds
 * them, fds 0-2 on /dev/null; everything else closed but `keep`, which becomes
 * CHILD_KEPT_FD (-1: nothing is kept). */
void child_begin(int keep);

/* Becomes `argv`, with a small environment; ends the child if that fails. */
void child_execute(const char *const *argv) G_GNUC_NORETURN;

/* "exited with status 1", "was killed by signal 11 (Segmentation fault)" */
char *child_describe_end(int status);
