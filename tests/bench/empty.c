/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every program costs. */
int main(void)
{
	return 0;
}
