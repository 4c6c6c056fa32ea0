/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/plugin.h"

/* The slot `look`: is the device alive? */
void reset_look(HostlerHost *host, const char *bdf, GKeyFile *answer);
/* The slot `check`: what is known before the device is touched. */
void reset_check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings);
/* The slot `check_host`: which files of quirks are not used. */
void reset_check_host(HostlerHost *host, HostlerFindings *findings);
