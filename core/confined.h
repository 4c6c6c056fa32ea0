/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* Where the machine said "permission denied" to root, a security module mostly did. When
 * one confines this process, `error` says so at its end, and what tells more. */
void hostler_confined_explain(HostlerHost *host, GError **error);
