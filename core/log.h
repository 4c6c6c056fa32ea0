/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/log.h"

/* For tests: another journal than /run/systemd/journal/socket. A static string. */
void hostler_log_use_journal(const char *socket);
