import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';
import { ownIdentity, stateOf } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What is held under the lock takes milliseconds: an owner that cannot be looked at, in another container or before a reboot, is taken for gone after this. */
const UNSEEN_OWNER_MILLIS = 60_000;
/** Tickets kept below the newest: a listing that runs while others take their turn still sees a ticket near the top. */
const KEPT_TICKETS = 16;

/**
 * Runs `work` while no other process, and no other caller in this one, runs work under the same folder.
 *
 * The folder holds numbered tickets; the highest number is the lock. A ticket is full (its owner) while held, and empty once given back.
 * Whoever finds the highest given back, or its owner dead, tries to create the next number: a hard link, which only one can. Nothing is ever
 * taken away from under another, so a dead owner's lock is broken without a race between those who break it.
 * UNAVAILABLE, naming the owner, when the lock is not to be had within `patienceMillis`.
 */
export async function underLock<T>(folder: string, work: () => Promise<T>, patienceMillis = 30_000): Promise<T> {
  const ticket = await takeTicket(folder, patienceMillis);
  try {
    return await work();
  } finally {
    await truncate(join(folder, String(ticket)), 0);
  }
}

async function takeTicket(folder: string, patienceMillis: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  const deadline = Date.now() + patienceMillis;
  const draft = join(folder, `draft-${process.pid}-${randomBytes(6).toString('hex')}`);
  await writeFile(draft, JSON.stringify(ownIdentity()));
  try {
    for (;;) {
      const newest = await newestTicket(folder);
      const holder = newest === 0 ? undefined : await holderOf(join(folder, String(newest)));
      if (holder === undefined && (await tryTicket(folder, draft, newest + 1))) return newest + 1;
      if (holder !== undefined && Date.now() > deadline) throw notToBeHad(folder, holder, patienceMillis);
      if (holder !== undefined) await sleep(1 + Math.random() * 19);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Creates the ticket; false when another has it, or a higher one was drawn meanwhile. */
async function tryTicket(folder: string, draft: string, number: number): Promise<boolean> {
  const path = join(folder, String(number));
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  if ((await newestTicket(folder)) > number) {
    await rm(path, { force: true });
    return false;
  }
  await removeOld(folder, number - KEPT_TICKETS);
  return true;
}

async function ticketsIn(folder: string): Promise<number[]> {
  return (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function newestTicket(folder: string): Promise<number> {
  return Math.max(0, ...(await ticketsIn(folder)));
}

/** Removes given-back tickets below the number, and drafts of processes that died while they waited. */
async function removeOld(folder: string, below: number): Promise<void> {
  for (const number of await ticketsIn(folder)) if (number < below) await rm(join(folder, String(number)), { force: true });
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.startsWith('draft-') && (await ageMillis(path)) > 3_600_000) await rm(path, { force: true });
  }
}

/** The owner that holds the ticket; undefined when it was given back or its owner is gone. */
async function holderOf(path: string): Promise<ProcessIdentity | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // an old ticket, removed since it was listed
    throw error;
  }
  if (text === '') return undefined;
  const owner = JSON.parse(text) as ProcessIdentity;
  const state = stateOf(owner);
  if (state === 'gone') return undefined;
  return state === 'unknown' && (await ageMillis(path)) > UNSEEN_OWNER_MILLIS ? undefined : owner;
}

async function ageMillis(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

function notToBeHad(folder: string, holder: ProcessIdentity, patienceMillis: number): PipelineError {
  return new PipelineError(
    'UNAVAILABLE',
    `Process ${holder.pid} has held the lock ${folder} for more than ${patienceMillis / 1000} s. Look at that process (it may be suspended); when it ends, the lock is free.`,
  );
}
