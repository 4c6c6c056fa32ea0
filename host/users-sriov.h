/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Adds "has 4 virtual functions enabled (sriov_numvfs)" to the users of a
 * physical function that has some; FALSE when that cannot be told. Only from
 * within a job: the kernel takes the device's lock to read this. */
gboolean users_add_sriov(HostlerHost *host, const char *bdf, GStrvBuilder *users, GError **error);
