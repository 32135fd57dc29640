/* Verbs of the command line. Each gets argv from its own name on and gives the exit code:
 * 0 nothing at or above the threshold, 1 findings, 2 usage, 3 failure. */
#pragma once

int hn_cli_diagnose(int argc, char **argv);
int hn_cli_capture(int argc, char **argv); /* hinomi -x capture: a module's capture records as text */
int hn_cli_kinds(int argc, char **argv);   /* hinomi -x kinds: declared kinds and rules as JSON */
