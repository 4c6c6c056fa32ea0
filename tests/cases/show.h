/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* As messages of the test: "-" is expected only, "+" is there only. */
void show_differences(const char *expected, const char *actual);
