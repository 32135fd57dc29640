"""measure.py NAME RUNS COMMAND…: output to NAME.out, errors to NAME.err; into NAME the median of wall and processor
seconds, and of one more run the most memory of all its processes together (PSS, looked at every few milliseconds, which
would cost those that are timed; at least what the largest one had), in KiB."""
import os
import resource
import statistics
import subprocess
import sys
import time


def memory(pid):
    total = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            total = sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = f.read().split()
    except OSError:
        return total
    return total + sum(memory(c) for c in children)


def once(name, command, watch):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, most = time.monotonic(), 0
    with open(name + ".out", "wb") as out, open(name + ".err", "wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        while watch and not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            most = max(most, memory(process.pid))
            time.sleep(0.004)
        code = process.wait()
        wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, most, code


def main():
    name, runs, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    every = [once(name, command, False) for _ in range(runs)]
    watched = once(name, command, True)
    most = max(watched[2], resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    with open(name, "w", encoding="ascii") as f:
        f.write(f"{statistics.median(r[0] for r in every):.4f} {statistics.median(r[1] for r in every):.4f} {most}\n")
    return 0 if all(r[3] in (0, 1) for r in [*every, watched]) else 1


if __name__ == "__main__":
    sys.exit(main())
