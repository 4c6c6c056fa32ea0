/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* /run/hostler and the folders in it, with the owners and modes that let the
 * helpers read what they must and write nowhere else. */
gboolean hostler_folders_make(HostlerHost *host, GError **error);

/* Gives an open file to root:hostler with `mode`, whatever the umask was.
 * Without the group (or without root, in tests) the mode alone is set. */
void hostler_folders_give(int fd, guint mode);
