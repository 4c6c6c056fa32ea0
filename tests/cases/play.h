/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "case.h"
#include "hostler/host.h"

/* Plays a case on a host and writes down what came of it. */

typedef struct {
	const Case *test_case;
	HostlerHost *host;
	GString *told;
	gboolean killed; /* our own run was, by a fault */
} Play;

Play *play_open(const Case *test_case);
void play_free(Play *play);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Play, play_free)

/* One line of "--- do". */
void play_operation(Play *play, const char *operation);
void play_all(Play *play);
/* All of them up to the one that is killed. */
void play_until_killed(Play *play);
/* What is left of it: devices that are not as found, records. */
char *play_left(Play *play);
