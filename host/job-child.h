/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* What a child sends back over its socket: this head, then the error's message,
 * then the answer as the text of a key file. */
typedef struct {
	guint32 state;          /* HostlerJobState */
	guint32 code;           /* HostlerErrorCode; of no meaning when done */
	guint32 message_length; /* bytes */
	guint32 answer_length;  /* bytes */
} JobReply;

#define JOB_REPLY_MAX (1024 * 1024) /* bytes, of message and answer each */

/* The life of a job's child, from the fork to its end. `channel` is its end of
 * a stream socket; the parent answers the reply with one byte. A child that
 * gets none has come back late and has its work settled by another program. */
void job_child_run(HostlerHost *host, HostlerJob *job, HostlerJobFunc func, int channel) G_GNUC_NORETURN;

/* Asked by every door that changes a device, before it does. Whoever began the job
 * holds the device's lock as long as it waits, so that nobody else decides on the
 * device. FALSE with an error: nobody waits any more; what the job was begun for may
 * be over, and the rest is for settling. TRUE outside of a job. */
gboolean job_child_may_act(HostlerHost *host, GError **error);
