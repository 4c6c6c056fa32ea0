/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

char *host_suspend_objection(HostlerHost *host);
gboolean host_suspend(HostlerHost *host, guint seconds, GError **error);
