import { readFileSync, readlinkSync } from 'node:fs';

/** A process, told apart from a later one with the same number by its start time, and from one elsewhere by its boot and pid namespace. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot; empty where the system has no /proc. */
  readonly startTime: string;
  /** Boot and pid namespace in which `pid` means something. */
  readonly space: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', space: ownSpace() };
}

/** `unknown`: the process belongs to another machine, boot or container, whose processes cannot be seen from here. */
export function stateOf(identity: ProcessIdentity): 'running' | 'gone' | 'unknown' {
  if (identity.space !== ownSpace()) return 'unknown';
  if (identity.startTime !== '') return startTimeOf(identity.pid) === identity.startTime ? 'running' : 'gone';
  try {
    process.kill(identity.pid, 0); // signal 0 only asks
    return 'running';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'running' : 'gone';
  }
}

/** Field 22 of /proc/<pid>/stat; undefined when there is no such process, or only its unreaped remains. */
function startTimeOf(pid: number): string | undefined {
  const stat = readText(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field, the name, is in brackets and may hold spaces and brackets itself.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : rest[18];
}

function ownSpace(): string {
  const boot = readText(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  return `${boot}/${readText(() => readlinkSync('/proc/self/ns/pid'))}`;
}

function readText(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // no such process, or no /proc
  }
}
