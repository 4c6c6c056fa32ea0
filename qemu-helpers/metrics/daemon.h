/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Where libvirt is to be asked now: the URI of the daemon that lives, by the lock
 * that it holds on its pid file. NULL: none does. To connect to one that was stopped
 * on purpose would have systemd start it by its socket. `run` is "/run". */
const char *daemon_find(const char *run);
