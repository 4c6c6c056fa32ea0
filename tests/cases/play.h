/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "case.h"
#include "hostler/host.h"

/* Plays a case on a host and writes down what came of it. */

typedef enum {
	PLAY_OK,
	PLAY_REFUSED,
	PLAY_KILLED, /* our own run was, by a fault */
} PlayOutcome;

typedef struct {
	const Case *test_case;
	HostlerHost *host;
	GString *told;
	PlayOutcome outcome; /* of the last call of ours */
	gboolean killed;     /* one of them was */
	gboolean swept;      /* things go wrong in it that the case does not know of */
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
