/* What must not stand on a command line, where every process can read it. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

static bool read_line(char *out, size_t room)
{
    if (!fgets(out, (int)room, stdin))
        return false;
    char *end = strpbrk(out, "\r\n");
    if (!end && strlen(out) + 1 == room)
        return false; /* longer than anybody's */
    if (end)
        *end = 0;
    return true;
}

static bool ask(const char *key, char *out, size_t room)
{
    struct termios was, quiet;
    fprintf(stderr, "%s: ", hn_text_find(cli.lang, key));
    if (tcgetattr(STDIN_FILENO, &was) != 0)
        return false;
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    bool ok = read_line(out, room);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    fputc('\n', stderr);
    return ok;
}

bool cli_secret(char *out, size_t room)
{
    char again[1024];
    if (!isatty(STDIN_FILENO))
        return read_line(out, room);
    bool ok = room <= sizeof again && ask("cli.ask.password", out, room) && ask("cli.ask.again", again, room) &&
              strcmp(out, again) == 0;
    explicit_bzero(again, sizeof again);
    return ok;
}
